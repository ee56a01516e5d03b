package device

import (
	"context"
	"errors"
)

// ProbeSize is the size of the examples that Probe runs: large enough to reach every
// path of a kernel's small-size code and small enough to cost well under a
// millisecond.
const ProbeSize = 37

// Verify runs k's examples of size n on d and compares every bit with the
// contract. The result is nil, a *Difference, or the error of the run.
func Verify(ctx context.Context, d Device, k *Kernel, n int) error {
	calls, err := k.examples(n)
	if err != nil {
		return err
	}
	for _, got := range calls {
		want := got.Clone()
		if err := want.Contract(); err != nil {
			return err
		}
		if err := got.Run(ctx, d); err != nil {
			return err
		}
		if diff := Diff(got, want); diff != nil {
			return diff
		}
	}
	return nil
}

// examples makes the examples of k of size n. A panic in its code is an error.
func (k *Kernel) examples(n int) (calls []*Call, err error) {
	if k == nil || k.Examples == nil {
		return nil, Invalidf("a kernel without examples cannot be verified")
	}
	err = Guard("examples of kernel "+k.Name, func() error {
		calls = k.Examples(n)
		return nil
	})
	return calls, err
}

// Probe runs the kernels' examples on d and returns the names of those whose
// results equal their contract. A kernel that differs, has no example, is not supported
// or has a shader that does not compile is left out; any other error ends the probe.
func Probe(ctx context.Context, d Device, kernels []*Kernel) ([]string, error) {
	var exact []string
	for _, k := range kernels {
		if k != nil && k.Examples == nil {
			continue
		}
		err := Verify(ctx, d, k, ProbeSize)
		var diff *Difference
		switch {
		case err == nil:
			exact = append(exact, k.Name)
		case errors.As(err, &diff), errors.Is(err, ErrUnsupported), errors.Is(err, ErrShader):
		default:
			return nil, err
		}
	}
	return exact, nil
}
