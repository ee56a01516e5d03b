package poisson

import (
	"context"
	"math"
	"slices"

	"offload/device"
	"offload/internal/ieee"
	"offload/kernels/multigrid"
)

// scaling is the magnitude of a problem. The kernels get all values multiplied by factor,
// a power of two, so that the largest is at least 1 and less than 2.
type scaling struct {
	largest float64 // of the values on the edges and the rise that the source causes; 0 if all are 0
	factor  float64
}

// scalingOf returns the scaling of problems of type T with this largest magnitude. It
// refuses what the range of T does not hold, or would flush to 0.
func scalingOf[T device.Float](largest float64) (scaling, error) {
	least, limit := 0x1p-840, math.MaxFloat64/16
	if device.TypeOf[T]() == device.Float32 {
		least, limit = 0x1p-40, math.MaxFloat32/16
	}
	if largest != 0 && !(largest >= least && largest <= limit) {
		return scaling{}, device.Invalidf("the largest value on an edge or rise by a source is %g; the range of %v is %g to %g: use another unit",
			largest, device.TypeOf[T](), least, limit)
	}
	_, exponent := math.Frexp(largest)
	return scaling{largest, math.Ldexp(1, 1-exponent)}, nil
}

// ordinary bounds the magnitudes, and their reciprocals, that need no scale in the plain
// method, so that the solution arises where the caller wants it.
const ordinary = 0x1p16

// largestEdge returns the largest magnitude on the edges of u.
func (s *plain[T]) largestEdge(u []T) (float64, error) {
	n, m := s.finest().n, s.finest().m
	largest := T(0)
	for i := range n + 1 {
		step := m
		if i == 0 || i == n {
			step = 1
		}
		for j := 0; j <= m; j += step {
			v := u[i*(m+1)+j]
			if v-v != 0 {
				return 0, device.Invalidf("value %g in row %d, column %d of u", v, i, j)
			}
			largest = max(largest, ieee.Abs(v))
		}
	}
	return float64(largest), nil
}

// unitSource returns the change of a point by a unit of the source: dx²dy²/(2k(dx²+dy²)).
func (s *plain[T]) unitSource() float64 {
	dx, dy := s.problem.spacing()
	x, y := float64(dx*dx), float64(dy*dy)
	return x / (x + y) * (y / (2 * s.problem.conductivity()))
}

// largestRise bounds the rise that the source q causes: by that of a plate without side
// edges in which every point has the largest source of its row, and likewise for columns.
func largestRise[T, S device.Float](s *plain[T], q []S) (float64, error) {
	n, m := s.finest().n, s.finest().m
	rows, columns := make([]float64, n+1), make([]float64, m+1)
	for i := 1; i < n; i++ {
		row, largest, invalid := q[i*(m+1):][:len(columns)], 0.0, 0.0
		for j := 1; j < m; j++ {
			v := ieee.Abs(float64(row[j]))
			invalid += v - v // 0, or NaN
			if v > largest {
				largest = v
			}
			if v > columns[j] {
				columns[j] = v
			}
		}
		if rows[i] = largest; invalid != 0 {
			j := 1 + slices.IndexFunc(row[1:m], func(v S) bool { return v-v != 0 })
			return 0, device.Invalidf("source %g in row %d, column %d", row[j], i, j)
		}
	}
	unit := s.unitSource()
	return unit * min(stripRise(rows, float64(s.cy)), stripRise(columns, float64(s.cx))), nil
}

// stripRise returns the largest solution of 2c·u = c·(before + after) + f with zeros at
// both ends, for f ≥ 0.
func stripRise(f []float64, c float64) float64 {
	n := len(f) - 1
	var before, u, largest float64
	for i := 1; i < n; i++ {
		u += float64(f[i] / c * (float64(n-i) / float64(n)))
	}
	for i := 1; i < n; i++ {
		largest = max(largest, u)
		before, u = u, float64(2*u)-before-f[i]/c
	}
	return largest
}

