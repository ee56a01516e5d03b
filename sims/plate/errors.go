package plate

import "errors"

// The errors of this package; test for them with errors.Is. Wrong options and
// fields wrap device.ErrInvalid.
var (
	// ErrNotConverged: the tolerance was not reached.
	ErrNotConverged = errors.New("the plate has not converged")
	// ErrDiverged: a temperature became infinite or NaN. A Field that passes
	// Check cannot do that on a sound device.
	ErrDiverged = errors.New("the plate has diverged: check the device")
	// ErrFormat: a file is no NumPy file that a Field can be read from.
	ErrFormat = errors.New("not a usable NumPy file")
)
