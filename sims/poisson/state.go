package poisson

import (
	"context"
	"math"

	"offload/device"
)

// State is what a solution carries from cycle to cycle. Its numbers are finite, and those that
// depend on the unit of u are scaled by a power of two that follows from the problem.
type State struct {
	Cycles  int     // as in Result
	Largest float64 // the largest magnitude given, in the unit of u
	// The residuals of the first state and of this one, and the largest change of a point by
	// the last correction.
	First, Residual, Correction float64
	Stalled                     bool // rounding prevents a smaller residual
	// Ended is set after the last cycle of full multigrid, which leaves nothing to continue:
	// its result follows from the numbers, and u holds the solution.
	Ended  bool
	Factor float64 // as in Result; of the last cycle of full multigrid alone

	// Of conjugate gradients: the scale of the residual, the last step and the curvature along
	// it, the least residuals up to the last cycles, and the means of the first guess.
	Scale, Alpha, Curvature float64
	Least, Means            []float64

	// Vectors are matrices in the layout of the method, each of one type. JSON leaves them
	// out: store them beside it.
	Vectors []device.Slice `json:"-"`
}

// frames reports whether there are frames.
func (o Options) frames() bool { return o.Frame != nil && o.Every > 0 }

// checkFrames refuses invalid options of frames.
func (o Options) checkFrames() error {
	if o.Every < 0 {
		return device.Invalidf("frames after every %d cycles: must be positive, or 0 for none", o.Every)
	}
	return nil
}

// fits refuses a state that does not belong to a solution with these options, for a problem
// with that largest magnitude. Unless the solution has ended, the state must have matrices like
// those given.
func (s *State) fits(o Options, largest float64, vectors ...*array) error {
	numbers := append([]float64{s.First, s.Residual, s.Correction, s.Factor, s.Scale, s.Curvature}, s.Least...)
	for _, v := range numbers {
		if !(v >= 0) || math.IsInf(v, 0) {
			return device.Invalidf("a state with the number %g", v)
		}
	}
	for _, v := range append([]float64{s.Alpha}, s.Means...) {
		if v-v != 0 { // not finite
			return device.Invalidf("a state with the number %g", v)
		}
	}
	switch {
	case s.Cycles < 1 || s.Cycles > o.MaxCycles:
		return device.Invalidf("a state after %d cycles for a solution of up to %d", s.Cycles, o.MaxCycles)
	case s.Largest != largest:
		return device.Invalidf("a state of a problem with magnitudes up to %g for one up to %g", s.Largest, largest)
	case s.Ended:
		return nil
	case len(s.Vectors) != len(vectors):
		return device.Invalidf("a state with %d matrices, not %d", len(s.Vectors), len(vectors))
	}
	for i, want := range vectors {
		if v := s.Vectors[i]; v.Type() != want.typ || v.Len() != want.len {
			return device.Invalidf("a state whose matrix %d has %d values of %v, not %d of %v", i, v.Len(), v.Type(), want.len, want.typ)
		} else if !finite(v) {
			return device.Invalidf("a state whose matrix %d is not finite", i)
		}
	}
	return nil
}

// finite reports whether all values are finite.
func finite(s device.Slice) bool {
	if s.Type() == device.Float32 {
		return finiteValues(device.As[float32](s))
	}
	return finiteValues(device.As[float64](s))
}

func finiteValues[T device.Float](values []T) bool {
	for _, v := range values {
		if v-v != 0 {
			return false
		}
	}
	return true
}

// copies returns copies of arrays on the device.
func copies(ctx context.Context, arrays ...*array) ([]device.Slice, error) {
	var all []device.Slice
	for _, a := range arrays {
		c := device.MakeSlice(a.typ, a.len)
		if err := a.buffer.Read(ctx, 0, c); err != nil {
			return nil, err
		}
		all = append(all, c)
	}
	return all, ctx.Err()
}

// setVectors is the inverse of copies.
func setVectors(ctx context.Context, vectors []device.Slice, arrays ...*array) error {
	for i, a := range arrays {
		if err := a.buffer.Write(ctx, 0, vectors[i]); err != nil {
			return err
		}
	}
	return ctx.Err()
}
