// Maps of a Wisdom–Holman step for particles without mass, one for each invocation. Twin of Follow in internal/wh.
//
// Conditions do not rely on how the driver compares what is not a number.

#define BITS(high, low) packDouble2x32(uvec2(low, high))
#define SIXTH BITS(0x3fc55555u, 0x55555555u)
#define TWELFTH BITS(0x3fb55555u, 0x55555555u)
#define TWO_PI BITS(0x401921fbu, 0x54442d18u)
#define TWO_PI_LOW BITS(0x3cb1a626u, 0x33145c07u) // 2π − TWO_PI
#define WIDE_TURN BITS(0x401921fbu, 0x7e6e9b37u) // 1.0000001 · TWO_PI
#define MAX_NEWTONS 200
#define MAX_DOUBLINGS 2100
#define MAX_MISS exact_power(64, 1.0lf)

bool finite(double x) { return exact_exponent(x) < 1024; }

bool finite3(dvec3 x) { return finite(x.x) && finite(x.y) && finite(x.z); }

bool is_nan(double x)
{
	uvec2 bits = unpackDouble2x32(x);
	return !finite(x) && ((bits.y & 0xfffffu) | bits.x) != 0u;
}

double dot3(dvec3 a, dvec3 b) { return exact_fma(a.x, b.x, exact_fma(a.y, b.y, exact_mul(a.z, b.z))); }

// series returns the sum of c[k]·z^k.
double series(double z, double c[8])
{
	double z2 = exact_mul(z, z);
	double low = exact_fma(exact_fma(c[3], z, c[2]), z2, exact_fma(c[1], z, c[0]));
	double high = exact_fma(exact_fma(c[7], z, c[6]), z2, exact_fma(c[5], z, c[4]));
	return exact_fma(high, exact_mul(z2, z2), low);
}

// stumpff2 and stumpff3 have the terms (-z)^k/(2k+2)! and (-z)^k/(2k+3)!.
double stumpff2(double z)
{
	return series(z, double[8](
		BITS(0x3fe00000u, 0x00000000u), BITS(0xbfa55555u, 0x55555555u), BITS(0x3f56c16cu, 0x16c16c17u), BITS(0xbefa01a0u, 0x1a01a01au),
		BITS(0x3e927e4fu, 0xb7789f5cu), BITS(0xbe21eed8u, 0xeff8d898u), BITS(0x3da93974u, 0xa8c07c9du), BITS(0xbd2ae7f3u, 0xe733b81fu)));
}

double stumpff3(double z)
{
	return series(z, double[8](
		BITS(0x3fc55555u, 0x55555555u), BITS(0xbf811111u, 0x11111111u), BITS(0x3f2a01a0u, 0x1a01a01au), BITS(0xbec71de3u, 0xa556c734u),
		BITS(0x3e5ae645u, 0x67f544e4u), BITS(0xbde61246u, 0x13a86d09u), BITS(0x3d6ae7f3u, 0xe733b81fu), BITS(0xbce952c7u, 0x7030ad4au)));
}

// revert solves the series of quick for d.
double revert(double n, double p, double q, double y)
{
	double square = exact_mul(p, p);
	double third = exact_fma(2.0lf, square, -q);
	double fourth = exact_mul(p, exact_fma(-5.0lf, exact_sub(square, q), exact_mul(TWELFTH, y)));
	return exact_fma(n, exact_sub(exact_add(third, fourth), p), n);
}

// turned returns x + (t·v − f·x).
dvec3 turned(dvec3 x, dvec3 v, double f, double t)
{
	return dvec3(
		exact_add(x.x, exact_fma(-f, x.x, exact_mul(t, v.x))),
		exact_add(x.y, exact_fma(-f, x.y, exact_mul(t, v.y))),
		exact_add(x.z, exact_fma(-f, x.z, exact_mul(t, v.z))));
}

// An orbit at the start of an arc.
struct Arc { double r, eta, beta, zeta; };

