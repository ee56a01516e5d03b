// Transfers between a grid and the next coarser one. Twin of general_transfer.go in
// kernels/multigrid.

#define HALVED_COLS ((axes_value & 1) != 0)
#define HALVED_ROWS ((axes_value & 2) != 0)

// The fine grid.
#define ROWS fine_value
#define COLS (u_width / (HALVED_ROWS ? 2 : 1))
#define PLANES (coef_width / u_width)

// Which parent of a fine row a coarse row is.
#define SAME 0
#define FIRST 1
#define LAST 2

// The planes of weights at coarse columns, and the first of two between them.
int plane_at(int which) { return which == SAME ? 0 : which + (HALVED_COLS ? 2 : 0); }
int plane_between(int which) { return which == SAME ? 1 : 3 + 2 * which; }

// weight returns the weight of fine point (row, col).
float weight(int row, int col, int plane)
{
	int width = HALVED_COLS ? (COLS + 1) / 2 : COLS, planes = HALVED_COLS && HALVED_ROWS ? 9 : 3;
	int r = HALVED_ROWS ? row / 2 : row, c = HALVED_COLS ? col / 2 : col;
	return weights_at((r * planes + plane) * width + c);
}
