// exact_sqrt, exact_div and exact_reciprocal (1/x) in precision T. Where the driver's own
// operation is not exact, it is taken as an estimate with a relative error below
// 2^-18 and corrected with fused residuals. NATIVE_SQRT and NATIVE_DIV are that
// operation.

T exact_sqrt(T x)
{
	precise T native = NATIVE_SQRT(x);
#ifdef SQRT_EXACT
	return native;
#else
	// Scaled by an even power, so that the residuals are normal numbers, and also
	// those that an fma is put together from.
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
	// Now s or a neighbour is right. The root is nearest to s just if
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

// exact_nearest is the quotient a/b for an estimate of it, with neither subnormal
// nor infinite intermediate results. Of two candidates that enclose the quotient
// the one with the smaller residual is nearest; it is never halfway.
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
	// Quotient of the significands, then the exponents, in two halves: their
	// difference may be no exponent itself.
	T a = exact_significand(x), b = exact_significand(y);
	int n = exact_exponent(x) - exact_exponent(y), half_n = n / 2;
	precise T q = exact_nearest(NATIVE_DIV(a, b), a, b);
	precise T r = (q * exact_power(half_n, x)) * exact_power(n - half_n, x);
	return r;
#endif
}

// The reciprocal needs no scaling with an fma that is fused: x·(1/x) is about 1.
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
