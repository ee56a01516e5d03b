package cluster

import (
	"errors"

	"offload/device"
)

// wireError is an error as it travels. It is not that of an item but of the whole rank if Item is negative.
type wireError struct {
	Item, Rank int
	Text       string
	Known      []int // the known errors that it wraps
	Stack      []byte
}

// newWireError returns an error in the form in which it travels.
func newWireError(item, rank int, err error, known []error) *wireError {
	w := &wireError{Item: item, Rank: rank, Text: err.Error()}
	for i, k := range known {
		if errors.Is(err, k) {
			w.Known = append(w.Known, i)
		}
	}
	var p *device.PanicError
	if errors.As(err, &p) {
		w.Stack = p.Stack
	}
	return w
}

// remote returns the error that has travelled.
func (w *wireError) remote(known []error) error {
	err := &remoteError{text: w.Text}
	for _, i := range w.Known {
		if i >= 0 && i < len(known) {
			err.known = append(err.known, known[i])
		}
	}
	return err
}

// remoteError is an error of another rank, or of this one in the same form: its text, and the known errors that it wraps.
type remoteError struct {
	text  string
	known []error
}

func (e *remoteError) Error() string { return e.text }

func (e *remoteError) Unwrap() []error { return e.known }
