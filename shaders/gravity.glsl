// The common part of force and potential: tiles of sources, the order of summation,
// and passes. The kernel's file defines what a source adds to a sum.
//
// A work-group computes the targets of one home tile, two per invocation, so that the
// same tiles are earlier ones for all of them. One pass can do everything. A launch
// with few targets alternates between two passes: one computes sums of tiles, each in
// a separate work-group, into scratch; the next adds them in order.

shared real4 tile[TILE];

// Words of a pass.
#define STAGE pass_word(0)  // one of these:
#define WHOLE 0             //   targets from all tiles to the result
#define TILES 1             //   sums of tiles FIRST up to LAST into scratch
#define TOTAL 2             //   adds these to the carried sums
#define BLOCKS pass_word(1) // home tiles of all targets
#define FIRST pass_word(2)
#define LAST pass_word(3)

int tiles_of_sources() { return (sources_rows + TILE - 1) / TILE; }

// home_tile returns ⌊(row + home)/TILE⌋, and place_in_tile the remainder. They work
// for sums beyond the range of int.
int home_tile(int row)
{
	return (row >> 8) + (home_value >> 8) + (((row & 255) + (home_value & 255)) >> 8);
}

int place_in_tile(int row) { return (row + home_value) & 255; }

// row_at returns the row of the target at a place in a home tile. Block 0 is the first
// home tile.
int row_at(int block, int place) { return row_lo - place_in_tile(row_lo) + block * TILE + place; }

bool wanted(int row) { return row >= row_lo && row < row_hi; }

// position returns the position of a target, or 0 for a row that is not wanted.
real3 position(int row)
{
	if (!wanted(row)) {
		return real3(0);
	}
	return real3(targets_at(4 * row), targets_at(4 * row + 1), targets_at(4 * row + 2));
}

// load_tile loads sources into shared memory and returns their number, rounded up to
// whole lanes by massless sources at the position of the first one. These add zero to
// sums that are not −0, and so change no bit.
int load_tile(int t)
{
	int count = min(sources_rows - t * TILE, TILE);
	barrier();
	for (int j = int(gl_LocalInvocationIndex); j < TILE; j += LOCAL) {
		int at = 4 * (t * TILE + (j < count ? j : 0));
		tile[j] = real4(sources_at(at), sources_at(at + 1), sources_at(at + 2),
			j < count ? sources_at(at + 3) : real(0));
	}
	barrier();
	return (count + 7) & ~7;
}

// sum_ordered sums the tile's sources one by one, for two targets. Fast arithmetic
// spends all its time here, and exact arithmetic half of it.
void sum_ordered(int count, real3 p, real3 q, int p_self, int q_self, real eps2, out Sum a, out Sum b)
{
#define ADD(k, soft) \
	source = tile[j + k]; \
	x = add_source(x, source, j + k, p, p_self, eps2, soft); \
	y = add_source(y, source, j + k, q, q_self, eps2, soft);
	real4 source;
	Sum x = Sum(0), y = Sum(0);
#ifdef MATH_FAST
	if (eps2 > real(0)) {
		for (int j = 0; j < count; j += 4) {
			ADD(0, true)
			ADD(1, true)
			ADD(2, true)
			ADD(3, true)
		}
		a = x;
		b = y;
		return;
	}
#endif
	for (int j = 0; j < count; j++) {
		ADD(0, false)
	}
	a = x;
	b = y;
#undef ADD
}

Sum join(Sum x, Sum y)
{
	precise Sum r = x + y;
	return r;
}

