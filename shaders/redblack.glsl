// The common part of start, cycle and finish: tiles, half-sweeps, residuals and norms.
// Twin of plain_contract.go in kernels/multigrid, which explains colours and layouts. HALVES
// is the number of half-sweeps; the kernel's files define first_black, change and store.
//
// A work-group loads a tile of points into registers, 4 × 4 per invocation, does all
// half-sweeps, and writes the inner part. The rim of HALO points is not valid then. Norms
// of the tiles of a row of tiles are in scratch, and are joined in a second pass.
//
// Tiles begin at even rows and columns, so that the colours of a block's points are known.

// WIDE blocks are beside each other in a tile, HIGH above each other.
#define HIGH (LOCAL / WIDE)

#define COLUMNS pass_word(0) // tiles beside each other

#define HAS_SOURCE 1
#define HAS_EDGES 2
#define FROM_ZERO 4

#define N n_value
#define M m_value
#define HAS(flag) ((flags_value & (flag)) != 0)

#define HALO ((4 * WIDE - INNER_COLS) / 2)

// Rows of the grid that the launch may read.
#define READ_LO max(2 * (row_lo - (HALVES + 2) / 2), 0)
#define READ_HI min(2 * (row_hi + (HALVES + 2) / 2), N + 1)

shared real2 exchange[4 * LOCAL];

int tile_row, tile_col; // first point of the tile
bool inside;            // the tile is inside the grid, and the launch may read all of it

// Half holds the points of one colour of a block: two in each row.
struct Half { real2 r0, r1, r2, r3; };

float flush(float v) { return abs(v) < FLOOR32 ? 0.0f : v; }
#ifdef DOUBLES
double flush(double v) { return abs(v) < FLOOR ? 0.0lf : v; }
#endif

bool on_grid(int row, int col) { return row >= READ_LO && row < READ_HI && col >= 0 && col <= M; }
bool inner(int row, int col) { return row > 0 && row < N && col > 0 && col < M; }

// near_row and near_pair move a row and the first of two neighbouring elements of a
// half-row to ones that the launch may read, so that what is loaded for any point of a tile
// exists. Blocks that begin inside the grid keep theirs.
int near_row(int row) { return clamp(row, max(READ_LO, 1), min(READ_HI, N) - 1); }
int near_pair(int t) { return clamp(t, 0, M / 2 - 1); }

// first_black returns the values of elements t and t + 1 of the black half of a row before
// the sweeps. Odd is the row's parity, unless those points do not count.
real2 first_black(int row, int t, int odd);

real2 side(int row, int t, int colour)
{
	int at = (2 * row + colour) * (side_width / 4) + t;
	return real2(side_at(at), side_at(at + 1));
}

Half load_black(int row, int col)
{
	int t = near_pair(col / 2);
	return Half(first_black(near_row(row), t, 0), first_black(near_row(row + 1), t, 1),
		first_black(near_row(row + 2), t, 0), first_black(near_row(row + 3), t, 1));
}

Half load_side(int row, int col, int colour)
{
	int t = near_pair(col / 2);
	return Half(side(near_row(row), t, colour), side(near_row(row + 1), t, colour),
		side(near_row(row + 2), t, colour), side(near_row(row + 3), t, colour));
}

// at_rest returns the value of a point that does not change: on an edge, or beyond, 0.
real at_rest(int row, int col)
{
	if (!HAS(HAS_EDGES)) {
		return real(0);
	}
	bool across = row == 0 || row == N, along = col == 0 || col == M;
	bool edge = on_grid(row, col) && (across || along);
	int i = across ? (row == 0 ? 0 : M + 1) + col : 2 * (M + 1) + (col == 0 ? 0 : N + 1) + row;
	real v = edges_at(edge ? i : 0);
	return edge ? v : real(0);
}

// rest returns the points of one colour that do not change: from column even of even rows,
// and column odd of odd rows.
Half rest(int row, int even, int odd)
{
	return Half(real2(at_rest(row, even), at_rest(row, even + 2)), real2(at_rest(row + 1, odd), at_rest(row + 1, odd + 2)),
		real2(at_rest(row + 2, even), at_rest(row + 2, even + 2)), real2(at_rest(row + 3, odd), at_rest(row + 3, odd + 2)));
}

