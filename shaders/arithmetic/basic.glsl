// Sums, products and fused operations in precision T that the driver rounds correctly.
// Precise forbids contraction and reordering.

T exact_add(T x, T y)
{
	precise T r = x + y;
	return r;
}

T exact_sub(T x, T y)
{
	precise T r = x - y;
	return r;
}

T exact_mul(T x, T y)
{
	precise T r = x * y;
	return r;
}

#ifdef FUSED
T exact_fma(T x, T y, T z)
{
	precise T r = fma(x, y, z);
	return r;
}
#endif
