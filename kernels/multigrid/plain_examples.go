package multigrid

import (
	"fmt"
	"math/rand/v2"

	"offload/device"
	"offload/kernels/internal/base"
)

// plainExample is a launch on a grid of n × m intervals.
type plainExample struct {
	n, m   int
	flags  int
	pad    int // elements of a half-row behind its last point
	part   int // which range of the rows; 0 means all
	dx, dy float64
	tiny   bool // values near the floor
}

// plainExamples returns calls with every combination of flags, all rows and ranges of
// them, several widths, grids whose coarse grid is too small for cubics, and values near
// the floor. Matrices are random throughout, so that reading an element that does not
// count changes the result.
func plainExamples[T device.Float](k *device.Kernel, shapes []shape, norms, n int) []*device.Call {
	n = max(n&^1, 2)
	half := max(n/2&^1, 2)
	var calls []*device.Call
	for i, e := range []plainExample{
		{n: n, m: n, flags: HasEdges, dx: 1, dy: 1},
		{n: half, m: n + 2, flags: HasEdges | HasSource, pad: 3, part: 1, dx: 1, dy: 1.25},
		{n: n + 4, m: half, flags: HasSource | FromZero, pad: 8, part: 2, dx: 1.3, dy: 1},
		{n: half + 2, m: half, pad: 1, part: 3, dx: 1, dy: 1, tiny: true},
		{n: n, m: 4, flags: HasEdges | FromZero, dx: 1.1, dy: 1},
		{n: 4, m: n + 6, flags: HasSource, pad: 5, dx: 1, dy: 1.4},
		{n: 2, m: n, flags: HasEdges | HasSource | FromZero, pad: 2, dx: 1, dy: 1, tiny: true},
		{n: 6, m: 2 * n, flags: FromZero, part: 1, dx: 1, dy: 1},
		{n: half, m: 2, flags: HasEdges | HasSource, part: 2, dx: 1, dy: 1},
	} {
		r := rand.New(rand.NewPCG(uint64(n), uint64(i)))
		calls = append(calls, exampleCall[T](k, shapes, norms, e, r))
	}
	return calls
}

func exampleCall[T device.Float](k *device.Kernel, shapes []shape, norms int, e plainExample, r *rand.Rand) *device.Call {
	x, y := float64(e.dx*e.dx), float64(e.dy*e.dy)
	g := Grid[T]{N: e.n, M: e.m, Flags: e.flags, Cx: T(y / (2 * (x + y))), Cy: T(x / (2 * (x + y)))}
	rows := g.Rows()
	c := &device.Call{Kernel: k, Rows: device.Range{Hi: rows}, Args: make([]device.HostArg, len(k.Params))}
	switch e.part {
	case 1:
		c.Rows = device.Range{Lo: rows / 3, Hi: rows - rows/4}
	case 2:
		c.Rows.Lo = 1
	case 3:
		c.Rows.Hi--
	}
	c.Label = fmt.Sprintf("%d × %d intervals, flags %d, rows %d to %d", e.n, e.m, e.flags, c.Rows.Lo, c.Rows.Hi)
	widths := map[int]int{norms: NormsWidth}
	for _, s := range shapes {
		widths[s.param] = s.parts * (s.width(e.m) + e.pad)
	}
	scalars := g.scalars()
	for i, p := range k.Params {
		switch {
		case p.Access == device.Value:
			c.Args[i] = device.HostArg{Value: scalars[i-len(k.Params)+len(scalars)]}
		case p.Access == device.ReadAll:
			c.Args[i] = device.HostVec(random[T](r, g.Edges(), e.tiny))
		case p.Access == device.WriteRows && p.Type == device.Float32:
			c.Args[i] = device.HostMat(base.Poison[float32](rows*widths[i]), widths[i])
		case p.Access == device.WriteRows:
			c.Args[i] = device.HostMat(base.Poison[T](rows*widths[i]), widths[i])
		case p.Type == device.Float32:
			c.Args[i] = device.HostMat(random[float32](r, rows*widths[i], e.tiny), widths[i])
		default:
			c.Args[i] = device.HostMat(random[T](r, rows*widths[i], e.tiny), widths[i])
		}
	}
	return c
}

// random returns numbers of both signs, of about 1 or near the floor.
func random[T device.Float](r *rand.Rand, n int, tiny bool) []T {
	scale := 1.0
	if tiny {
		scale = 16 * float64(floor[T]())
	}
	s := make([]T, n)
	for i := range s {
		s[i] = T(scale * (float64(2*base.Uniform(r)) - 1))
	}
	return s
}
