package check

import (
	"fmt"
	"math"

	"offload/device"
)

// grid is what is known of a plate of rows × cols points: weighted sums of its
// rows, and what they follow from.
type grid struct {
	rows, cols int
	sums       []float64 // of each row: measured, or foretold since
	spare      []float64
	ends       []float64 // w₁·(first + last point) of each row, which stay as they are
	total      float64   // Σ weights
	largest    float64   // of all |u|; sweeps do not increase it
	sweeps     int       // foretold since the sums were measured
	slack      float64   // what rounding explains of a sum, for these sweeps
}

// step is what one sweep of a kernel does to the sums, and how much of it is
// rounding.
type step struct {
	centre, cx, cy float64
	roundings      float64 // of one update, at the most, in units of the largest value
	unit           float64 // 2^-24 or 2^-53
	floor          float64 // what the kernel takes for zero
}

// unit64 is the rounding of the sums themselves.
const unit64 = 0x1p-53

// unit is the rounding of a T.
func unit[T device.Float]() float64 {
	if device.TypeOf[T]() == device.Float32 {
		return 0x1p-24
	}
	return unit64
}

// measure makes g a description of the plate in data, with those weights.
func (g *grid) measure(data device.Slice, cols int, weights []float64) {
	if data.Type() == device.Float32 {
		measure(g, device.As[float32](data), cols, weights)
	} else {
		measure(g, device.As[float64](data), cols, weights)
	}
}

func measure[T device.Float](g *grid, u []T, cols int, weights []float64) {
	g.resize(len(u)/cols, cols)
	g.total, g.largest = 0, largest(u)
	for _, w := range weights {
		g.total += w
	}
	w1 := 0.0
	if cols > 2 {
		w1 = weights[1]
	}
	for r := range g.rows {
		row := u[r*cols:][:cols]
		g.sums[r] = weighted(row, weights)
		g.ends[r] = w1 * (float64(row[0]) + float64(row[cols-1]))
	}
	g.sweeps, g.slack = 0, 0
}

func (g *grid) resize(rows, cols int) {
	if g.rows != rows || g.cols != cols {
		*g = grid{rows: rows, cols: cols, sums: make([]float64, rows), spare: make([]float64, rows), ends: make([]float64, rows)}
	}
}

// foretell makes g what from is after n sweeps.
func (g *grid) foretell(from *grid, n int, s step) {
	g.resize(from.rows, from.cols)
	copy(g.sums, from.sums)
	copy(g.ends, from.ends)
	g.total, g.largest = from.total, from.largest
	if g.cols > 2 && g.rows > 2 {
		for range n {
			g.sweep(s)
		}
	}
	g.sweeps = from.sweeps + n
	sweep := (s.roundings*s.unit+8*unit64)*g.largest + s.floor
	g.slack = from.slack + float64(n)*sweep*g.total
}

// sweep is one sweep of the rows inside. With θ = π/(cols − 1), sin(θ(c−1)) +
// sin(θ(c+1)) = 2·cos θ·sin(θc): that is why the sums of rows suffice.
func (g *grid) sweep(s step) {
	n := len(g.sums)
	from, to, ends := g.sums, g.spare[:n], g.ends[:n]
	self := s.centre + 2*s.cx*math.Cos(math.Pi/float64(g.cols-1))
	to[0], to[n-1] = from[0], from[n-1]
	up, here := from[0], from[1]
	for r := 1; r < n-1; r++ {
		down := from[r+1]
		to[r] = self*here + s.cy*(up+down) + s.cx*ends[r]
		up, here = here, down
	}
	g.sums, g.spare = to, from
}

// compare checks measured sums against those foretold. Where nothing happened since
// they were measured, every bit must be there.
func (g *grid) compare(kind string, measured []float64) error {
	tolerance := 0.0
	if g.sweeps > 0 {
		adding := 2 * (float64(g.cols)/sumLanes + sumLanes) * unit64 * g.largest * g.total
		tolerance = g.slack + adding
	}
	for r, m := range measured {
		if d := math.Abs(m - g.sums[r]); !(d <= tolerance) {
			return fmt.Errorf("%w: %s: the weighted sum of row %d is off by %.3g after %d sweeps, rounding explains %.3g",
				ErrChecksum, kind, r, d, g.sweeps, tolerance)
		}
	}
	return nil
}

// settle makes the measured sums those of g.
func (g *grid) settle(measured []float64) {
	copy(g.sums, measured)
	g.sweeps, g.slack = 0, 0
}