// load sets the edges and the right sides of all levels; those of coarser levels are
// values of the finest one.
func (s *plain[T]) load(ctx context.Context, u, source []T, factor float64) error {
	for i, l := range s.levels {
		every := 1 << (len(s.levels) - 1 - i) // in points of the finest level
		if err := s.loadEdges(ctx, l, every, u, T(factor)); err != nil {
			return err
		}
		if !s.withSource {
			continue
		}
		weight := s.unitSource() * factor * float64(every) * float64(every)
		var err error
		if source != nil {
			err = loadSide(ctx, s, l, every, weight, source)
		} else {
			err = loadSide(ctx, s, l, every, weight, s.problem.Source)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// loadEdges sets the edges of a level to those of u, scaled.
func (s *plain[T]) loadEdges(ctx context.Context, l *plainLevel[T], every int, u []T, factor T) error {
	w := s.finest().m + 1
	row, column := every, every*w // from one point of the level to the next
	var e []T
	if l.onDevice {
		e = s.staging[:0]
	} else {
		e = device.As[T](l.edges.host)[:0]
	}
	floor := multigrid.Floor[T]()
	add := func(first, step, count int) {
		for i := range count {
			e = append(e, flush(u[first+i*step]*factor, floor))
		}
	}
	add(0, row, l.m+1)
	add(l.n*column, row, l.m+1)
	add(0, column, l.n+1)
	add(l.m*row, column, l.n+1)
	if !l.onDevice {
		return nil
	}
	return l.edges.buffer.Write(ctx, 0, device.Of(e))
}

// flush returns v, or 0 if its magnitude is below the floor, as kernels do with what they
// store.
func flush[T device.Float](v, floor T) T {
	if v < floor && v > -floor {
		return 0
	}
	return v
}

// loadSide sets the right side of a level to the source q times weight, in pieces of a
// few rows.
func loadSide[T, S device.Float](ctx context.Context, s *plain[T], l *plainLevel[T], every int, weight float64, q []S) error {
	w, pair := s.finest().m+1, 4*l.half
	pairs, floor := max(1, len(s.staging)/pair), multigrid.Floor[T]()
	for first := 0; first <= l.n/2; first += pairs {
		last := min(first+pairs, l.n/2+1)
		var f []T
		if l.onDevice {
			f = s.staging[:(last-first)*pair]
		} else {
			f = device.As[T](l.side.host)[first*pair : min(last*pair, l.side.len)]
		}
		clear(f)
		for i := max(2*first, 1); i < min(2*last, l.n); i++ {
			row, to := q[i*every*w:][:w], f[2*(i-2*first)*l.half:]
			even, odd := to[i&1*l.half:][:(l.m+1)/2], to[(i+1)&1*l.half:][:l.m/2]
			for t := range even[1:] {
				even[t+1] = flush(T(float64(row[2*(t+1)*every])*weight), floor)
			}
			for t := range odd {
				odd[t] = flush(T(float64(row[(2*t+1)*every])*weight), floor)
			}
		}
		if l.onDevice {
			if err := l.side.buffer.Write(ctx, first*pair, device.Of(f)); err != nil {
				return err
			}
		}
	}
	return nil
}

// store sets u to the solution on the finest level, without its scale, in pieces that fit
// a cache.
func (s *plain[T]) store(ctx context.Context, u []T, factor float64) error {
	l := s.finest()
	unscale := T(1 / factor)
	if s.wraps {
		if inner := u[:l.n*(l.m+1)]; factor != 1 {
			for i := range inner {
				inner[i] *= unscale
			}
		}
		return nil
	}
	for lo := 0; lo < len(u); lo += storePiece {
		hi := min(lo+storePiece, len(u))
		part := u[lo:hi]
		if l.onDevice {
			if err := l.solution.buffer.Read(ctx, lo, device.Of(part)); err != nil {
				return err
			}
		} else {
			copy(part, device.As[T](l.solution.host)[lo:hi])
		}
		for i := range part {
			part[i] *= unscale
		}
	}
	return nil
}

const storePiece = 1 << 18
