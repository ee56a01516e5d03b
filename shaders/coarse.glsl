// The parts of start and cycle that write a state and the right side of the coarse grid.

void store_state(int row, int col, real2 v)
{
	int width = state_width / 2, t = col / 2, at = row * width + t;
	if (t + 1 < width) {
		state_at(at) = flush(v.x);
		state_at(at + 1) = flush(v.y);
	} else if (t < width) {
		state_at(at) = flush(v.x);
	}
}

// store_coarse writes the right side, twice the residual, of two points. Columns of blocks
// are multiples of 4, so that the halves of the two points have the same index.
void store_coarse(int row, int col, real2 r)
{
	int width = coarse_width / 2, i = row / 2, t = col / 4;
	if (t < width) {
		coarse_at((2 * i + (i & 1)) * width + t) = flush(exact_narrow(r.x + r.x));
		coarse_at((2 * i + 1 - (i & 1)) * width + t) = flush(exact_narrow(r.y + r.y));
	}
}

void store(int row, int col, Half red, Half black, Half r)
{
	if (in_tile(row, col)) {
		store_state(row, col, black.r0);
		store_state(row + 1, col, black.r1);
		store_coarse(row, col, r.r0);
	}
	if (in_tile(row + 2, col)) {
		store_state(row + 2, col, black.r2);
		store_state(row + 3, col, black.r3);
		store_coarse(row + 2, col, r.r2);
	}
}
