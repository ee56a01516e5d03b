// exact_fma in precision T from rounded sums and products, for drivers whose fma is not
// fused (Boldo and Melquiond, “Emulation of FMA and correctly rounded sums: proved
// algorithms using rounding to odd”, 2008).

// exact_two_sum computes s = x + y, rounded, and e = (x + y) − s, exactly (Knuth).
void exact_two_sum(T x, T y, out T s, out T e)
{
	precise T sum = x + y;
	precise T z = sum - x;
	precise T rest = (x - (sum - z)) + (y - z);
	s = sum;
	e = rest;
}

// exact_odd returns s + e, rounded to odd, where s is that sum rounded to nearest. The
// last bit of the result records whether the sum is inexact, so that a second rounding,
// to fewer bits, gives the correctly rounded sum.
T exact_odd(T s, T e)
{
	if (e == T(0) || exact_is_odd(s)) {
		return s;
	}
	return exact_step(s, (e > T(0)) == (s > T(0)) ? 1 : -1);
}

#ifdef EMULATE

// exact_high returns the upper half of the bits of x (Veltkamp).
T exact_high(T x)
{
	precise T c = SPLITTER * x;
	precise T high = c - (c - x);
	return high;
}

// exact_two_product computes p = x·y, rounded, and e = x·y − p, exactly (Dekker), unless
// e is subnormal or a factor is close to overflow.
void exact_two_product(T x, T y, out T p, out T e)
{
	T xh = exact_high(x), yh = exact_high(y);
	precise T xl = x - xh, yl = y - yh;
	precise T product = x * y;
	precise T rest = xl * yl - (((product - xh * yh) - xl * yh) - xh * yl);
	p = product;
	e = rest;
}

T exact_fma(T x, T y, T z)
{
	// Scale small products, because their error would be subnormal. If z is larger,
	// only their sign matters.
	precise T plain = x * y + z;
	precise T product = x * y;
	bool small = abs(product) < exact_power(SMALL_PRODUCT, x) && abs(z) < exact_power(SMALL_ADDEND, x);
	precise T a = small ? x * exact_power(SCALE, x) : x;
	precise T c = small ? z * exact_power(SCALE, x) : z;
	T uh, ul, th, tl, vh, vl, s, e;
	exact_two_product(a, y, uh, ul);
	exact_two_sum(c, ul, th, tl);
	exact_two_sum(uh, th, vh, vl);
	exact_two_sum(tl, vl, s, e);
	precise T sum = vh + exact_odd(s, e);
	precise T r = small ? sum * exact_power(-SCALE, x) : sum;
	// A zero has the sign of plain.
	return r != T(0) && abs(plain) <= exact_power(HUGE, x) ? r : plain;
}

#endif
