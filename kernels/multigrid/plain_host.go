package multigrid

import (
	"unsafe"

	"offload/device"
	"offload/kernels/internal/base"
	"offload/kernels/internal/redblack"
)

// stage says what a kernel does before and after its half-sweeps.
type stage[T device.Float] struct {
	halves              int
	first, side, edges  int // parameters: the first scalar, the right side, the edges
	state, correction   int // to begin with; both −1 if there is a guess instead
	guess               int
	out, coarse, result int // outputs, or −1: state, coarse side, solution
	norms               int
}

func startStage[T device.Float]() *stage[T] {
	return &stage[T]{
		halves: startHalves,
		first:  startN, side: startSide, edges: startEdges,
		state: -1, correction: -1, guess: startGuess,
		out: startState, coarse: startCoarse, result: -1, norms: startNorms,
	}
}

func cycleStage[T device.Float]() *stage[T] {
	return &stage[T]{
		halves: cycleHalves,
		first:  cycleN, side: cycleSide, edges: cycleEdges,
		state: cycleIn, correction: cycleCorrection, guess: -1,
		out: cycleOut, coarse: cycleCoarse, result: -1, norms: cycleNorms,
	}
}

func finishStage[T device.Float]() *stage[T] {
	return &stage[T]{
		halves: finishHalves,
		first:  finishN, side: finishSide, edges: finishEdges,
		state: finishIn, correction: finishCorrection, guess: -1,
		out: -1, coarse: -1, result: finishOut, norms: finishNorms,
	}
}

// host returns the code of a kernel for the host's cores: bands of launch rows are tasks.
func (g *stage[T]) host() []device.HostCode {
	plain, avx2, avx512 := redblack.Plain[T](), redblack.AVX2[T](), redblack.AVX512[T]()
	return []device.HostCode{{
		Name:  "avx512",
		Ready: redblack.HasAVX512,
		Plan:  g.plan,
		Run:   func(t *device.Tile) { g.run(t, &avx512) },
	}, {
		Name:  "avx2",
		Ready: redblack.HasAVX2,
		Plan:  g.plan,
		Run:   func(t *device.Tile) { g.run(t, &avx2) },
	}, {
		Name: "go",
		Plan: g.plan,
		Run:  func(t *device.Tile) { g.run(t, &plain) },
	}}
}

const (
	// stripBytes is the largest size of a half-row in a strip. The rows of a strip should
	// stay in a core's second cache, but whole rows come from memory the fastest.
	stripBytes = 24 << 10
	// bandRows is the least number of launch rows of a task, if there are enough tasks.
	bandRows = 128
	// bandPoints is the least number of points of a task.
	bandPoints = 1 << 14
	// streamBytes is the size of an output beyond which caches do not hold it until it is
	// read again.
	streamBytes = 16 << 20
)

// plan makes several tasks for each of several workers, unless bands become so low that
// too many rows are computed twice.
func (g *stage[T]) plan(l *device.Launch, workers int, p *device.Plan) {
	_, m, _ := plainScalars(l, g.first)
	rows := l.Rows.Len()
	tasks := 1
	if workers > 1 {
		tasks = min(4*workers, max(min(workers, rows/g.halves), rows/bandRows), rows*m/(bandPoints/2))
	}
	p.Tasks = append(p.Tasks, max(1, tasks))
	w := columnsOf[T](m, g.halves)
	size := device.TypeOf[T]().Size()
	p.Local = cacheLine + (w.ring()+2*pad+2*w.width)*size + w.width*4
}

// cacheLine is the number of bytes of a cache line.
const cacheLine = 64

// pad is the number of elements before and behind the half-rows of a strip and on each side
// of the columns to compute, so that vectors begin at multiples of their size.
const pad = 16

// columns is the scratch of a strip.
type columns struct {
	own   int // half-columns to compute
	width int // elements of a half-row in the ring
	slots int // rows in the ring
}

// columnsOf returns the scratch of strips of rows of m intervals.
func columnsOf[T device.Float](m, halves int) columns {
	strips := base.CeilDiv(HalfWidth(m)*device.TypeOf[T]().Size(), stripBytes)
	w := columns{own: base.CeilDiv(HalfWidth(m), strips), slots: halves + 4}
	w.own = (w.own + pad - 1) &^ (pad - 1)
	w.width = (w.own + 3*pad) | pad // rows at distances that differ from those of cache sets
	return w
}

// ring returns the number of elements of the ring.
func (w columns) ring() int { return 2 * w.slots * w.width }

// run computes a band.
func (g *stage[T]) run(t *device.Tile, form *redblack.Form[T]) {
	s := strip[T]{
		plain:  plainOf[T](t, g.first, g.side, g.edges),
		form:   form,
		halves: g.halves,
		band:   t.Rows.Part(t.Task, t.Tasks),
		norms:  device.View[T](t, g.norms),
	}
	s.columns = columnsOf[T](s.m, g.halves)
	scratch, size := device.Local[T](t), device.TypeOf[T]().Size()
	skip := int(-uintptr(unsafe.Pointer(&scratch[0]))%cacheLine) / size
	s.buf = scratch[skip:][:s.ring()+2*pad]
	s.line = scratch[skip+len(s.buf):][:2*s.width]
	s.residuals = device.Local[float32](t)[(skip+len(s.buf)+len(s.line))*size/4:][:s.width]
	switch {
	case g.state >= 0:
		s.state, s.stateHalf = device.View[T](t, g.state), t.Width(g.state)/2
		s.correction, s.correctionWidth = device.View[float32](t, g.correction), t.Width(g.correction)
	case s.flags&FromZero == 0:
		s.guess, s.guessWidth = device.View[T](t, g.guess), t.Width(g.guess)
	}
	if g.result >= 0 {
		s.solution, s.solutionWidth = device.View[T](t, g.result), t.Width(g.result)/2
	} else {
		s.out, s.outHalf = device.View[T](t, g.out), t.Width(g.out)/2
		s.coarse, s.coarseHalf = device.View[float32](t, g.coarse), t.Width(g.coarse)/2
	}
	s.flush, s.join = form.Flush, form.Join
	if max(len(s.out), len(s.solution))*size > streamBytes {
		s.flush, s.join = form.StreamFlush, form.StreamJoin
		s.streams = true
	}
	for I := s.band.Lo; I < s.band.Hi; I++ {
		s.norms[2*I], s.norms[2*I+1] = 0, 0
	}
	for lo := 0; lo < HalfWidth(s.m) && !t.Done(); lo += s.columns.own {
		s.own = device.Range{Lo: lo, Hi: min(lo+s.columns.own, HalfWidth(s.m))}
		s.lo, s.end = max(0, s.own.Lo-pad), min(s.own.Hi+pad, s.m/2)
		s.run()
	}
}
