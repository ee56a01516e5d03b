// Prolong: adds the correction of the coarser grid. Twin of prolongContract in
// kernels/multigrid. An invocation computes a fine point.

// parent returns the index of coarse row i, which may be the one after the last.
int parent(int i)
{
	if (i < coarse_value) {
		return i;
	}
	return wrap_value == 1 ? i % coarse_value : coarse_value - 1;
}

// between returns what the parents in one coarse row give to a fine point.
float between(int row, int col, int which, int parent_row)
{
	int c = parent_row * c_width;
	if (!HALVED_COLS) {
		precise float v = weight(row, col, plane_at(which)) * c_at(c + col);
		return v;
	}
	int a = col / 2 < c_width ? col / 2 : col / 2 - c_width;
	if (col % 2 == 0) {
		precise float v = weight(row, col, plane_at(which)) * c_at(c + a);
		return v;
	}
	int b = a + 1 < c_width ? a + 1 : 0, plane = plane_between(which);
	precise float v = weight(row, col, plane) * c_at(c + a) + weight(row, col, plane + 1) * c_at(c + b);
	return v;
}

void main()
{
	int scale = HALVED_ROWS ? 2 : 1, index = group_index * LOCAL + int(gl_LocalInvocationIndex);
	int row = scale * row_lo + index / COLS, col = index % COLS;
	if (row >= scale * row_hi || HALVED_ROWS && row >= fine_value) {
		return;
	}
	int i = row / scale;
	precise float correction;
	if (row % scale == 0) {
		correction = between(row, col, SAME, parent(i));
	} else {
		correction = between(row, col, FIRST, parent(i)) + between(row, col, LAST, parent(i + 1));
	}
	precise float v = u_at(row * COLS + col) + correction;
	u_at(row * COLS + col) = flush(v);
}
