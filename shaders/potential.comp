// Potential: φ_i = −Σ_{j≠i} gm_j / √(|d_ij|² + ε²). Twin of potential.go.

#define RESULT_WIDTH 1
#define Sum real

// add_source returns s plus the contribution of source j of a tile (x, y, z, gm) to a
// target, which is source self of the tile. If soft is set, ε² must be positive.
Sum add_source(Sum s, real4 source, int j, real3 target, int self, real eps2, bool soft)
{
	precise real3 d = source.xyz - target;
	real r2 = squared_distance(d, eps2);
	bool none = j == self || !soft && r2 == real(0);
#ifdef MATH_FAST
	return s + source.w * (none ? real(0) : inversesqrt(r2));
#else
	return exact_fma(source.w, none ? real(0) : exact_reciprocal(exact_sqrt(r2)), s);
#endif
}

void store(int row, Sum s)
{
	potentials_at(row) = -s;
}

// keep stores a sum in scratch, and kept loads it.
void keep(int at, int stride, Sum s)
{
	scratch_at(at) = s;
}

Sum kept(int at, int stride)
{
	return scratch_at(at);
}