// quick reports whether the arc is short, and if so moves the particle along it.
bool quick(inout dvec3 x, inout dvec3 v, Arc o, double h)
{
	double r = o.r, eta = o.eta, beta = o.beta, zeta = o.zeta, gm = gm_value;
	double inverse = exact_reciprocal(r);
	double u = exact_mul(h, inverse);
	double per = exact_mul(u, inverse);
	double s = revert(u, exact_mul(0.5lf, exact_mul(eta, per)), exact_mul(SIXTH, exact_mul(exact_mul(zeta, per), u)),
		exact_mul(beta, exact_mul(u, u)));

	double s2 = exact_mul(s, s);
	double z = exact_mul(beta, s2);
	double c2 = stumpff2(z), c3 = stumpff3(z);
	double g0 = exact_fma(-z, c2, 1.0lf);
	double g1 = exact_fma(-exact_mul(s, z), c3, s);
	double g2 = exact_mul(s2, c2);
	double g3 = exact_mul(exact_mul(s, s2), c3);

	double left = exact_fma(-zeta, g3, exact_fma(-eta, g2, exact_fma(-r, s, h)));
	double slope = exact_reciprocal(exact_fma(zeta, g2, exact_fma(eta, g1, r)));
	double second = exact_fma(zeta, g1, exact_mul(eta, g0));
	double third = exact_fma(zeta, g0, -exact_mul(exact_mul(beta, eta), g1));
	double n = exact_mul(left, slope);
	double n2 = exact_mul(n, n);
	double bend = exact_mul(exact_mul(0.5lf, exact_mul(second, slope)), n);
	double turn = exact_mul(exact_mul(SIXTH, exact_mul(third, slope)), n2);
	double d = revert(n, bend, turn, exact_mul(beta, n2));
	// With d, all that it was computed from is finite.
	if (!finite(d) || abs(z) > 0.5lf || abs(d) > exact_mul(exact_power(-10, d), abs(s)) || abs(bend) > exact_power(-9, d) || abs(turn) > exact_power(-16, d)) {
		return false;
	}

	double d2 = exact_mul(d, d);
	double y = exact_mul(beta, d2);
	double part = exact_mul(0.5lf, d2);
	double e1 = exact_fma(-exact_mul(d, y), SIXTH, d);
	double e2 = exact_fma(-exact_mul(part, y), TWELFTH, part);
	double e3 = exact_mul(SIXTH, exact_mul(d, d2));
	double a1 = exact_add(g1, exact_fma(g0, e1, -exact_mul(exact_mul(beta, e2), g1)));
	double a2 = exact_add(g2, exact_fma(g1, e1, exact_mul(g0, e2)));
	double a3 = exact_add(g3, exact_fma(g2, e1, exact_fma(g1, e2, e3)));

	double end = exact_reciprocal(exact_fma(zeta, a2, exact_fma(eta, a1, r)));
	double pull = exact_mul(gm, a2);
	double fdot = exact_mul(exact_mul(gm, a1), exact_mul(inverse, end)), gdot = exact_mul(pull, end);
	dvec3 from = x;
	x = turned(x, v, exact_mul(pull, inverse), exact_fma(-gm, a3, h));
	v = dvec3(
		exact_sub(v.x, exact_fma(fdot, from.x, exact_mul(gdot, v.x))),
		exact_sub(v.y, exact_fma(fdot, from.y, exact_mul(gdot, v.y))),
		exact_sub(v.z, exact_fma(fdot, from.z, exact_mul(gdot, v.z))));
	return true;
}

