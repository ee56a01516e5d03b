// Networks of conductances. Twin of general.go in kernels/multigrid, which explains planes
// and neighbours. ROWS and COLS are those of the grid, PLANES is the number of planes.

#define EAST 0
#define SOUTH 1
#define INVERSE 2
#define LOSS 3
#define SOUTH_EAST 4
#define SOUTH_WEST 5

#define EIGHT_NEIGHBOURS (PLANES > 4)

// row_at returns the index of a row, −1 if there is none; column_at that of a column. Both
// may be up to 2 outside of the grid.
int row_at(int row)
{
	if (row >= 0 && row < ROWS) {
		return row;
	}
	return wrap_value == 1 ? (row + 2 * ROWS) % ROWS : -1;
}
int column_at(int col) { return col >= 0 && col < COLS ? col : (col + 2 * COLS) % COLS; }

real coefficient(int row, int plane, int col) { return coef_at((row * PLANES + plane) * COLS + col); }

// conductance is a coefficient, or 0 if its row or the other one is missing.
real conductance(int row, int other, int plane, int col)
{
	real g = coefficient(max(row, 0), plane, col);
	return min(row, other) < 0 ? real(0) : g;
}

// Around holds the values of a point and its neighbours, the last four only if there are
// eight. Those in missing rows are the ones of the point's row.
struct Around { real here, east, west, south, north, southeast, northwest, southwest, northeast; };

// flow returns the flow into point (row, col).
real flow(int row, int col, Around u)
{
	int above = row_at(row - 1), below = row_at(row + 1), west = column_at(col - 1), east = column_at(col + 1);
	precise real s = (coefficient(row, EAST, col) * (u.east - u.here) + coefficient(row, EAST, west) * (u.west - u.here))
		+ (conductance(row, below, SOUTH, col) * (u.south - u.here) + conductance(above, row, SOUTH, col) * (u.north - u.here));
	if (EIGHT_NEIGHBOURS) {
		precise real t = s + ((conductance(row, below, SOUTH_EAST, col) * (u.southeast - u.here)
				+ conductance(above, row, SOUTH_EAST, west) * (u.northwest - u.here))
			+ (conductance(row, below, SOUTH_WEST, col) * (u.southwest - u.here)
				+ conductance(above, row, SOUTH_WEST, east) * (u.northeast - u.here)));
		return t;
	}
	return s;
}
