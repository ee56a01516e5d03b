// Maps of Wisdom and Holman for particles without mass, one for each invocation. Twin of Follow in internal/wh, with the
// names of its functions.

// Constants that are not exact in decimals.
#define SIXTH packDouble2x32(uvec2(0x55555555u, 0x3fc55555u))
#define TWELFTH packDouble2x32(uvec2(0x55555555u, 0x3fb55555u))
#define TWO_PI packDouble2x32(uvec2(0x54442d18u, 0x401921fbu))
#define TURN packDouble2x32(uvec2(0x7e6e9b37u, 0x401921fbu)) // a little more than 2π
#define TWO_PI_LOW packDouble2x32(uvec2(0x33145c07u, 0x3cb1a626u))
const double STUMPFF2[8] = double[8](
	packDouble2x32(uvec2(0x00000000u, 0x3fe00000u)), packDouble2x32(uvec2(0x55555555u, 0xbfa55555u)), packDouble2x32(uvec2(0x16c16c17u, 0x3f56c16cu)), packDouble2x32(uvec2(0x1a01a01au, 0xbefa01a0u)), packDouble2x32(uvec2(0xb7789f5cu, 0x3e927e4fu)), packDouble2x32(uvec2(0xeff8d898u, 0xbe21eed8u)), packDouble2x32(uvec2(0xa8c07c9du, 0x3da93974u)), packDouble2x32(uvec2(0xe733b81fu, 0xbd2ae7f3u)));
const double STUMPFF3[8] = double[8](
	packDouble2x32(uvec2(0x55555555u, 0x3fc55555u)), packDouble2x32(uvec2(0x11111111u, 0xbf811111u)), packDouble2x32(uvec2(0x1a01a01au, 0x3f2a01a0u)), packDouble2x32(uvec2(0xa556c734u, 0xbec71de3u)), packDouble2x32(uvec2(0x67f544e4u, 0x3e5ae645u)), packDouble2x32(uvec2(0x13a86d09u, 0xbde61246u)), packDouble2x32(uvec2(0xe733b81fu, 0x3d6ae7f3u)), packDouble2x32(uvec2(0x7030ad4au, 0xbce952c7u)));

#define EPSILON packDouble2x32(uvec2(0x00000000u, 0x3cb00000u)) // 2^-52
#define NOT_A_NUMBER packDouble2x32(uvec2(1u, 0x7ff80000u))

#define MAX_NEWTONS 200
#define MAX_DOUBLINGS 2100

double square(dvec3 a) { return exact_fma(a.x, a.x, exact_fma(a.y, a.y, exact_mul(a.z, a.z))); }

double series(bool third, double z)
{
	double c[8];
	for (int k = 0; k < 8; k++) {
		c[k] = third ? STUMPFF3[k] : STUMPFF2[k];
	}
	double z2 = exact_mul(z, z), z4 = exact_mul(z2, z2);
	double low = exact_fma(exact_fma(c[3], z, c[2]), z2, exact_fma(c[1], z, c[0]));
	double high = exact_fma(exact_fma(c[7], z, c[6]), z2, exact_fma(c[5], z, c[4]));
	return exact_fma(high, z4, low);
}

double revert(double n, double p, double q, double y)
{
	double p2 = exact_mul(p, p);
	double third = exact_fma(2.0lf, p2, -q);
	double fourth = exact_mul(p, exact_fma(-5.0lf, exact_sub(p2, q), exact_mul(TWELFTH, y)));
	return exact_fma(n, exact_sub(exact_add(third, fourth), p), n);
}

// An orbit at the start of an arc.
struct Orbit {
	double gm, r, inverse, eta, beta, zeta;
};

Orbit orbit_of(dvec3 x, dvec3 v, double gm)
{
	Orbit o;
	o.gm = gm;
	o.r = exact_sqrt(square(x));
	o.inverse = exact_reciprocal(o.r);
	o.eta = exact_fma(x.x, v.x, exact_fma(x.y, v.y, exact_mul(x.z, v.z)));
	o.beta = exact_fma(exact_add(gm, gm), o.inverse, -square(v));
	o.zeta = exact_fma(-o.beta, o.r, gm);
	return o;
}