// functions returns G₁ to G₃ for any s.
dvec3 functions(double beta, double s)
{
	int doublings = 0;
	double z = exact_mul(beta, exact_mul(s, s));
	while (abs(z) > 0.5lf && doublings < MAX_DOUBLINGS) {
		s = exact_mul(0.5lf, s);
		z = exact_mul(0.25lf, z);
		doublings++;
	}
	double s2 = exact_mul(s, s), c2 = stumpff2(z), c3 = stumpff3(z);
	double g0 = exact_fma(-z, c2, 1.0lf);
	dvec3 g = dvec3(exact_fma(-exact_mul(s, z), c3, s), exact_mul(s2, c2), exact_mul(exact_mul(s, s2), c3));
	for (int i = 0; i < doublings; i++) {
		g.z = exact_mul(2.0lf, exact_fma(g.x, g.y, g.z));
		g.y = exact_mul(2.0lf, exact_mul(g.x, g.x));
		g.x = exact_mul(2.0lf, exact_mul(g0, g.x));
		g0 = exact_fma(-beta, g.y, 1.0lf);
	}
	return g;
}

double distance_after(Arc o, dvec3 g) { return exact_fma(o.zeta, g.y, exact_fma(o.eta, g.x, o.r)); }

// excess returns by how much the time of the arc with functions g exceeds h.
double excess(Arc o, dvec3 g, double s, double h)
{
	return exact_fma(o.zeta, g.z, exact_fma(o.eta, g.y, exact_fma(o.r, s, -h)));
}

// without_revolutions returns h less the nearest multiple of the period.
double without_revolutions(Arc o, double h)
{
	double rate = exact_div(exact_mul(o.beta, exact_sqrt(o.beta)), gm_value);
	double turns = exact_div(exact_mul(h, rate), TWO_PI), end = exact_power(52, h);
	double n = abs(turns) < end ? exact_sub(exact_add(abs(turns), end), end) : abs(turns); // to even
	n = turns < 0.0lf ? -n : n;
	if (n == 0.0lf || !finite(n)) {
		return h;
	}
	return exact_fma(-n, exact_div(TWO_PI_LOW, rate), exact_fma(-n, exact_div(TWO_PI, rate), h));
}

// arc_length returns the arc s that takes h.
double arc_length(Arc o, double h)
{
	bool back = (unpackDouble2x32(h).y >> 31) != 0u;
	double first = exact_div(abs(h), o.r), low = 0.0lf, high = first;
	bool closed = o.beta > 0.0lf;
	if (closed) {
		high = exact_div(WIDE_TURN, exact_sqrt(o.beta));
	}
	// Doublings of high come first, and then Newton's steps.
	int doublings = closed ? MAX_DOUBLINGS : 0, newtons = 0;
	double s = high, last = 0.0lf;
	bool started = false;
	while (newtons < MAX_NEWTONS) {
		bool doubling = doublings < MAX_DOUBLINGS;
		if (!doubling && !started) {
			s = exact_mul(0.5lf, exact_add(low, high));
			last = exact_sub(high, low);
			s = first > low && first < high ? first : s;
			started = true;
		}
		double at = doubling ? high : s;
		double way = back ? -at : at;
		dvec3 g = functions(o.beta, way);
		double miss = excess(o, g, way, h);
		miss = back ? -miss : miss;
		bool early = !is_nan(miss) && miss < 0.0lf && miss >= exact_mul(-2.0lf, abs(h));
		if (doubling) {
			doublings++;
			if (early) {
				low = high;
				high = exact_mul(2.0lf, high);
			} else {
				doublings = MAX_DOUBLINGS;
			}
			continue;
		}
		newtons++;
		if (early) {
			low = s;
		} else {
			high = s;
		}
		double next = exact_mul(0.5lf, exact_add(low, high));
		if (!is_nan(miss) && miss <= exact_mul(MAX_MISS, abs(h))) {
			double newton = exact_sub(s, exact_div(miss, distance_after(o, g)));
			double step = abs(exact_sub(newton, s));
			if (!is_nan(newton) && step <= exact_mul(exact_power(-52, s), s)) {
				s = newton;
				break;
			}
			if (!is_nan(newton) && newton > low && newton < high && step < exact_mul(0.75lf, last)) {
				next = newton;
			}
		}
		last = abs(exact_sub(next, s));
		if (last == 0.0lf) {
			break;
		}
		s = next;
	}
	return back ? -s : s;
}

