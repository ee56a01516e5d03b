package poisson

import (
	"context"
	"fmt"

	"offload/device"
	"offload/kernels/multigrid"
)

// The plain method solves problems with fixed edges and one conductivity on grids whose
// numbers of intervals can be halved again and again. Full multigrid gives the first state,
// so that the first guess does not count and is not read; V-cycles whose corrections are
// float32 improve it.

const (
	// maxRatio is the largest ratio of the distances with which coarsening in both
	// directions works well.
	maxRatio = 4. / 3
	// The coarsest grid is solved directly.
	maxBand     = 64      // intervals of its shorter side
	maxUnknowns = 1 << 13 // of its points
	// hostPoints is the largest number of points of a coarser level that is computed in the
	// caller's goroutine. The finest level is always on the device.
	hostPoints = 1 << 16
)

// stagingLen is the number of values that are copied to the device at a time.
const stagingLen = 1 << 16

// size is a grid of n × m intervals.
type size struct{ n, m int }

// plainHierarchy returns the grids of the plain method, the coarsest first, or nil if it
// does not apply to p.
func plainHierarchy(p *Problem) []size {
	dx, dy := p.spacing()
	for _, e := range [...]Edge{p.Top, p.Bottom, p.Left, p.Right} {
		if e.Kind != Fixed {
			return nil
		}
	}
	if p.Conductivity != nil || p.Reaction != nil || p.Held != nil || !(max(dx, dy) <= maxRatio*min(dx, dy)) {
		return nil
	}
	all := []size{{p.Rows - 1, p.Cols - 1}}
	for s := all[0]; s.n%2 == 0 && s.m%2 == 0 && min(s.n, s.m) >= 4; {
		s = size{s.n / 2, s.m / 2}
		all = append([]size{s}, all...)
	}
	if c := all[0]; len(all) < 2 || min(c.n, c.m) > maxBand || (c.n-1)*(c.m-1) > maxUnknowns {
		return nil
	}
	return all
}

// plain is the plain method.
type plain[T device.Float] struct {
	problem *Problem
	memory
	cx, cy  T
	levels  []*plainLevel[T] // the coarsest first
	bottom  *direct
	wraps   bool  // the device computes in host memory: the solution arises in the caller's
	wrapped array // matrix, which is this one in the last solution
	norms   []T   // of the finest level, on the host
	staging []T   // for rows of the finest level

	steps      []step  // full multigrid up to the finest level's first state
	visit      []step  // of the coarser levels
	cycle      [2]step // of the finest level, from either state
	finish     [2]step
	withSource bool // the steps are those with a source
}

// newPlain allocates the levels.
func newPlain[T device.Float](ctx context.Context, dev device.Device, p *Problem) (method[T], error) {
	s, err := openPlain[T](ctx, dev, p, hostPoints)
	if err != nil {
		return nil, err
	}
	return s, nil
}

// openPlain is newPlain with levels of up to border points on the host.
func openPlain[T device.Float](ctx context.Context, dev device.Device, p *Problem, border int) (*plain[T], error) {
	s := &plain[T]{problem: p, memory: memory{dev: dev}}
	s.cx, s.cy = weights[T](p)
	sizes := plainHierarchy(p)
	s.bottom = newDirect(sizes[0].n, sizes[0].m, float64(s.cx), float64(s.cy))
	for i, size := range sizes {
		l := newPlainLevel[T](size, i == len(sizes)-1)
		l.onDevice = i == len(sizes)-1 || i > 0 && (size.n+1)*(size.m+1) > border
		s.levels = append(s.levels, l)
	}
	if err := s.allocate(ctx); err != nil {
		s.Close()
		return nil, fmt.Errorf("grid of %d × %d points: %w", p.Rows, p.Cols, err)
	}
	return s, nil
}

// weights returns the weights of the neighbours in the row and in the column.
func weights[T device.Float](p *Problem) (cx, cy T) {
	dx, dy := p.spacing()
	x, y := float64(dx*dx), float64(dy*dy)
	return T(y / (2 * (x + y))), T(x / (2 * (x + y)))
}

// Close frees all buffers.
func (s *plain[T]) Close() {
	if s.wrapped.buffer != nil {
		s.wrapped.buffer.Free()
	}
	s.memory.Close()
}

// finest returns the finest level.
func (s *plain[T]) finest() *plainLevel[T] { return s.levels[len(s.levels)-1] }

// allocate allocates what every source needs.
func (s *plain[T]) allocate(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if b, err := device.Wrap(s.dev, device.Of(make([]T, 1))); err == nil {
		b.Free()
		s.wraps = true
	}
	for i, l := range s.levels {
		// Where the next finer level is on the device and l is not, both have a copy of
		// what passes between them.
		border := i+1 < len(s.levels) && s.levels[i+1].onDevice && !l.onDevice
		for _, a := range l.arrays(i, len(s.levels)) {
			if s.wraps && a == &s.finest().solution {
				continue
			}
			if err := s.place(a, l.onDevice || border && a.passes, !l.onDevice); err != nil {
				return err
			}
		}
	}
	f := s.finest()
	s.norms = make([]T, multigrid.NormsWidth*(f.n/2+1))
	s.staging = make([]T, f.edges.len)
	return nil
}
