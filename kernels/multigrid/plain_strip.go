package multigrid

import (
	"unsafe"

	"offload/device"
	"offload/kernels/internal/redblack"
)

// maxSlots is the largest number of rows in a ring.
const maxSlots = cycleHalves + 4

// strip is the computation of some half-columns in a band of launch rows. Rows of the grid
// enter one after another; half-sweep k follows k + 1 rows behind, and the outputs behind
// the last half-sweep, so that rows stay in a near cache from beginning to end.
//
// Half-columns lo to end surround those to compute. A half-row is wide if it begins with
// the column 2·lo and ends with 2·end, and narrow if it has those between. Up and down of
// a point are in half-rows of the same width as its own, left and right in one of the
// other. The ends of wide half-rows are never computed: they are edges of the grid, or
// too far from the half-columns to compute to affect them.
type strip[T device.Float] struct {
	plain[T]
	columns
	form    *redblack.Form[T]
	flush   func(dst, src []T) // of form
	join    func(dst, even, odd []T)
	halves  int
	band    device.Range // launch rows
	own     device.Range // half-columns to compute
	lo, end int

	buf       []T // ring of rows, a red and a black half-row each
	top, slot int // the newest row, and its place in the ring: top mod slots
	residuals []float32
	wave      redblack.Wave[T]
	links     [maxSlots][maxSlots]redblack.Link[T] // for each place of the newest row
	stored    int                                  // half-columns of the last row whose outputs the wave has stored
	line      []T                                  // a natural row, and whether it has those
	lined     bool
	streams   bool // outputs that caches cannot hold

	state           []T
	stateHalf       int
	correction      []float32
	correctionWidth int
	guess           []T
	guessWidth      int

	out           []T
	outHalf       int
	coarse        []float32
	coarseHalf    int
	solution      []T
	solutionWidth int
	norms         []T
}

// halfRow returns a half-row in the ring; colour is 0 for red and 1 for black. Element t − lo
// is that of half-column t.
func (s *strip[T]) halfRow(i, colour int) []T {
	slot := s.slot - (s.top - i)
	if slot < 0 {
		slot += s.slots
	}
	return s.buf[pad+(2*slot+colour)*s.width:][:s.width]
}

// inner returns the first computed half-column of a half-row, relative to lo, and the
// number of them.
func (s *strip[T]) inner(i, colour int) (first, n int) {
	if i&1 == colour { // wide
		return 1, s.end - s.lo - 1
	}
	return 0, s.end - s.lo
}

// run performs the computation. Rows on the edges of the grid take no part in half-sweeps.
func (s *strip[T]) run() {
	rows := device.Range{Lo: 2 * s.band.Lo, Hi: min(2*s.band.Hi, s.n+1)}
	first := max(0, rows.Lo-s.halves-1)
	if s.form.Lanes > 0 {
		s.link()
	}
	s.slot = first%s.slots - 1
	for t := first; t <= rows.Hi+s.halves; t++ {
		if t%16 == 0 && s.tile.Done() {
			return
		}
		if s.top, s.slot = t, s.slot+1; s.slot == s.slots {
			s.slot = 0
		}
		if t <= s.n {
			s.enter(t)
		}
		// Rows on the edges, and those with rows missing around them, are left out.
		from, to := max(0, t-s.n), min(s.halves, t-1-max(0, first), (t-rows.Lo+s.halves+1)/2)
		q := t - 1 - s.halves
		leaves := q >= rows.Lo && q < rows.Hi
		var most T
		if s.form.Lanes > 0 {
			most = s.advance(t, from, to, leaves && q > 0 && q < s.n)
		} else {
			s.relax(t, from, to)
			if leaves {
				most = s.residual(q)
			}
		}
		if leaves {
			norm := &s.norms[q/2*NormsWidth]
			*norm = max(*norm, most)
			s.leave(q)
		}
	}
}