bool quick(Orbit o, inout dvec3 x, inout dvec3 v, double h)
{
	double gm = o.gm, r = o.r, eta = o.eta, beta = o.beta, zeta = o.zeta;
	double u = exact_mul(h, o.inverse), per = exact_mul(u, o.inverse);
	double s = revert(u, exact_mul(0.5lf, exact_mul(eta, per)), exact_mul(SIXTH, exact_mul(exact_mul(zeta, per), u)),
		exact_mul(beta, exact_mul(u, u)));

	double s2 = exact_mul(s, s), z = exact_mul(beta, s2);
	double c2 = series(false, z), c3 = series(true, z);
	double g0 = exact_fma(-z, c2, 1.0lf), g1 = exact_fma(-exact_mul(s, z), c3, s);
	double g2 = exact_mul(s2, c2), g3 = exact_mul(exact_mul(s, s2), c3);

	double left = exact_fma(-zeta, g3, exact_fma(-eta, g2, exact_fma(-r, s, h)));
	double slope = exact_reciprocal(exact_fma(zeta, g2, exact_fma(eta, g1, r)));
	double second = exact_fma(zeta, g1, exact_mul(eta, g0));
	double third = exact_fma(zeta, g0, -exact_mul(exact_mul(beta, eta), g1));
	double n = exact_mul(left, slope), n2 = exact_mul(n, n);
	double bend = exact_mul(exact_mul(0.5lf, exact_mul(second, slope)), n);
	double turn = exact_mul(exact_mul(SIXTH, exact_mul(third, slope)), n2);
	double d = revert(n, bend, turn, exact_mul(beta, n2));
	if (abs(z) <= 0.5lf && abs(d) <= exact_mul(0.0009765625lf, abs(s)) && abs(bend) <= 0.001953125lf && abs(turn) <= 0.0000152587890625lf) {
		double d2 = exact_mul(d, d), y = exact_mul(beta, d2), half_d2 = exact_mul(0.5lf, d2);
		double e1 = exact_fma(-exact_mul(d, y), SIXTH, d);
		double e2 = exact_fma(-exact_mul(half_d2, y), TWELFTH, half_d2);
		double e3 = exact_mul(SIXTH, exact_mul(d, d2));
		double a1 = exact_add(g1, exact_fma(g0, e1, -exact_mul(exact_mul(beta, e2), g1)));
		double a2 = exact_add(g2, exact_fma(g1, e1, exact_mul(g0, e2)));
		double a3 = exact_add(g3, exact_fma(g2, e1, exact_fma(g1, e2, e3)));

		double end = exact_reciprocal(exact_fma(zeta, a2, exact_fma(eta, a1, r)));
		double pull = exact_mul(gm, a2);
		double f = exact_mul(pull, o.inverse), g = exact_fma(-gm, a3, h);
		double fdot = exact_mul(exact_mul(gm, a1), exact_mul(o.inverse, end)), gdot = exact_mul(pull, end);
		for (int k = 0; k < 3; k++) {
			double xk = x[k], vk = v[k];
			x[k] = exact_add(xk, exact_fma(-f, xk, exact_mul(g, vk)));
			v[k] = exact_sub(vk, exact_fma(fdot, xk, exact_mul(gdot, vk)));
		}
		return true;
	}
	return false;
}

// nearest returns x rounded to an integer, to even.
double nearest(double x)
{
	const double magic = 6755399441055744.0lf; // 1.5·2^52
	return abs(x) < 2251799813685248.0lf ? exact_sub(exact_add(x, magic), magic) : roundEven(x);
}

double without_revolutions(Orbit o, double h)
{
	double rate = exact_div(exact_mul(o.beta, exact_sqrt(o.beta)), o.gm);
	double n = nearest(exact_div(exact_mul(h, rate), TWO_PI));
	if (n == 0.0lf || isnan(n) || isinf(n)) {
		return h;
	}
	return exact_fma(-n, exact_div(TWO_PI_LOW, rate), exact_fma(-n, exact_div(TWO_PI, rate), h));
}

// functions returns G₀ to G₃.
dvec4 functions(double beta, double s)
{
	int doublings = 0;
	double z = exact_mul(beta, exact_mul(s, s));
	for (; abs(z) > 0.5lf && doublings < MAX_DOUBLINGS; doublings++) {
		s = exact_mul(0.5lf, s);
		z = exact_mul(0.25lf, z);
	}
	double s2 = exact_mul(s, s), c2 = series(false, z), c3 = series(true, z);
	dvec4 g = dvec4(exact_fma(-z, c2, 1.0lf), exact_fma(-exact_mul(s, z), c3, s), exact_mul(s2, c2), exact_mul(exact_mul(s, s2), c3));
	for (int i = 0; i < doublings; i++) {
		g.w = exact_mul(2.0lf, exact_fma(g.y, g.z, g.w));
		g.z = exact_mul(2.0lf, exact_mul(g.y, g.y));
		g.y = exact_mul(2.0lf, exact_mul(g.x, g.y));
		g.x = exact_fma(-beta, g.z, 1.0lf);
	}
	return g;
}

// at returns by how much the time of the arc s exceeds h, and the distance at its end.
dvec2 at(Orbit o, double s, double h)
{
	dvec4 g = functions(o.beta, s);
	return dvec2(exact_fma(o.zeta, g.w, exact_fma(o.eta, g.z, exact_fma(o.r, s, -h))), exact_fma(o.zeta, g.z, exact_fma(o.eta, g.y, o.r)));
}

