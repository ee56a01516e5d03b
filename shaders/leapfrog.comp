// Leapfrog steps of particles without mass, one for each invocation. Twin of Row in kernels/internal/leapfrog.

// LEAST is the least square of a distance that counts as one above 0.
#define LEAST 1.17549435e-38f

// inverse_cube returns r2^(-3/2), from an estimate in float and two terms of the series around it.
double inverse_cube(double r2)
{
	float single = exact_narrow(r2);
	double y = double(exact_reciprocal(exact_sqrt(single < LEAST ? 0.0f : single)));
	double y2 = exact_mul(y, y);
	double e = exact_fma(-r2, y2, 1.0lf);
	double y3 = exact_mul(y2, y);
	return exact_fma(y3, exact_mul(e, exact_fma(1.875lf, e, 1.5lf)), y3);
}

// pull returns the acceleration at x by the bodies from row first on.
dvec3 pull(dvec3 x, int first)
{
	dvec3 a = dvec3(0);
	for (int j = 0; j < count_value; j++) {
		int i = 4 * (first + j);
		precise dvec3 d = dvec3(bodies_at(i), bodies_at(i + 1), bodies_at(i + 2)) - x;
		double r2 = exact_fma(d.x, d.x, exact_fma(d.y, d.y, exact_mul(d.z, d.z)));
		double s = exact_mul(bodies_at(i + 3), inverse_cube(r2));
		a = dvec3(exact_fma(s, d.x, a.x), exact_fma(s, d.y, a.y), exact_fma(s, d.z, a.z));
	}
	return a;
}

// moved returns x + h·v.
dvec3 moved(dvec3 x, double h, dvec3 v)
{
	return dvec3(exact_fma(h, v.x, x.x), exact_fma(h, v.y, x.y), exact_fma(h, v.z, x.z));
}

void main()
{
	int row = row_lo + group_index * LOCAL + int(gl_LocalInvocationIndex);
	if (row >= row_hi) {
		return;
	}
	int at = 6 * row, times = bodies_rows / count_value;
	double h = step_value, half_step = exact_mul(h, 0.5lf);
	dvec3 x = dvec3(particles_at(at), particles_at(at + 1), particles_at(at + 2));
	dvec3 v = dvec3(particles_at(at + 3), particles_at(at + 4), particles_at(at + 5));
	v = moved(v, half_step, pull(x, 0));
	for (int t = 1; t < times; t++) {
		x = moved(x, h, v);
		dvec3 a = pull(x, t * count_value);
		v = moved(v, half_step, a);
		if (t + 1 < times) {
			v = moved(v, half_step, a); // of the next step
		}
	}
	particles_at(at) = x.x;
	particles_at(at + 1) = x.y;
	particles_at(at + 2) = x.z;
	particles_at(at + 3) = v.x;
	particles_at(at + 4) = v.y;
	particles_at(at + 5) = v.z;
}
