package solar

import (
	"errors"
	"fmt"
)

// ErrInput marks everything a caller or an input table got wrong.
var ErrInput = errors.New("invalid input")

// ErrDiverged marks an integration that cannot go on: a state stopped being finite, or the step fell below MinStep,
// as it does when point masses collide. The state remains that of the last completed step.
var ErrDiverged = errors.New("the integration diverged")

// Divergence says where an integration broke down. It wraps ErrDiverged.
type Divergence struct {
	Body   int     // index of the body, -1 when none stands out
	T      float64 // last completed time, days since the epoch
	Reason string
}

func (d *Divergence) Error() string {
	return fmt.Sprintf("%v: body %d at %.9g days: %s", ErrDiverged, d.Body, d.T, d.Reason)
}

// Unwrap makes errors.Is(err, ErrDiverged) hold.
func (d *Divergence) Unwrap() error { return ErrDiverged }