// close sets the ends of a wide half-row of row i, to 0 where they are not on an edge.
func (s *strip[T]) close(i int, wide []T) {
	last := s.end - s.lo
	wide[0], wide[last] = 0, 0
	if s.lo == 0 {
		wide[0] = s.edge(i, 0)
	}
	if s.end == s.m/2 {
		wide[last] = s.edge(i, s.m)
	}
}

// relax does without waves what advance does: half-sweeps from to to − 1.
func (s *strip[T]) relax(t, from, to int) {
	first, n := s.inner(t, 1)
	for k := from; k < to && n > 0; k++ {
		i, colour := t-1-k, k&1
		s.form.Relax(s.halfRow(i, colour)[first:][:n], s.halfRow(i-1, 1-colour)[first:], s.halfRow(i+1, 1-colour)[first:],
			s.halfRow(i, 1-colour), s.sideOf(i, colour, s.lo+first, n), s.cx, s.cy)
	}
}

// sideOf returns the right side of n points of a half-row, from half-column t on; nil if
// there is none.
func (s *strip[T]) sideOf(i, colour, t, n int) []T {
	if s.flags&HasSource == 0 {
		return nil
	}
	return s.f[(2*i+colour)*s.half+t:][:n]
}

// enter sets the black points of row i, unless a wave corrects them, and all points on edges.
func (s *strip[T]) enter(i int) {
	if s.state != nil && i&1 == 0 && s.own.Lo == 0 && i >= 2*s.band.Lo && i < 2*s.band.Hi {
		s.norms[i/2*NormsWidth+1] = T(s.form.Largest(s.correction[i/2*s.correctionWidth:][:s.m/2+1]))
	}
	wide, narrow := s.halfRow(i, i&1), s.halfRow(i, 1-i&1)
	if i == 0 || i == s.n {
		last := s.end - s.lo
		for x := range last {
			wide[x], narrow[x] = s.edge(i, 2*(s.lo+x)), s.edge(i, 2*(s.lo+x)+1)
		}
		wide[last] = s.edge(i, 2*s.end)
		return
	}
	s.close(i, wide)
	first, n := s.inner(i, 1)
	dst, at := s.halfRow(i, 1)[first:][:n], s.lo+first
	switch {
	case s.state != nil && s.form.Lanes > 0:
	case s.state != nil:
		a := s.correction[i/2*s.correctionWidth+at:]
		b := a[1:]
		if i&1 != 0 {
			b = a[s.correctionWidth:]
		}
		s.form.Correct(dst, s.state[i*s.stateHalf+at:], a, b)
	case s.flags&FromZero != 0:
		clear(dst)
	case i&1 == 0:
		s.alongRow(dst, at, s.guess[i/2*s.guessWidth:][:s.m/2+1])
	default:
		s.alongColumn(dst, at, i/2)
	}
}

// alongRow interpolates from half-column at on in a row of the coarse grid.
func (s *strip[T]) alongRow(dst []T, at int, q []T) {
	n := len(q) - 1
	lo, hi := max(at, 1), min(at+len(dst), n-1) // with two neighbours on each side
	if n < 3 {
		lo, hi = n, n
	}
	point := func(k int) T { return q[k] }
	for t := at; t < min(lo, at+len(dst)); t++ {
		dst[t-at] = cubic(t, n, point)
	}
	if lo < hi {
		s.form.Cubic(dst[lo-at:hi-at], q[lo-1:], q[lo:], q[lo+1:], q[lo+2:])
	}
	for t := max(hi, at); t < at+len(dst); t++ {
		dst[t-at] = cubic(t, n, point)
	}
}

// alongColumn interpolates between rows I and I + 1 of the coarse grid.
func (s *strip[T]) alongColumn(dst []T, at, I int) {
	row := func(k int) []T { return s.guess[k*s.guessWidth+at:] }
	if n := s.n / 2; n >= 3 && I > 0 && I < n-1 {
		s.form.Cubic(dst, row(I-1), row(I), row(I+1), row(I+2))
		return
	}
	for x := range dst {
		dst[x] = cubic(I, s.n/2, func(k int) T { return s.guess[k*s.guessWidth+at+x] })
	}
}

