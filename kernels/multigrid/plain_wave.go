package multigrid

import (
	"unsafe"

	"offload/device"
	"offload/kernels/internal/redblack"
)

// ahead is the number of rows between a prefetch and the use.
const ahead = 2

// link sets the links of waves: those of half-rows beside a wide one begin one element
// before it.
func (s *strip[T]) link() {
	for top := range s.slots {
		for l := range s.slots - 1 {
			colour := (l + 1) & 1
			row := pad + 2*((top-l+s.slots)%s.slots)*s.width
			s.links[top][l] = redblack.Link[T]{At: &s.buf[row+colour*s.width], Row: &s.buf[row+(1-colour)*s.width-top&1]}
		}
	}
	s.wave.Residual = &s.residuals[0]
	s.wave.CX, s.wave.CY = s.cx, s.cy
	size := device.TypeOf[T]().Size()
	s.wave.Ahead = [...]int{ahead * s.stateHalf * size, s.correctionWidth * 4, 2 * ahead * s.half * size, (2*ahead + 1) * s.half * size}
}

// advance performs half-sweeps from to to − 1 after row t has entered, each one row above the
// one before, and all of the last row's outputs that are whole vectors if it leaves. Their
// half-rows are all wide, or all narrow. It returns the largest residual.
func (s *strip[T]) advance(t, from, to int, leaves bool) T {
	w, count, corrects := &s.wave, max(0, to-from), s.state != nil && t > 0 && t < s.n
	s.stored = 0
	if count == 0 && !corrects && !leaves {
		return 0
	}
	last, wide := s.end-s.lo, t&1
	w.Count, w.Wide = count, wide
	w.A = nil
	if corrects {
		w.State = &s.state[t*s.stateHalf+s.lo]
		a := t/2*s.correctionWidth + s.lo
		w.A, w.B = &s.correction[a], &s.correction[a+1]
		if wide != 0 {
			w.B = &s.correction[a+s.correctionWidth]
		}
	}
	if s.flags&HasSource != 0 && (count > 0 || leaves) {
		i, colour := t-1-from, from&1
		w.Side = &s.f[(2*i+colour)*s.half+s.lo]
		size := device.TypeOf[T]().Size()
		w.SideSteps[colour], w.SideSteps[1-colour] = -s.half*size, -3*s.half*size
	}
	w.Segments = [3]redblack.Segment{2: {End: last}}
	if hi := min(s.own.Hi, s.m/2); leaves && s.own.Lo < hi {
		s.output(w, t-1-s.halves, hi)
	}
	return w.Run(s.form, s.links[s.slot][from:])
}

// output sets the parts of the half-row of residuals in row q, and what leaves with them, up
// to half-column hi.
func (s *strip[T]) output(w *redblack.Wave[T], q, hi int) {
	output, row := redblack.State, s.out
	at, x := q*s.outHalf+s.lo, s.own.Lo-s.lo
	own := q*s.outHalf + s.own.Lo
	if s.solution != nil {
		output, row = redblack.Solution, s.solution
		at, own = q*s.solutionWidth+2*s.lo, q*s.solutionWidth+2*s.own.Lo
	}
	w.Segments[0] = redblack.Segment{End: x}
	w.Segments[1] = redblack.Segment{End: hi - s.lo, Output: output}
	w.Out, w.Stream, s.lined = &row[at], 0, false
	switch {
	case !s.streams:
	case uintptr(unsafe.Pointer(&row[own]))%cacheLine == 0:
		w.Stream = 1
	case s.solution != nil: // vectors past the caches must be aligned
		w.Out, s.lined = &s.line[0], true
	}
	s.stored = (hi - s.own.Lo) &^ (s.form.Lanes - 1)
}
