// exact_narrow rounds to float. The driver's conversion, whose rounding GLSL leaves open,
// may be one number off. Magnitudes below 2^-126 become 0.

float exact_narrow(float x) { return x; }

#ifdef DOUBLES
// exact_widen returns x, or 2^128 for infinity, which is the number after the largest.
double exact_widen(float x)
{
	double end = exact_power(128, 1.0lf);
	return isinf(x) ? (x > 0.0f ? end : -end) : double(x);
}

float exact_narrow(double x)
{
	float near = NATIVE_NARROW(x);
	precise double error = x - exact_widen(near);
	// The number on the other side of x may be nearer, or as near and even.
	float other = exact_step(near, (error > 0.0lf) == (near > 0.0f) ? 1 : -1);
	precise double error_of_other = exact_widen(other) - x;
	bool better = abs(error_of_other) < abs(error) || abs(error_of_other) == abs(error) && exact_is_odd(near);
	return abs(x) < exact_power(-126, 1.0lf) ? 0.0f : better ? other : near;
}
#endif
