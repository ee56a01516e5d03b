// The common part of laplacian and heat: tiles, sweeps, passes and residuals. The
// kernel's file defines update, one sweep at one point.
//
// All sweeps except the last are done several per pass: a work-group loads a square of
// SIDE × SIDE points into registers, 4 × 4 per invocation, sweeps it several times, and
// writes the inner part. The halo, which is as many points wide as there are sweeps, is
// not valid then. Between passes the field is in scratch. The last sweep is a separate
// pass, which computes the residuals from the values before and after it.

#define BLOCKS_IN_SIDE 16
#define SIDE (4 * BLOCKS_IN_SIDE)

// Words of a pass.
#define STAGE pass_word(0)  // one of these:
#define SWEEPS 0            //   NUMBER sweeps from field FROM to field TO
#define LAST 1              //   the last sweep, from FROM to out; residuals of segments
#define JOIN 2              //   residuals of rows
#define NUMBER pass_word(1)
#define FROM pass_word(2)   // 0 is u; 1 and 2 are in scratch
#define TO pass_word(3)
#define TARGET_LO pass_word(4) // rows that SWEEPS computes
#define TARGET_HI pass_word(5)
#define FIELD_LO pass_word(6) // rows of the grid that fields in scratch hold
#define FIELD_HI pass_word(7)

#define COLS u_width
#define ROWS u_rows

shared real4 exchange[4 * LOCAL];

int field_at(int field, int row, int col)
{
	return ((field - 1) * (FIELD_HI - FIELD_LO) + row - FIELD_LO) * COLS + col;
}

real load(int row, int col)
{
	if (FROM == 0) {
		return u_at(row * COLS + col);
	}
	return scratch_at(field_at(FROM, row, col));
}

bool on_edge(int row, int col) { return row == 0 || row == ROWS - 1 || col == 0 || col == COLS - 1; }

// flush sets values below the floor to zero.
real flush(real v) { return abs(v) < FLOOR ? real(0) : v; }
real4 flush(real4 v) { return mix(v, real4(0), lessThan(abs(v), real4(FLOOR))); }

// Block holds the points of an invocation: rows r0 to r3 of four points.
struct Block { real4 r0, r1, r2, r3; };

// Keep marks the points of a block on the edge of the plate, which do not change.
struct Keep { bvec4 r0, r1, r2, r3; };

real4 sweep_row(real4 up, real4 here, real4 down, real left, real right)
{
	return flush(update(up, real4(left, here.xyz), here, real4(here.yzw, right), down, cx_value, cy_value));
}

// Offsets in exchange of the edges of blocks, which are rows and columns of four points.
#define TOP 0
#define BOTTOM LOCAL
#define LEFT (2 * LOCAL)
#define RIGHT (3 * LOCAL)

// sweep_block does one sweep. Beyond the square it uses the block's own points, which
// is why the halo becomes invalid.
Block sweep_block(Block b)
{
	int me = int(gl_LocalInvocationIndex);
	int x = me % BLOCKS_IN_SIDE, y = me / BLOCKS_IN_SIDE;
	barrier();
	exchange[TOP + me] = b.r0;
	exchange[BOTTOM + me] = b.r3;
	exchange[LEFT + me] = real4(b.r0.x, b.r1.x, b.r2.x, b.r3.x);
	exchange[RIGHT + me] = real4(b.r0.w, b.r1.w, b.r2.w, b.r3.w);
	barrier();
	real4 up = exchange[BOTTOM + (y > 0 ? me - BLOCKS_IN_SIDE : me)];
	real4 down = exchange[TOP + (y < BLOCKS_IN_SIDE - 1 ? me + BLOCKS_IN_SIDE : me)];
	real4 left = exchange[RIGHT + (x > 0 ? me - 1 : me)];
	real4 right = exchange[LEFT + (x < BLOCKS_IN_SIDE - 1 ? me + 1 : me)];
	return Block(
		sweep_row(up, b.r0, b.r1, left.x, right.x),
		sweep_row(b.r0, b.r1, b.r2, left.y, right.y),
		sweep_row(b.r1, b.r2, b.r3, left.z, right.z),
		sweep_row(b.r2, b.r3, down, left.w, right.w));
}

// point returns a point of the field, or zero beyond its sides.
real point(int row, int col) { return col >= 0 && col < COLS ? load(row, col) : real(0); }

// load_row returns four points, or zeros for rows that the sweeps do not reach.
real4 load_row(int row, int col)
{
	if (row < max(TARGET_LO - NUMBER, 0) || row >= min(TARGET_HI + NUMBER, ROWS)) {
		return real4(0);
	}
	return real4(point(row, col), point(row, col + 1), point(row, col + 2), point(row, col + 3));
}

bvec4 edges(int row, int col)
{
	return bvec4(on_edge(row, col), on_edge(row, col + 1), on_edge(row, col + 2), on_edge(row, col + 3));
}

Block keep_edges(Block after, Block before, Keep keep)
{
	return Block(mix(after.r0, before.r0, keep.r0), mix(after.r1, before.r1, keep.r1),
		mix(after.r2, before.r2, keep.r2), mix(after.r3, before.r3, keep.r3));
}

