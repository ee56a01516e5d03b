// Restrict: the right side of the coarser grid, the weighted residuals of the fine points
// that have the coarse one as a parent. Twin of restrictContract in kernels/multigrid. An
// invocation computes a coarse point.

real value(int row, int col) { return u_at(row * COLS + col); }

real residual(int row, int col)
{
	Around u = around(row, col);
	precise real r = (f_at(row * COLS + col) + flow(row, col, u)) - coefficient(row, LOSS, col) * u.here;
	return r;
}

// child returns the k-th fine index with coarse index i of n as a parent: −1 if there is
// none. The last two are those after the end, which wraps.
int child(int k, int i, int n, bool halved, bool wraps)
{
	if (!halved) {
		return k == 1 ? i : -1;
	}
	if (k < 3) {
		return 2 * i - 1 + k;
	}
	return i == 0 && wraps ? 2 * n - 4 + k : -1;
}

void main()
{
	int index = group_index * LOCAL + int(gl_LocalInvocationIndex);
	int i = row_lo + index / out_width, j = index % out_width;
	if (i >= row_hi) {
		return;
	}
	precise real sum = real(0);
	for (int k = 0; k < 5; k++) {
		int row = child(k, i, coarse_value, HALVED_ROWS, wrap_value == 1);
		if (row < 0 || row >= ROWS) {
			continue;
		}
		int which = k % 3 == 1 || !HALVED_ROWS ? SAME : k == 2 ? FIRST : LAST;
		for (int l = 0; l < 5; l++) {
			int col = child(l, j, out_width, HALVED_COLS, true);
			if (col < 0 || col >= COLS) {
				continue;
			}
			int plane = l % 3 == 1 ? plane_at(which) : plane_between(which) + (l == 2 ? 0 : 1);
			sum += weight(row, col, plane) * residual(row, col);
		}
	}
	out_at(i * out_width + j) = flush(sum);
}