// same returns a block of equal values.
Half same(real v) { return Half(real2(v), real2(v), real2(v), real2(v)); }

real2 keep_row(real2 before, real2 after, int row, int col)
{
	return mix(before, after, bvec2(inner(row, col), inner(row, col + 2)));
}

// keep_edges returns after for the points inside the grid and before for the others.
Half keep_edges(Half before, Half after, int row, int even, int odd)
{
	if (inside) {
		return after;
	}
	return Half(keep_row(before.r0, after.r0, row, even), keep_row(before.r1, after.r1, row + 1, odd),
		keep_row(before.r2, after.r2, row + 2, even), keep_row(before.r3, after.r3, row + 3, odd));
}

// relaxed_row returns two points; that a source of 0 changes −0 to 0 never shows.
real2 relaxed_row(real2 up, real2 down, real2 left, real2 right, real2 f)
{
	precise real2 v = (cy_value * (up + down) + cx_value * (left + right)) + f;
	return v;
}

// Offsets in exchange of the edges of blocks, two points each.
#define TOP 0
#define BOTTOM LOCAL
#define LEFT (2 * LOCAL)
#define RIGHT (3 * LOCAL)

// relaxed returns the values that satisfy the equations of one colour: for red, colour 0,
// those of points in the even columns of even rows. Other holds the other colour. Beyond
// the tile it uses the block's own points, which is why the rim becomes invalid.
Half relaxed(Half other, Half f, int colour)
{
	int me = int(gl_LocalInvocationIndex);
	int x = me % WIDE, y = me / WIDE;
	barrier();
	exchange[TOP + me] = other.r0;
	exchange[BOTTOM + me] = other.r3;
	// Of the other colour, the first column holds points of rows of one parity, and the
	// last column those of the other.
	if (colour == 0) {
		exchange[LEFT + me] = real2(other.r1.x, other.r3.x);
		exchange[RIGHT + me] = real2(other.r0.y, other.r2.y);
	} else {
		exchange[LEFT + me] = real2(other.r0.x, other.r2.x);
		exchange[RIGHT + me] = real2(other.r1.y, other.r3.y);
	}
	barrier();
	real2 up = exchange[BOTTOM + (y > 0 ? me - WIDE : me)];
	real2 down = exchange[TOP + (y < HIGH - 1 ? me + WIDE : me)];
	real2 left = exchange[RIGHT + (x > 0 ? me - 1 : me)];
	real2 right = exchange[LEFT + (x < WIDE - 1 ? me + 1 : me)];
	if (colour == 0) {
		return Half(
			relaxed_row(up, other.r1, real2(left.x, other.r0.x), other.r0, f.r0),
			relaxed_row(other.r0, other.r2, other.r1, real2(other.r1.y, right.x), f.r1),
			relaxed_row(other.r1, other.r3, real2(left.y, other.r2.x), other.r2, f.r2),
			relaxed_row(other.r2, down, other.r3, real2(other.r3.y, right.y), f.r3));
	}
	return Half(
		relaxed_row(up, other.r1, other.r0, real2(other.r0.y, right.x), f.r0),
		relaxed_row(other.r0, other.r2, real2(left.x, other.r1.x), other.r1, f.r1),
		relaxed_row(other.r1, other.r3, other.r2, real2(other.r2.y, right.y), f.r2),
		relaxed_row(other.r2, down, real2(left.y, other.r3.x), other.r3, f.r3));
}

real2 difference(real2 after, real2 before)
{
	precise real2 d = after - before;
	return d;
}

// greater returns the greater of two numbers, or NaN if one of them is.
real greater(real a, real b) { return b > a || isnan(b) ? b : a; }

// greatest returns the greatest magnitude.
real greatest(real2 a, real2 b)
{
	real2 x = abs(a), y = abs(b);
	return greater(greater(x.x, x.y), greater(y.x, y.y));
}

