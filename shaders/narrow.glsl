// narrow rounds to float, to nearest even: GLSL leaves open how float(double) rounds. The
// result is right for normal numbers and 0; numbers below 2^-100 become 0.

float narrow(float v) { return v; }

#ifdef DOUBLES
#ifndef NATIVE_FLOAT
#define NATIVE_FLOAT(v) float(v)
#endif

float narrow(double v)
{
	float f = NATIVE_FLOAT(v);
	precise double off = v - double(f);
	// The number beyond v may be nearer, or as near and even.
	float g = exact_step(f, (off > 0.0lf) == (f > 0.0f) ? 1 : -1);
	precise double beyond = double(g) - v;
	bool nearer = abs(beyond) < abs(off) || abs(beyond) == abs(off) && exact_is_odd(f);
	float rounded = nearer && !isinf(f) ? g : f;
	return abs(v) < exact_power(-100, 1.0lf) ? 0.0f : rounded;
}
#endif
