package poisson

import (
	"offload/device"
	"offload/kernels/multigrid"
)

// plainLevel is a grid and its memory; see package multigrid for the layout.
type plainLevel[T device.Float] struct {
	size
	onDevice bool

	// The solution, in T.
	half, wide int // elements from one half-row, and one natural row, to the next
	edges      array
	side       array
	state      [2]array // the second one on the finest level only
	solution   array
	norms      array

	// The correction of the next finer level, in float32.
	half32, wide32 int
	side32         array
	state32        array
	correction     array
	norms32        array
}

func newPlainLevel[T device.Float](s size, finest bool) *plainLevel[T] {
	t := device.TypeOf[T]()
	rows := (s.n + 2) &^ 1 // an even number
	l := &plainLevel[T]{
		size: s,
		half: stride(multigrid.HalfWidth(s.m), t), wide: stride(s.m+1, t),
		half32: stride(multigrid.HalfWidth(s.m), device.Float32), wide32: stride(s.m+1, device.Float32),
	}
	if finest {
		l.wide = s.m + 1 // as in the caller's matrix
	}
	l.edges = array{typ: t, len: 2*(s.n+1) + 2*(s.m+1)}
	l.side = array{typ: t, len: rows * 2 * l.half}
	for i := range l.state {
		l.state[i] = array{typ: t, len: rows * l.half}
	}
	l.solution = array{typ: t, len: rows * l.wide, passes: true}
	l.norms = array{typ: t, len: rows / 2 * multigrid.NormsWidth}
	l.side32 = array{typ: device.Float32, len: rows * 2 * l.half32, passes: true}
	l.state32 = array{typ: device.Float32, len: rows * l.half32}
	l.correction = array{typ: device.Float32, len: rows * l.wide32, passes: true}
	l.norms32 = array{typ: device.Float32, len: rows / 2 * multigrid.NormsWidth}
	return l
}

// stride returns the number of elements from one row of n elements to the next: an odd
// number of cache lines, so that the rows of a column share few sets of a cache.
func stride(n int, t device.Type) int {
	const line = 64
	lines := (n*t.Size() + line - 1) / line
	return (lines | 1) * line / t.Size()
}

// arrays returns the arrays of level i of count that every problem needs.
func (l *plainLevel[T]) arrays(i, count int) []*array {
	all := []*array{&l.edges, &l.solution}
	if i > 0 {
		all = append(all, &l.state[0], &l.norms)
	}
	if i == count-1 {
		return append(all, &l.state[1])
	}
	all = append(all, &l.side32, &l.correction)
	if i > 0 {
		all = append(all, &l.state32, &l.norms32)
	}
	return all
}

// grid returns the scalars of launches for the solution.
func (s *plain[T]) grid(l *plainLevel[T], flags int) multigrid.Grid[T] {
	return multigrid.Grid[T]{N: l.n, M: l.m, Flags: flags, Cx: s.cx, Cy: s.cy}
}

// grid32 returns the scalars of launches for a correction.
func (s *plain[T]) grid32(l *plainLevel[T], flags int) multigrid.Grid[float32] {
	return multigrid.Grid[float32]{N: l.n, M: l.m, Flags: flags, Cx: float32(s.cx), Cy: float32(s.cy)}
}
