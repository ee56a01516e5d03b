// Smooth: one red-black sweep. Twin of smoothContract in kernels/multigrid.
//
// A work-group sweeps a tile of HIGH × WIDE points, and red points one farther. Rows and
// columns of the tile beyond the ends of the grid are those on which they wrap.

#define RIM 2
#define PITCH (WIDE + 2 * RIM)
#define POINTS ((HIGH + 2 * RIM) * PITCH)

shared real before[POINTS]; // the sweep
shared real halfway[POINTS];

// AROUND is the values around a point in a tile.
#define AROUND(tile, at, up, down) Around(tile[at], tile[at + 1], tile[at - 1], tile[down], tile[up], \
	tile[down + 1], tile[up - 1], tile[down - 1], tile[up + 1])

real relaxed(int row, int col, Around u)
{
	precise real v = u.here + ((f_at(row * COLS + col) + flow(row, col, u)) - coefficient(row, LOSS, col) * u.here)
		* coefficient(row, INVERSE, col);
	return flush(v);
}

void main()
{
	int me = int(gl_LocalInvocationIndex), tiles = (COLS + WIDE - 1) / WIDE;
	int first_row = row_lo + group_index / tiles * HIGH - RIM, first_col = group_index % tiles * WIDE - RIM;
	for (int at = me; at < POINTS; at += LOCAL) {
		int r = first_row + at / PITCH, row = row_at(r), col = column_at(first_col + at % PITCH);
		bool there = zero_value == 0 && row >= 0 && r < row_hi + RIM;
		before[at] = there ? u_at(row * COLS + col) : real(0);
	}
	barrier();
	for (int at = me; at < POINTS; at += LOCAL) {
		int y = at / PITCH, x = at % PITCH, r = first_row + y;
		int row = row_at(r), col = column_at(first_col + x);
		bool rim = min(x, y) == 0 || x == PITCH - 1 || y == HIGH + 2 * RIM - 1 || r > row_hi;
		real v = before[at];
		if (!rim && row >= 0 && ((row + col) & 1) == 0) {
			int up = row_at(row - 1) < 0 ? at : at - PITCH, down = row_at(row + 1) < 0 ? at : at + PITCH;
			v = relaxed(row, col, AROUND(before, at, up, down));
		}
		halfway[at] = v;
	}
	barrier();
	for (int k = me; k < HIGH * WIDE; k += LOCAL) {
		int at = (k / WIDE + RIM) * PITCH + k % WIDE + RIM;
		int row = first_row + at / PITCH, col = first_col + at % PITCH;
		if (row < row_hi && col < COLS) {
			real v = halfway[at];
			if (((row + col) & 1) == 1) {
				int up = row_at(row - 1) < 0 ? at : at - PITCH, down = row_at(row + 1) < 0 ? at : at + PITCH;
				v = relaxed(row, col, AROUND(halfway, at, up, down));
			}
			out_at(row * COLS + col) = v;
		}
	}
}
