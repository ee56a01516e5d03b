package poisson

import (
	"context"
	"math"

	"offload/device"
)

// frame sets u to the present state and returns that. The residual and the product of the
// direction with the operator follow from its matrices, the state and the direction.
func (s *general[T]) frame(ctx context.Context, d *descent, u []T, h heat, scale scaling) (*State, error) {
	vectors, err := copies(ctx, &s.x[d.x], &s.p[d.p])
	if err != nil {
		return nil, err
	}
	s.setValues(ctx, device.As[T](vectors[0]), u, h, scale.factor)
	return &State{
		Cycles: d.iterations, Largest: scale.largest,
		First: d.first, Residual: d.residual, Stalled: d.stalled,
		Scale: d.scale, Alpha: d.alpha, Curvature: d.curvature,
		Least: append([]float64(nil), d.least[:]...), Means: append([]float64(nil), h.means...),
		Vectors: vectors,
	}, nil
}

// restore sets d, the matrices and the means to the state o.From.
func (s *general[T]) restore(ctx context.Context, d *descent, u []T, h *heat, scale scaling, o Options) error {
	from := o.From
	if err := from.fits(o, scale.largest, &s.x[0], &s.p[0]); err != nil {
		return err
	}
	power, _ := math.Frexp(from.Scale)
	if from.Ended || power != 0.5 || len(from.Least) != len(d.least) || len(from.Means) != len(h.means) || !(from.Curvature > 0) {
		return device.Invalidf("a state that is not of conjugate gradients for this problem")
	}
	h.means = append([]float64(nil), from.Means...)
	if err := s.load(ctx, u, *h, scale.factor); err != nil { // for the right side
		return err
	}
	if err := setVectors(ctx, from.Vectors, &s.x[0], &s.p[0]); err != nil {
		return err
	}
	if err := s.step(ctx, d, 0, &s.p[0], from.Scale); err != nil {
		return err
	}
	if d.residual != from.Residual {
		return device.Invalidf("a state with a residual of %g, where this problem has %g", from.Residual, d.residual)
	}
	if err := s.direction(ctx, &s.p[0], &s.p[1], 0, 1); err != nil {
		return err
	}
	d.iterations, d.measured, d.p = from.Cycles, -1, 1
	d.first, d.alpha, d.curvature, d.stalled = from.First, from.Alpha, from.Curvature, from.Stalled
	copy(d.least[:], from.Least)
	return nil
}
