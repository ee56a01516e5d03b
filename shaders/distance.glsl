// squared_distance returns |d|² + ε².
real squared_distance(real3 d, real eps2)
{
#ifdef MATH_FAST
	return d.x * d.x + (d.y * d.y + (d.z * d.z + eps2));
#else
	return exact_fma(d.x, d.x, exact_fma(d.y, d.y, exact_fma(d.z, d.z, eps2)));
#endif
}