// leave writes the outputs of row i but those that are stored.
func (s *strip[T]) leave(i int) {
	if s.solution != nil {
		s.leaveSolution(i)
		return
	}
	s.leaveState(i)
	if i&1 == 0 {
		s.leaveCoarse(i / 2)
	}
}

// isLast reports whether the strip has the last column.
func (s *strip[T]) isLast() bool { return s.own.Hi == HalfWidth(s.m) }

// residual does without waves what advance does: it sets the residuals of red points to
// twice their values, and returns the largest magnitude.
func (s *strip[T]) residual(i int) T {
	first, _ := s.inner(i, 0)
	lo, hi := max(s.own.Lo, first), min(s.own.Hi, s.m/2)
	if i == 0 || i == s.n || lo >= hi {
		return 0
	}
	n, x := hi-lo, lo-s.lo
	return s.form.Residual(s.residuals[x:][:n], s.halfRow(i, 0)[x:], s.halfRow(i-1, 1)[x:], s.halfRow(i+1, 1)[x:],
		s.halfRow(i, 1)[x-first:], s.sideOf(i, 0, lo, n), s.cx, s.cy)
}

// leaveState writes the black half of row i.
func (s *strip[T]) leaveState(i int) {
	out := s.out[i*s.outHalf:][:s.outHalf]
	hi := s.own.Hi
	if i&1 == 0 {
		hi = min(hi, s.m/2)
	}
	if lo := s.own.Lo + s.stored; s.stored == 0 {
		s.flush(out[lo:hi], s.halfRow(i, 1)[lo-s.lo:])
	} else {
		for x, v := range s.halfRow(i, 1)[lo-s.lo : hi-s.lo] {
			out[lo+x] = flush(v)
		}
	}
	if !s.isLast() {
		return
	}
	clear(out[hi:])
	if i == s.n {
		clear(s.out[(i+1)*s.outHalf:][:s.outHalf])
	}
}

// leaveCoarse writes the right sides of row I of the coarse grid.
func (s *strip[T]) leaveCoarse(I int) {
	halves := s.coarse[2*I*s.coarseHalf:][:2*s.coarseHalf]
	even, odd := halves[:s.coarseHalf], halves[s.coarseHalf:]
	if I&1 != 0 {
		even, odd = odd, even
	}
	lo, hi, r := s.own.Lo/2, (s.own.Hi+1)/2, s.residuals[s.own.Lo-s.lo:]
	for x := max(0, min(s.own.Hi, s.m/2)-s.own.Lo); x < 2*(hi-lo); x++ {
		r[x] = 0
	}
	if s.own.Lo == 0 {
		r[0] = 0
	}
	if I == 0 || 2*I == s.n {
		clear(r)
	}
	s.form.Split(even[lo:hi], odd[lo:hi], r)
	if s.isLast() {
		clear(even[hi:])
		clear(odd[hi:])
	}
}

// leaveSolution writes the natural row i.
func (s *strip[T]) leaveSolution(i int) {
	out := s.solution[i*s.solutionWidth:][:s.solutionWidth]
	lo, hi := s.own.Lo+s.stored, min(s.own.Hi, s.m/2)
	wide := s.halfRow(i, i&1)
	if s.lined && s.stored > 0 {
		dst, src := out[2*s.own.Lo:2*lo], s.line[2*(s.own.Lo-s.lo):]
		head := int(-uintptr(unsafe.Pointer(&dst[0]))%cacheLine) / device.TypeOf[T]().Size()
		copy(dst[:head], src)
		s.flush(dst[head:], src[head:])
	}
	if x := lo - s.lo; lo < hi { // what the wave has not stored
		s.join(out[2*lo:2*hi], wide[x:], s.halfRow(i, 1-i&1)[x:])
	}
	if !s.isLast() {
		return
	}
	out[s.m] = flush(wide[s.end-s.lo])
	clear(out[s.m+1:])
	if i == s.n {
		clear(s.solution[(i+1)*s.solutionWidth:][:s.solutionWidth])
	}
}