// in_tile reports whether row and col are in the inner part of the tile, and row is one
// that the launch computes.
bool in_tile(int row, int col)
{
	int r = row - tile_row, c = col - tile_col;
	return min(r, c) >= HALO && r < HALO + INNER_ROWS && c < HALO + INNER_COLS && row < 2 * row_hi;
}

// store writes what the kernel computes of a block that begins at (row, col).
void store(int row, int col, Half red, Half black, Half residual);

// change returns the largest magnitude of the corrections of two points of the coarse grid.
real change(int row, int col);

int norms_of(int row, int column) { return 2 * ((row - row_lo) * COLUMNS + column); }

// store_norms writes the norms of a row of the coarse grid and a column of tiles.
void store_norms(int row, int column, real2 norms)
{
	if (COLUMNS == 1) {
		norms_at(2 * row) = norms.x;
		norms_at(2 * row + 1) = norms.y;
	} else {
		int at = norms_of(row, column);
		scratch_at(at) = norms.x;
		scratch_at(at + 1) = norms.y;
	}
}

void tile(int index)
{
	int column = index % COLUMNS;
	tile_row = 2 * row_lo + index / COLUMNS * INNER_ROWS - HALO;
	tile_col = column * INNER_COLS - HALO;
	inside = tile_row > 0 && tile_row >= READ_LO && tile_row + 4 * HIGH <= min(READ_HI, N)
		&& tile_col > 0 && tile_col + 4 * WIDE <= M;

	int me = int(gl_LocalInvocationIndex);
	int row = tile_row + me / WIDE * 4, col = tile_col + me % WIDE * 4;
	Half red = same(real(0)), black = load_black(row, col);
	if (!inside) {
		red = rest(row, col, col + 1);
		black = keep_edges(rest(row, col + 1, col), black, row, col + 1, col);
	}
	Half f = same(real(0)), g = f;
	if (HAS(HAS_SOURCE)) {
		f = load_side(row, col, 0);
		g = load_side(row, col, 1);
	}
	for (int k = 0; k < HALVES; k += 2) {
		red = keep_edges(red, relaxed(black, f, 0), row, col, col + 1);
		black = keep_edges(black, relaxed(red, g, 1), row, col + 1, col);
	}
	Half r = relaxed(black, f, 0);
	r = Half(difference(r.r0, red.r0), difference(r.r1, red.r1), difference(r.r2, red.r2), difference(r.r3, red.r3));
	r = keep_edges(same(real(0)), r, row, col, col + 1);

	store(row, col, red, black, r);

	// The norms of two rows of the coarse grid, which are joined by one invocation each.
	barrier();
	exchange[2 * me] = in_tile(row, col) ? real2(greatest(r.r0, r.r1), change(row, col)) : real2(0);
	exchange[2 * me + 1] = in_tile(row + 2, col) ? real2(greatest(r.r2, r.r3), change(row + 2, col)) : real2(0);
	barrier();
	int first = tile_row + 2 * me;
	if (me < 2 * HIGH && in_tile(first, tile_col + HALO)) {
		real2 norms = real2(0);
		for (int k = 0; k < WIDE; k++) {
			int x = (k + me) % WIDE; // for different banks
			real2 n = exchange[2 * (me / 2 * WIDE + x) + me % 2];
			norms = real2(greater(norms.x, n.x), greater(norms.y, n.y));
		}
		store_norms(first / 2, column, norms);
	}
}

// join_norms joins the norms of the tiles of a row of the coarse grid.
void join_norms(int row)
{
	if (row >= row_hi) {
		return;
	}
	real2 norms = real2(0);
	for (int column = 0; column < COLUMNS; column++) {
		int at = norms_of(row, column);
		norms = real2(greater(norms.x, scratch_at(at)), greater(norms.y, scratch_at(at + 1)));
	}
	norms_at(2 * row) = norms.x;
	norms_at(2 * row + 1) = norms.y;
}

void main()
{
	if (pass_index == 0) {
		tile(group_index);
	} else {
		join_norms(row_lo + group_index * LOCAL + int(gl_LocalInvocationIndex));
	}
}
