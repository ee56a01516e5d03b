// Force: a_i = Σ_j gm_j·d_ij / (|d_ij|² + ε²)^{3/2}. Twin of forceContract in kernels/gravity.

#define RESULT_WIDTH 3
#define Sum real3

// add_source returns s plus the acceleration of a target by a source (x, y, z, gm).
// If soft is set, ε² must be positive. A target adds nothing to itself, because its
// distance is zero; its place in the tile does not matter.
Sum add_source(Sum s, real4 source, int j, real3 target, int self, real eps2, bool soft)
{
	precise real3 d = source.xyz - target;
	real r2 = squared_distance(d, eps2);
#ifdef MATH_FAST
	real q = soft || r2 != real(0) ? inversesqrt(r2) : real(0);
	return s + (source.w * q) * (q * q) * d;
#else
	real w = soft || r2 != real(0) ? exact_reciprocal(exact_mul(r2, exact_sqrt(r2))) : real(0);
	real f = exact_mul(source.w, w);
	return real3(exact_fma(f, d.x, s.x), exact_fma(f, d.y, s.y), exact_fma(f, d.z, s.z));
#endif
}

void store(int row, Sum s)
{
	accelerations_at(3 * row) = s.x;
	accelerations_at(3 * row + 1) = s.y;
	accelerations_at(3 * row + 2) = s.z;
}

// keep stores a sum in scratch, and kept loads it. Its components are stride elements
// apart.
void keep(int at, int stride, Sum s)
{
	scratch_at(at) = s.x;
	scratch_at(at + stride) = s.y;
	scratch_at(at + 2 * stride) = s.z;
}

Sum kept(int at, int stride)
{
	return Sum(scratch_at(at), scratch_at(at + stride), scratch_at(at + 2 * stride));
}