// any_arc moves the particle along an arc of any length.
void any_arc(inout dvec3 x, inout dvec3 v, Arc o, double h)
{
	double gm = gm_value;
	if (o.beta > 0.0lf) {
		h = without_revolutions(o, h);
	}
	dvec3 g = functions(o.beta, arc_length(o, h));
	double end = distance_after(o, g);
	double f = exact_div(exact_mul(gm, g.y), o.r), t = exact_fma(-gm, g.z, h);
	double fdot = exact_div(exact_mul(gm, g.x), exact_mul(o.r, end)), gdot = exact_div(exact_mul(gm, g.y), end);
	dvec3 from = x;
	x = turned(x, v, f, t);
	v = dvec3(
		exact_add(v.x, exact_fma(-fdot, from.x, -exact_mul(gdot, v.x))),
		exact_add(v.y, exact_fma(-fdot, from.y, -exact_mul(gdot, v.y))),
		exact_add(v.z, exact_fma(-fdot, from.z, -exact_mul(gdot, v.z))));
}

// drift moves the particle along its Kepler orbit by h.
void drift(inout dvec3 x, inout dvec3 v, double h)
{
	double gm = gm_value;
	double r = exact_sqrt(dot3(x, x));
	double beta = exact_fma(exact_add(gm, gm), exact_reciprocal(r), -dot3(v, v));
	Arc o = Arc(r, dot3(x, v), beta, exact_fma(-beta, r, gm));
	bool known = finite(o.eta) && finite(o.zeta);
	if (known && quick(x, v, o, h)) {
		return;
	}
	if (known) {
		any_arc(x, v, o, h);
	}
	if (!known || !finite3(x) || !finite3(v)) {
		x = v = dvec3(BITS(0x7ff80000u, 1u));
	}
}

// kick returns the change of the velocity at x by the map whose numbers begin at m.
dvec3 kick(dvec3 x, int m)
{
	dvec3 to = dvec3(maps_at(m + 4), maps_at(m + 5), maps_at(m + 6));
	for (int j = 0; j < count_value; j++) {
		int i = m + 8 + 4 * j;
		precise dvec3 d = dvec3(maps_at(i), maps_at(i + 1), maps_at(i + 2)) - x;
		double r2 = dot3(d, d);
		double pull = exact_mul(maps_at(i + 3), exact_reciprocal(exact_mul(r2, exact_sqrt(r2))));
		to = dvec3(exact_fma(pull, d.x, to.x), exact_fma(pull, d.y, to.y), exact_fma(pull, d.z, to.z));
	}
	double x2 = dot3(x, x);
	double w = exact_reciprocal(exact_mul(x2, exact_sqrt(x2)));
	w = exact_mul(exact_mul(maps_at(m + 1), w), exact_mul(maps_at(m + 2), exact_mul(w, x2)));
	return dvec3(exact_fma(-w, x.x, to.x), exact_fma(-w, x.y, to.y), exact_fma(-w, x.z, to.z));
}

void main()
{
	int row = row_lo + group_index * LOCAL + int(gl_LocalInvocationIndex);
	if (row >= row_hi) {
		return;
	}
	int at = 6 * row;
	dvec3 x = dvec3(particles_at(at), particles_at(at + 1), particles_at(at + 2));
	dvec3 v = dvec3(particles_at(at + 3), particles_at(at + 4), particles_at(at + 5));
	for (int i = 0; i < maps_rows; i += count_value + 2) {
		if (maps_at(4 * i + 3) != 0.0lf) {
			dvec3 change = kick(x, 4 * i);
			v = dvec3(exact_add(v.x, change.x), exact_add(v.y, change.y), exact_add(v.z, change.z));
		}
		if (maps_at(4 * i) != 0.0lf) {
			drift(x, v, maps_at(4 * i));
		}
	}
	particles_at(at) = x.x;
	particles_at(at + 1) = x.y;
	particles_at(at + 2) = x.z;
	particles_at(at + 3) = v.x;
	particles_at(at + 4) = v.y;
	particles_at(at + 5) = v.z;
}