// store_square writes the inner part of the square, whose first point is (row, col),
// to field TO. It goes through shared memory, so that neighbouring invocations write
// neighbouring points.
void store_square(Block b, int row, int col)
{
	int me = int(gl_LocalInvocationIndex);
	int x = me % BLOCKS_IN_SIDE, y = me / BLOCKS_IN_SIDE;
	barrier();
	int at = 4 * y * BLOCKS_IN_SIDE + x;
	exchange[at] = b.r0;
	exchange[at + BLOCKS_IN_SIDE] = b.r1;
	exchange[at + 2 * BLOCKS_IN_SIDE] = b.r2;
	exchange[at + 3 * BLOCKS_IN_SIDE] = b.r3;
	barrier();
	for (int i = me; i < SIDE * SIDE; i += LOCAL) {
		int r = i / SIDE, c = i % SIDE;
		bool inner = min(r, c) >= NUMBER && max(r, c) < SIDE - NUMBER;
		if (inner && row + r < TARGET_HI && col + c < COLS) {
			scratch_at(field_at(TO, row + r, col + c)) = exchange[i / 4][i % 4];
		}
	}
}

void sweep_square(int index)
{
	int inner = SIDE - 2 * NUMBER, squares = (COLS + inner - 1) / inner;
	int row = TARGET_LO + index / squares * inner - NUMBER, col = index % squares * inner - NUMBER;
	int me = int(gl_LocalInvocationIndex);
	int r = row + me / BLOCKS_IN_SIDE * 4, c = col + me % BLOCKS_IN_SIDE * 4;
	Block b = Block(load_row(r, c), load_row(r + 1, c), load_row(r + 2, c), load_row(r + 3, c));
	Keep keep = Keep(edges(r, c), edges(r + 1, c), edges(r + 2, c), edges(r + 3, c));
	bool inside = row > 0 && row + SIDE < ROWS && col > 0 && col + SIDE < COLS;
	for (int k = 0; k < NUMBER; k++) {
		Block after = sweep_block(b);
		if (inside) {
			b = after;
		} else {
			b = keep_edges(after, b, keep);
		}
	}
	store_square(b, row, col);
}

// Residuals of segments are in scratch behind the NUMBER fields.
int segments() { return (COLS + SEGMENT - 1) / SEGMENT; }

int segment_at(int row, int segment)
{
	return NUMBER * (FIELD_HI - FIELD_LO) * COLS + 2 * ((row - row_lo) * segments() + segment);
}

// last_sweep sweeps a segment of several rows. Each invocation computes one lane of the
// residual, column by column.
void last_sweep(int index)
{
	int me = int(gl_LocalInvocationIndex);
	int segment = index % segments(), lane = me % RESIDUAL_LANES;
	int row = row_lo + index / segments() * (LOCAL / RESIDUAL_LANES) + me / RESIDUAL_LANES;
	real largest = real(0);
	precise real squares = real(0);
	if (row < row_hi) {
		int end = min((segment + 1) * SEGMENT, COLS);
		for (int col = segment * SEGMENT + lane; col < end; col += RESIDUAL_LANES) {
			real before = load(row, col), after = before;
			if (!on_edge(row, col)) {
				after = flush(update(load(row - 1, col), load(row, col - 1), before, load(row, col + 1),
					load(row + 1, col), cx_value, cy_value));
			}
			out_at(row * COLS + col) = after;
			precise real d = after - before;
			precise real square = d * d;
			largest = abs(d) > largest ? abs(d) : largest;
			squares += square < SQUARE_FLOOR ? real(0) : square;
		}
	}
	// Add the lanes by halves.
	for (int reach = RESIDUAL_LANES / 2; reach > 0; reach /= 2) {
		barrier();
		exchange[me].x = largest;
		exchange[me].y = squares;
		barrier();
		if (lane < reach) {
			real other = exchange[me + reach].x;
			largest = other > largest ? other : largest;
			squares += exchange[me + reach].y;
		}
	}
	if (lane == 0 && row < row_hi) {
		int at = segment_at(row, segment);
		scratch_at(at) = largest;
		scratch_at(at + 1) = squares;
	}
}

// join_residuals adds the segments of a row from left to right.
void join_residuals(int row)
{
	if (row >= row_hi) {
		return;
	}
	real largest = real(0);
	precise real squares = real(0);
	for (int s = 0; s < segments(); s++) {
		real other = scratch_at(segment_at(row, s));
		largest = other > largest ? other : largest;
		squares += scratch_at(segment_at(row, s) + 1);
	}
	residual_at(2 * row) = largest;
	residual_at(2 * row + 1) = squares;
}

void main()
{
	if (STAGE == SWEEPS) {
		sweep_square(group_index);
	} else if (STAGE == LAST) {
		last_sweep(group_index);
	} else {
		join_residuals(row_lo + group_index * LOCAL + int(gl_LocalInvocationIndex));
	}
}
