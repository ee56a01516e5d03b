package check

import (
	"fmt"
	"math"

	"offload/device"
)

// grid holds the weighted row sums of a field of rows × cols points, and the data to
// predict them after more sweeps.
type grid struct {
	rows, cols int
	sums       []float64 // of each row: measured, or predicted
	spare      []float64
	fixed      []float64 // contribution of the ends in a sweep
	ends       []float64 // w₁·(first + last point) of each row, which are constant
	total      float64   // Σ weights
	largest    float64   // of all |u|; sweeps do not increase it
	sweeps     int       // done since the sums were measured
	owed       int       // those not yet applied to sums, each with step
	step       step
	slack      float64 // bound on the rounding error of a sum, for these sweeps
}

// step is the effect of one sweep of a kernel on the sums, with the bound on its rounding
// error.
type step struct {
	centre, cx, cy float64
	roundings      float64 // bound for one update, in roundings of the largest value
	unit           float64 // 2^-24 or 2^-53
	floor          float64 // magnitude that the kernel takes for zero
}

// unit64 is the rounding unit of the sums.
const unit64 = 0x1p-53

// unitOf returns the rounding unit of a type.
func unitOf(t device.Type) float64 {
	if t == device.Float32 {
		return 0x1p-24
	}
	return unit64
}

// measure sets g to the weighted row sums of the field in data.
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
	g.sweeps, g.owed, g.slack = 0, 0, 0
}

func (g *grid) resize(rows, cols int) {
	if g.rows != rows || g.cols != cols {
		*g = grid{rows: rows, cols: cols}
		for _, s := range []*[]float64{&g.sums, &g.spare, &g.fixed, &g.ends} {
			*s = make([]float64, rows)
		}
	}
}

// follow sets g to from after n more sweeps. The work is deferred to the next check, when
// the device has nothing else to do.
func (g *grid) follow(from *grid, n int, s step) {
	if from.owed > 0 && from.step != s {
		from.advance()
	}
	g.resize(from.rows, from.cols)
	copy(g.sums, from.sums)
	copy(g.ends, from.ends)
	g.total, g.largest = from.total, from.largest
	g.sweeps, g.owed, g.step = from.sweeps+n, from.owed+n, s
	sweep := (s.roundings*s.unit+8*unit64)*g.largest + s.floor
	g.slack = from.slack + float64(n)*sweep*g.total
}

// advance applies the deferred sweeps to the sums. With θ = π/(cols − 1), sin(θ(c−1)) +
// sin(θ(c+1)) = 2·cos θ·sin(θc): so the sums of rows suffice.
func (g *grid) advance() {
	n := g.owed
	if g.owed = 0; g.cols < 3 || g.rows < 3 {
		return // edges only, which are constant
	}
	self := g.step.centre + 2*g.step.cx*math.Cos(math.Pi/float64(g.cols-1))
	for r, e := range g.ends {
		g.fixed[r] = g.step.cx * e
	}
	g.spare[0], g.spare[g.rows-1] = g.sums[0], g.sums[g.rows-1]
	for range n {
		sweep(g.spare, g.sums, g.fixed, self, g.step.cy)
		g.sums, g.spare = g.spare, g.sums
	}
}

// sweep applies one sweep to the inner rows.
func sweep(to, from, fixed []float64, self, cy float64) {
	n := len(to)
	from, fixed = from[:n], fixed[:n]
	up, here := from[0], from[1]
	for r := 2; r < n; r++ {
		down := from[r]
		to[r-1] = (self*here + fixed[r-1]) + cy*(up+down)
		up, here = here, down
	}
}

// compare checks measured sums against the predicted ones. Without sweeps since the last
// measurement, they must be equal, bit for bit.
func (g *grid) compare(kind string, measured []float64) error {
	g.advance()
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

// settle sets g's sums to the measured ones.
func (g *grid) settle(measured []float64) {
	copy(g.sums, measured)
	g.sweeps, g.owed, g.slack = 0, 0, 0
}
