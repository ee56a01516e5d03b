// rebound measures integrators of REBOUND (github.com/hannorein/rebound, its interface of 2026) on a system that it reads
// from standard input, a body a line: GM in au^3/day^2, position in au, velocity in au/day.
//
//	rebound whfast|whfast512|ias15 YEARS DT
//
// Whfast is in Jacobi coordinates with the corrector of order 17 and does not synchronize between steps of DT days. It
// prints one JSON object.
#include "rebound.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static double seconds(void) {
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + 1e-9 * t.tv_nsec;
}

int main(int argc, char **argv) {
	if (argc != 4) {
		fprintf(stderr, "usage: rebound whfast|whfast512|ias15 YEARS DT < bodies\n");
		return 2;
	}
	double years = atof(argv[2]), dt = atof(argv[3]);
	struct reb_simulation *r = reb_simulation_create();
	double gm, x, y, z, vx, vy, vz, star = 0, speed = 0;
	while (scanf("%lf %lf %lf %lf %lf %lf %lf", &gm, &x, &y, &z, &vx, &vy, &vz) == 7) {
		if (star == 0) { // units in which the first body has GM 1, as whfast512 expects
			star = gm;
			speed = sqrt(gm);
		}
		struct reb_particle p = {0};
		p.m = gm / star;
		p.x = x, p.y = y, p.z = z;
		p.vx = vx / speed, p.vy = vy / speed, p.vz = vz / speed;
		reb_simulation_add(r, p);
	}
	reb_simulation_move_to_com(r);
	r->G = 1;
	r->dt = dt * speed;
	if (!strcmp(argv[1], "whfast")) {
		struct reb_integrator_whfast_state *w = reb_simulation_set_integrator(r, "whfast");
		w->coordinates = REB_INTEGRATOR_WHFAST_COORDINATES_JACOBI;
		w->corrector = 17;
		w->safe_mode = 0;
		r->exact_finish_time = 0;
	} else if (!strcmp(argv[1], "whfast512")) {
		reb_simulation_set_integrator(r, "whfast512");
		r->exact_finish_time = 0;
	} else {
		reb_simulation_set_integrator(r, "ias15");
	}
	double before = reb_simulation_energy(r), begin = seconds();
	if (reb_simulation_integrate(r, 365.25 * years * speed) > 0) {
		return 1;
	}
	reb_simulation_synchronize(r);
	double time = seconds() - begin;
	printf("{\"method\": \"%s\", \"bodies\": %d, \"rate\": %.6g, \"energy\": %.3g}\n", argv[1], (int)r->N, years / time,
	       fabs((reb_simulation_energy(r) - before) / before));
	reb_simulation_free(r);
	return 0;
}
