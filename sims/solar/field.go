package solar

import (
	"context"
	"fmt"
)

// Field gives the Newtonian accelerations of n point masses whose GM were fixed when the Field was made.
//
// Accelerate reads x, n×3 positions in row-major order (au), and overwrites a, n×3 accelerations (au/day²). An error
// ends the step that asked; the state stays at the last completed step.
type Field interface {
	Accelerate(ctx context.Context, x, a []float64) error
}

// Correction adds velocity-dependent accelerations to a (n×3, au/day²) at positions x (au) and velocities v (au/day).
// An integrator asks for it more often than for the Field, at the same x with several v.
type Correction interface {
	Add(x, v, a []float64)
}

// Acceleration is the right-hand side of the equations of motion: a(x, v) = Field(x) + Correction(x, v).
// Correction may be nil.
type Acceleration struct {
	Field      Field
	Correction Correction
}

// Evaluate overwrites a with the whole acceleration.
func (r *Acceleration) Evaluate(ctx context.Context, x, v, a []float64) error {
	if r == nil || r.Field == nil {
		return fmt.Errorf("%w: no field", ErrInput)
	}
	if err := r.Field.Accelerate(ctx, x, a); err != nil {
		return err
	}
	if r.Correction != nil {
		r.Correction.Add(x, v, a)
	}
	return nil
}