double arc_length(Orbit o, double h)
{
	double direction = (unpackDouble2x32(h).y >> 31) != 0u ? -1.0lf : 1.0lf;
	double low = 0.0lf, high = exact_div(abs(h), o.r);
	if (o.beta > 0.0lf) {
		high = exact_div(TURN, exact_sqrt(o.beta));
	} else {
		for (int i = 0; i < MAX_DOUBLINGS; i++) {
			double miss = at(o, exact_mul(direction, high), h).x;
			if (exact_mul(direction, miss) < 0.0lf) {
				low = high;
				high = exact_mul(2.0lf, high);
			} else {
				break;
			}
		}
	}
	double s = exact_mul(0.5lf, exact_add(low, high)), last = exact_sub(high, low), first = exact_div(abs(h), o.r);
	if (first > low && first < high) {
		s = first;
	}
	for (int i = 0; i < MAX_NEWTONS; i++) {
		dvec2 miss_slope = at(o, exact_mul(direction, s), h);
		double miss = exact_mul(direction, miss_slope.x);
		if (miss < 0.0lf) {
			low = s;
		} else {
			high = s;
		}
		double next = exact_sub(s, exact_div(miss, miss_slope.y));
		double change = abs(exact_sub(next, s));
		if (change <= exact_mul(EPSILON, s)) {
			return exact_mul(direction, next);
		}
		if (next > low && next < high && change < exact_mul(0.75lf, last)) {
			last = change;
		} else {
			next = exact_mul(0.5lf, exact_add(low, high));
			last = abs(exact_sub(next, s));
		}
		if (last == 0.0lf) {
			break;
		}
		s = next;
	}
	return exact_mul(direction, s);
}

void any_arc(Orbit o, inout dvec3 x, inout dvec3 v, double h)
{
	if (isnan(o.zeta) || isinf(o.zeta) || isnan(o.eta) || isinf(o.eta)) { // no search would end soon
		x = dvec3(NOT_A_NUMBER);
		v = x;
		return;
	}
	if (o.beta > 0.0lf) {
		h = without_revolutions(o, h);
	}
	dvec4 g = functions(o.beta, arc_length(o, h));
	double end = exact_fma(o.zeta, g.z, exact_fma(o.eta, g.y, o.r));
	double f = exact_div(exact_mul(o.gm, g.z), o.r), t = exact_fma(-o.gm, g.w, h);
	double fdot = exact_div(exact_mul(o.gm, g.y), exact_mul(o.r, end)), gdot = exact_div(exact_mul(o.gm, g.z), end);
	for (int k = 0; k < 3; k++) {
		double xk = x[k], vk = v[k];
		x[k] = exact_add(xk, exact_fma(-f, xk, exact_mul(t, vk)));
		v[k] = exact_add(vk, exact_fma(-fdot, xk, -exact_mul(gdot, vk)));
	}
}

// kick does the kick of the map in rows first on.
void kick(dvec3 x, inout dvec3 v, int first)
{
	double own = maps_at(4 * first + 1), twist = maps_at(4 * first + 2);
	dvec3 to = dvec3(maps_at(4 * first + 4), maps_at(4 * first + 5), maps_at(4 * first + 6));
	for (int j = 0; j < count_value; j++) {
		int i = 4 * (first + 2 + j);
		precise dvec3 d = dvec3(maps_at(i), maps_at(i + 1), maps_at(i + 2)) - x;
		double r2 = square(d);
		double pull = exact_mul(maps_at(i + 3), exact_reciprocal(exact_mul(r2, exact_sqrt(r2))));
		to = dvec3(exact_fma(pull, d.x, to.x), exact_fma(pull, d.y, to.y), exact_fma(pull, d.z, to.z));
	}
	double x2 = square(x), w = exact_reciprocal(exact_mul(x2, exact_sqrt(x2)));
	w = exact_mul(exact_mul(own, w), exact_mul(twist, exact_mul(w, x2)));
	for (int k = 0; k < 3; k++) {
		v[k] = exact_add(v[k], exact_fma(-w, x[k], to[k]));
	}
}

void main()
{
	int row = row_lo + group_index * LOCAL + int(gl_LocalInvocationIndex);
	if (row >= row_hi) {
		return;
	}
	int own_row = 6 * row, rows = count_value + 2;
	dvec3 x = dvec3(particles_at(own_row), particles_at(own_row + 1), particles_at(own_row + 2));
	dvec3 v = dvec3(particles_at(own_row + 3), particles_at(own_row + 4), particles_at(own_row + 5));
	for (int first = 0; first + rows <= maps_rows; first += rows) {
		if (maps_at(4 * first + 3) != 0.0lf) {
			kick(x, v, first);
		}
		double h = maps_at(4 * first);
		if (h != 0.0lf) {
			Orbit o = orbit_of(x, v, gm_value);
			if (!quick(o, x, v, h)) {
				any_arc(o, x, v, h);
			}
		}
	}
	particles_at(own_row) = x.x;
	particles_at(own_row + 1) = x.y;
	particles_at(own_row + 2) = x.z;
	particles_at(own_row + 3) = v.x;
	particles_at(own_row + 4) = v.y;
	particles_at(own_row + 5) = v.z;
}
