// Results of rows: the common part of direction, step and dot. A work-group computes
// SEGMENT columns of LINES rows, an invocation a column, and joins the terms of each row in
// lanes. Segments are joined in a second pass. Twin of mixedDot in kernels/multigrid.
//
// There are RESULTS, 1 or 2, for a row. The kernel's files define term, which computes a
// point and returns its terms, and join, which joins two of them.

#define SEGMENTS ((COLS + SEGMENT - 1) / SEGMENT)
#define STRIDE (SEGMENT + RESIDUAL_LANES) // for different banks

real2 term(int row, int col);
real join(real a, real b);

shared real terms[RESULTS * LINES * STRIDE];

void store_result(int row, int segment, int which, real v)
{
	if (SEGMENTS == 1) {
		result_at(row * RESULTS + which) = v;
	} else {
		scratch_at(((row - row_lo) * SEGMENTS + segment) * RESULTS + which) = v;
	}
}

void compute_segment(int segment, int first)
{
	int me = int(gl_LocalInvocationIndex), begin = segment * SEGMENT;
	for (int line = 0; line < LINES; line++) {
		real2 t = real2(0);
		if (first + line < row_hi && begin + me < COLS) {
			t = term(first + line, begin + me);
		}
		for (int k = 0; k < RESULTS; k++) {
			terms[(k * LINES + line) * STRIDE + me] = t[k];
		}
	}
	barrier();
	int lane = me % RESIDUAL_LANES, of = me / RESIDUAL_LANES;
	bool sums = of < RESULTS * LINES;
	real v = real(0);
	if (sums) {
		int end = min(SEGMENT, COLS - begin);
		for (int col = lane; col < end; col += RESIDUAL_LANES) {
			v = join(v, terms[of * STRIDE + col]);
		}
	}
	// Join the lanes by halves.
	for (int reach = RESIDUAL_LANES / 2; reach > 0; reach /= 2) {
		barrier();
		if (sums) {
			terms[of * STRIDE + lane] = v;
		}
		barrier();
		if (sums && lane < reach) {
			v = join(v, terms[of * STRIDE + lane + reach]);
		}
	}
	int row = first + of % LINES;
	if (sums && lane == 0 && row < row_hi) {
		store_result(row, segment, of / LINES, v);
	}
}

// join_segments joins the segments of a row from left to right.
void join_segments(int row)
{
	if (row >= row_hi) {
		return;
	}
	for (int k = 0; k < RESULTS; k++) {
		real v = real(0);
		for (int s = 0; s < SEGMENTS; s++) {
			v = join(v, scratch_at(((row - row_lo) * SEGMENTS + s) * RESULTS + k));
		}
		result_at(row * RESULTS + k) = v;
	}
}

void main()
{
	if (pass_index == 0) {
		compute_segment(group_index % SEGMENTS, row_lo + group_index / SEGMENTS * LINES);
	} else {
		join_segments(row_lo + group_index * LOCAL + int(gl_LocalInvocationIndex));
	}
}
