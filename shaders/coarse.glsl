// The parts of start and cycle that write a state and the right side of the coarse grid.

void store_state(int row, int col, real2 v)
{
	int width = state_width / 2, t = col / 2;
	for (int k = 0; k < 2; k++) {
		if (t + k < width) {
			state_at(row * width + t + k) = flush(v[k]);
		}
	}
}

// store_coarse writes the right side, twice the residual r, of two points.
void store_coarse(int row, int col, real2 r)
{
	int width = coarse_width / 2, i = row / 2, j = col / 2;
	for (int k = 0; k < 2; k++, j++) {
		if (j / 2 < width) {
			coarse_at((2 * i + ((i + j) & 1)) * width + j / 2) = flush(narrow(r[k] + r[k]));
		}
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
