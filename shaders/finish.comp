// The parts of finish: it writes natural rows.

void store_row(int row, int col, real4 v)
{
	int width = out_width / 2, at = row * width + col;
	if (col + 3 < width) {
		out_at(at) = flush(v.x);
		out_at(at + 1) = flush(v.y);
		out_at(at + 2) = flush(v.z);
		out_at(at + 3) = flush(v.w);
		return;
	}
	for (int k = 0; k < width - col; k++) {
		out_at(at + k) = flush(v[k]);
	}
}

void store(int row, int col, Half red, Half black, Half r)
{
	if (in_tile(row, col)) {
		store_row(row, col, real4(red.r0.x, black.r0.x, red.r0.y, black.r0.y));
		store_row(row + 1, col, real4(black.r1.x, red.r1.x, black.r1.y, red.r1.y));
	}
	if (in_tile(row + 2, col)) {
		store_row(row + 2, col, real4(red.r2.x, black.r2.x, red.r2.y, black.r2.y));
		store_row(row + 3, col, real4(black.r3.x, red.r3.x, black.r3.y, red.r3.y));
	}
}