#ifdef MATH_FAST
#define sum_lanes sum_ordered
#else
// sum_lanes sums the tile's sources in strided lanes, and adds the lanes by halves.
void sum_lanes(int count, real3 p, real3 q, int p_self, int q_self, real eps2, out Sum a, out Sum b)
{
#define ADD(l, x, y) \
	source = tile[j + l]; \
	x = add_source(x, source, j + l, p, p_self, eps2, false); \
	y = add_source(y, source, j + l, q, q_self, eps2, false);
	real4 source;
	Sum x0 = Sum(0), x1 = x0, x2 = x0, x3 = x0, y0 = x0, y1 = x0, y2 = x0, y3 = x0;
#if LANES == 8
	Sum x4 = x0, x5 = x0, x6 = x0, x7 = x0, y4 = x0, y5 = x0, y6 = x0, y7 = x0;
#endif
	for (int j = 0; j < count; j += LANES) {
		ADD(0, x0, y0)
		ADD(1, x1, y1)
		ADD(2, x2, y2)
		ADD(3, x3, y3)
#if LANES == 8
		ADD(4, x4, y4)
		ADD(5, x5, y5)
		ADD(6, x6, y6)
		ADD(7, x7, y7)
#endif
	}
#if LANES == 8
	x0 = join(x0, x4), x1 = join(x1, x5), x2 = join(x2, x6), x3 = join(x3, x7);
	y0 = join(y0, y4), y1 = join(y1, y5), y2 = join(y2, y6), y3 = join(y3, y7);
#endif
	a = join(join(x0, x2), join(x1, x3));
	b = join(join(y0, y2), join(y1, y3));
#undef ADD
}
#endif

// sum_tile sums tile t for two targets whose home tile is home.
void sum_tile(int t, int home, real3 p, real3 q, real eps2, out Sum a, out Sum b)
{
	int count = load_tile(t);
	int place = int(gl_LocalInvocationIndex);
	int p_self = t == home ? place : -1, q_self = t == home ? place + LOCAL : -1;
	if (t < home) {
		sum_lanes(count, p, q, p_self, q_self, eps2, a, b);
	} else {
		sum_ordered(count, p, q, p_self, q_self, eps2, a, b);
	}
}

// carry_on adds x to the sum s, and the rounding error to c.
void carry_on(inout Sum s, inout Sum c, Sum x)
{
	precise Sum total = s + x;
	precise Sum z = total - s;
	precise Sum carry = c + ((s - (total - z)) + (x - z));
	s = total;
	c = carry;
}

void sum_all_tiles(int block, real eps2)
{
	int i = row_at(block, int(gl_LocalInvocationIndex)), j = i + LOCAL;
	int home = home_tile(row_lo) + block, tiles = tiles_of_sources();
	real3 p = position(i), q = position(j);
	Sum s = Sum(0), s_carry = s, r = s, r_carry = s, a, b;
	for (int t = 0; t < tiles; t++) {
		sum_tile(t, home, p, q, eps2, a, b);
		carry_on(s, s_carry, a);
		carry_on(r, r_carry, b);
	}
	if (wanted(i)) {
		store(i, join(s, s_carry));
	}
	if (wanted(j)) {
		store(j, join(r, r_carry));
	}
}

// Scratch holds the carried sums and their errors, then the sums of tiles; each is
// stored by components, with all targets of a component together.
int place_of_sum(int k, int row) { return (k * RESULT_WIDTH) * (row_hi - row_lo) + row - row_lo; }

void sum_one_tile(int block, int t, real eps2)
{
	int i = row_at(block, int(gl_LocalInvocationIndex)), j = i + LOCAL;
	Sum a, b;
	sum_tile(t, home_tile(row_lo) + block, position(i), position(j), eps2, a, b);
	int k = 2 + t - FIRST, stride = row_hi - row_lo;
	if (wanted(i)) {
		keep(place_of_sum(k, i), stride, a);
	}
	if (wanted(j)) {
		keep(place_of_sum(k, j), stride, b);
	}
}

void add_tiles(int row)
{
	int stride = row_hi - row_lo;
	if (!wanted(row)) {
		return;
	}
	Sum s = Sum(0), carry = s;
	if (FIRST > 0) {
		s = kept(place_of_sum(0, row), stride);
		carry = kept(place_of_sum(1, row), stride);
	}
	for (int t = FIRST; t < LAST; t++) {
		carry_on(s, carry, kept(place_of_sum(2 + t - FIRST, row), stride));
	}
	if (LAST == tiles_of_sources()) {
		store(row, join(s, carry));
	} else {
		keep(place_of_sum(0, row), stride, s);
		keep(place_of_sum(1, row), stride, carry);
	}
}

void main()
{
	real eps2 = exact_mul(softening_value, softening_value);
	if (STAGE == WHOLE) {
		sum_all_tiles(group_index, eps2);
	} else if (STAGE == TILES) {
		sum_one_tile(group_index % BLOCKS, FIRST + group_index / BLOCKS, eps2);
	} else {
		add_tiles(row_lo + group_index * LOCAL + int(gl_LocalInvocationIndex));
	}
}
