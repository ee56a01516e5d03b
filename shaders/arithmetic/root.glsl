// exact_sqrt, exact_div and exact_reciprocal (1/x) in precision T. If the driver's
// operation (NATIVE_SQRT, NATIVE_DIV) is not exact, it is an estimate with a relative
// error below 2^-18, which is corrected with fused residuals.

T exact_sqrt(T x)
{
	precise T native = NATIVE_SQRT(x);
#ifdef SQRT_EXACT
	return native;
#else
	// Scale by an even power, so that the residuals are normal numbers, and so are the
	// terms of an emulated fma.
	int scale = x < exact_power(-ROOT_SCALE, x) ? ROOT_SCALE : 0;
#ifdef EMULATE
	scale = x > exact_power(ROOT_SCALE, x) ? -ROOT_SCALE : scale;
#endif
	precise T a = x * exact_power(scale, x);
	precise T s = NATIVE_SQRT(a);
	for (int i = 0; i < STEPS; i++) {
		T half_slope = T(0.5) / s;
		s = exact_fma(exact_fma(-s, s, a), half_slope, s);
	}
	// Now s or a neighbour is correct. The root is nearest to s if and only if
	// s·below < a ≤ s·above (Tuckerman).
	T below = exact_step(s, -1), above = exact_step(s, 1);
	T r = s;
	if (exact_fma(-below, s, a) <= T(0)) {
		r = below;
	} else if (exact_fma(-above, s, a) > T(0)) {
		r = above;
	}
	precise T unscaled = r * exact_power(-scale / 2, x);
	return x > T(0) && !isinf(x) ? unscaled : native;
#endif
}

#ifndef DIV_EXACT

// exact_nearest returns the quotient a/b, rounded, from an estimate. No intermediate
// result may be subnormal or infinite. Of the two candidates around the quotient, the
// one with the smaller residual is nearest; the quotient is never halfway.
T exact_nearest(T estimate, T a, T b)
{
	precise T q = estimate;
	precise T slope = NATIVE_DIV(T(1), b);
	for (int i = 0; i < STEPS; i++) {
		q = exact_fma(exact_fma(-q, b, a), slope, q);
	}
	T r = exact_fma(-q, b, a);
	if (r == T(0)) {
		return q;
	}
	T other = exact_step(q, (r > T(0)) == (a > T(0)) ? 1 : -1);
	return abs(exact_fma(-other, b, a)) < abs(r) ? other : q;
}

#endif

T exact_div(T x, T y)
{
	precise T native = NATIVE_DIV(x, y);
#ifdef DIV_EXACT
	return native;
#else
	if (!exact_normal(x) || !exact_normal(y)) {
		return native;
	}
	// Divide the significands, then scale by the difference of the exponents in two
	// halves, because it may exceed the range of an exponent.
	T a = exact_significand(x), b = exact_significand(y);
	int n = exact_exponent(x) - exact_exponent(y), half_n = n / 2;
	precise T q = exact_nearest(NATIVE_DIV(a, b), a, b);
	precise T r = (q * exact_power(half_n, x)) * exact_power(n - half_n, x);
	return r;
#endif
}

// exact_reciprocal needs no scaling if fma is fused, because x·(1/x) is about 1.
T exact_reciprocal(T x)
{
	precise T native = NATIVE_DIV(T(1), x);
#if defined(DIV_EXACT)
	return native;
#elif defined(EMULATE)
	return exact_div(T(1), x);
#else
	return native == T(0) || isinf(native) || isnan(native) ? native : exact_nearest(native, T(1), x);
#endif
}
