package poisson

import (
	"math"
	"slices"

	"offload/device"
)

// Largest numbers that a problem may have.
const (
	maxSide   = 1 << 24
	maxPoints = 1 << 30
)

// check refuses a problem that has no meaning.
func (p *Problem) check() error {
	switch {
	case p == nil:
		return device.Invalidf("no problem")
	case p.Rows < 2 || p.Cols < 2 || p.Rows > maxSide || p.Cols > maxSide || p.Rows > maxPoints/p.Cols:
		return device.Invalidf("a plate of %d × %d points", p.Rows, p.Cols)
	case (p.Dx != 0 || p.Dy != 0) && !(normalSquare(p.Dx) && normalSquare(p.Dy)):
		return device.Invalidf("spacings of %g and %g: both must be positive, with normal squares", p.Dx, p.Dy)
	case p.K != 0 && !positive(p.K):
		return device.Invalidf("a conductivity of %g W/(m·K)", p.K)
	case p.K != 0 && p.Conductivity != nil:
		return device.Invalidf("both one conductivity and that of every point are given")
	}
	for _, e := range []struct {
		name string
		Edge
	}{{"top", p.Top}, {"bottom", p.Bottom}, {"left", p.Left}, {"right", p.Right}} {
		if err := e.check(e.name); err != nil {
			return err
		}
	}
	if (p.Top.Kind == Periodic) != (p.Bottom.Kind == Periodic) || (p.Left.Kind == Periodic) != (p.Right.Kind == Periodic) {
		return device.Invalidf("a periodic edge without its opposite")
	}
	if n := len(p.Held); p.Held != nil && n != p.Rows*p.Cols {
		return device.Invalidf("%d held points for %d × %d points", n, p.Rows, p.Cols)
	}
	least := func(x float64) bool { return x >= 0 && !math.IsInf(x, 0) }
	finite := func(x float64) bool { return !math.IsNaN(x) && !math.IsInf(x, 0) }
	for _, m := range []struct {
		name   string
		values []float64
		valid  func(x float64) bool
	}{{"conductivity", p.Conductivity, least}, {"reaction", p.Reaction, least}, {"source", p.Source, finite}} {
		if err := p.checkMatrix(m.name, m.values, m.valid); err != nil {
			return err
		}
	}
	for i := range p.Rows {
		for j := range p.Cols {
			if !p.keeps(i, j) {
				return nil
			}
		}
	}
	return device.Invalidf("every point keeps its value")
}

func (e Edge) check(name string) error {
	switch {
	case e.Kind < Fixed || e.Kind > Periodic:
		return device.Invalidf("the %s edge is of kind %d", name, e.Kind)
	case e.Kind == Flux && (math.IsNaN(e.Flux) || math.IsInf(e.Flux, 0)):
		return device.Invalidf("a flux of %g W/m² at the %s edge", e.Flux, name)
	case e.Kind == Convection && !(e.Transfer >= 0 && !math.IsInf(e.Transfer, 0)):
		return device.Invalidf("a heat transfer of %g W/(m²·K) at the %s edge", e.Transfer, name)
	case e.Kind == Convection && (math.IsNaN(e.Ambient) || math.IsInf(e.Ambient, 0)):
		return device.Invalidf("an ambient temperature of %g at the %s edge", e.Ambient, name)
	}
	return nil
}

// checkMatrix refuses values that do not match the points, nil excepted, or are not valid.
func (p *Problem) checkMatrix(name string, values []float64, valid func(x float64) bool) error {
	if values != nil && len(values) != p.Rows*p.Cols {
		return device.Invalidf("%d values of %s for %d × %d points", len(values), name, p.Rows, p.Cols)
	}
	for i, v := range values {
		if !valid(v) {
			return device.Invalidf("a %s of %g in row %d, column %d", name, v, i/p.Cols, i%p.Cols)
		}
	}
	return nil
}

// checkValues refuses temperatures or sources that do not match the points or are not
// finite.
func checkValues[T device.Float](p *Problem, name string, values []T) error {
	if len(values) != p.Rows*p.Cols {
		return device.Invalidf("%d values of %s for %d × %d points", len(values), name, p.Rows, p.Cols)
	}
	for i, v := range values {
		if x := float64(v); math.IsNaN(x) || math.IsInf(x, 0) {
			return device.Invalidf("a %s of %g in row %d, column %d", name, x, i/p.Cols, i%p.Cols)
		}
	}
	return nil
}

// check refuses invalid options.
func (o Options) check() error {
	if !(o.Tol >= 0) || math.IsInf(o.Tol, 0) || o.MaxCycles < 0 {
		return device.Invalidf("a tolerance of %g and %d cycles: neither may be negative", o.Tol, o.MaxCycles)
	}
	return o.checkFrames()
}

// keeps reports whether point (i, j) keeps its value.
func (p *Problem) keeps(i, j int) bool {
	return i == 0 && p.Top.Kind == Fixed || i == p.Rows-1 && p.Bottom.Kind == Fixed ||
		j == 0 && p.Left.Kind == Fixed || j == p.Cols-1 && p.Right.Kind == Fixed ||
		p.Held != nil && p.Held[i*p.Cols+j] || p.isolated(i*p.Cols+j)
}

// Bounds returns the least and the largest value that the solution from the first guess u
// can have: those of the points that keep theirs and ambient temperatures, and those of all
// points if holes may cut off some of them. ok is false if there are none, and for problems
// with sources, fluxes or reaction, which have no such bounds. The problem must be valid and
// u have its shape.
func Bounds[T device.Float](p *Problem, u []T) (least, largest T, ok bool) {
	if p.Source != nil || p.Reaction != nil {
		return 0, 0, false
	}
	low, high := math.Inf(1), math.Inf(-1)
	for _, e := range []Edge{p.Top, p.Bottom, p.Left, p.Right} {
		switch {
		case e.Kind == Flux && e.Flux != 0:
			return 0, 0, false
		case e.Kind == Convection && e.Transfer > 0:
			low, high = min(low, e.Ambient), max(high, e.Ambient)
		}
	}
	holes := slices.Contains(p.Conductivity, 0)
	for i := range p.Rows {
		for j := range p.Cols {
			if v := float64(u[i*p.Cols+j]); holes || p.keeps(i, j) {
				low, high = min(low, v), max(high, v)
			}
		}
	}
	return T(low), T(high), low <= high
}

// isolated reports whether a point conducts no heat.
func (p *Problem) isolated(at int) bool { return p.Conductivity != nil && p.Conductivity[at] == 0 }

// ambient returns the largest magnitude of an ambient temperature that matters.
func (p *Problem) ambient() (largest float64) {
	for _, e := range []Edge{p.Top, p.Bottom, p.Left, p.Right} {
		if e.Kind == Convection && e.Transfer > 0 {
			largest = max(largest, math.Abs(e.Ambient))
		}
	}
	return largest
}

// normalSquare reports whether d is positive and its square is a normal number.
func normalSquare(d float64) bool {
	square := d * d
	return d > 0 && square >= 0x1p-1022 && square <= math.MaxFloat64
}
