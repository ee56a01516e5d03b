package solar

import (
	"fmt"
	"math"
)

// Difference is how far a body is from its reference position.
type Difference struct {
	Name string
	KM   float64
}

// sameDate is how far apart, in days, the dates of comparable snapshots may be: a few roundings of a Julian date.
const sameDate = 2e-9

// Compare returns the distance in km between each body of want and the body of that name in got, in want's order. A
// body that got lacks or a different date is refused with ErrInput.
func Compare(got, want Snapshot) ([]Difference, error) {
	if !(math.Abs(got.JD-want.JD) <= sameDate) {
		return nil, fmt.Errorf("%w: a state at JD %v cannot be compared with one at JD %v", ErrInput, got.JD, want.JD)
	}
	at := make(map[string]int, len(got.Bodies))
	for i := range got.Bodies {
		at[got.Bodies[i].Name] = i
	}
	out := make([]Difference, 0, len(want.Bodies))
	for _, ref := range want.Bodies {
		i, ok := at[ref.Name]
		if !ok {
			return nil, fmt.Errorf("%w: no body %q to compare", ErrInput, ref.Name)
		}
		x := got.Bodies[i].X
		d := [3]float64{x[0] - ref.X[0], x[1] - ref.X[1], x[2] - ref.X[2]}
		out = append(out, Difference{Name: ref.Name, KM: float64(norm(d[:]) * AU)})
	}
	return out, nil
}
