package device

import (
	"context"
	"errors"
	"fmt"
	"math"
)

// ProbeSize is the size of the examples that Probe runs: large enough for every path of a
// kernel's small-size code, small enough to take well under a millisecond.
const ProbeSize = 37

// Verify runs k's examples of size n on d and compares every bit with the
// contract. The result is nil, a *Difference, or the error of the run.
func Verify(ctx context.Context, d Device, k *Kernel, n int) error {
	calls, err := k.examples(n)
	if err != nil {
		return err
	}
	for _, c := range calls {
		if err := c.Verify(ctx, d); err != nil {
			return err
		}
	}
	return nil
}

// Verify runs a copy of c on d and compares every bit of the computed rows with the
// contract. First it sets WriteRows outputs to the complement of the expected bits, so
// that elements left unwritten differ. The result is nil, a *Difference, or the error of
// the run.
func (c *Call) Verify(ctx context.Context, d Device) error {
	want, got := c.Clone(), c.Clone()
	if err := want.Contract(); err != nil {
		return err
	}
	b, err := got.Bind(ctx, d)
	if err != nil {
		return err
	}
	defer b.Free(ctx)
	for i, p := range c.Kernel.Params {
		if p.Access != WriteRows || b.Launch.Rows.Len() == 0 {
			continue
		}
		wrong := want.Args[i].rowsOf(b.Launch.Rows).packed().Clone()
		for j, bits := range wrong.Bytes() {
			wrong.Bytes()[j] = ^bits
		}
		if err := b.Launch.Args[i].Buffer.Write(ctx, b.Launch.WriteRange(i).Lo, wrong); err != nil {
			return err
		}
	}
	if err := d.Launch(ctx, b.Launch); err != nil {
		return err
	}
	if err := b.Read(ctx); err != nil {
		return err
	}
	if diff := Diff(got, want); diff != nil {
		return diff
	}
	return nil
}

// examples returns the examples of k of size n. A panic in the kernel's code becomes an
// error.
func (k *Kernel) examples(n int) (calls []*Call, err error) {
	if k == nil || k.Examples == nil {
		return nil, Invalidf("kernel without examples")
	}
	err = Guard("examples of kernel "+k.Name, func() error {
		calls = k.Examples(n)
		return nil
	})
	return calls, err
}

// Probe runs the kernels' examples on d and returns the names of the kernels whose
// results equal their contract. It omits kernels that differ, have no examples, are not
// supported, or whose shader does not compile; any other error ends the probe.
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

// Difference is the first place where two results differ.
type Difference struct {
	Kernel    string
	Label     string // of the example
	Param     string
	Index     int    // element of the parameter; -1 if the calls cannot be compared
	Got, Want uint64 // bit patterns
	Type      Type
}

func (d *Difference) Error() string {
	if d.Index < 0 {
		return fmt.Sprintf("kernel %s (%s): results of another kernel or size", d.Kernel, d.Label)
	}
	return fmt.Sprintf("kernel %s (%s): %s[%d] is %s, the contract says %s",
		d.Kernel, d.Label, d.Param, d.Index, bitString(d.Type, d.Got), bitString(d.Type, d.Want))
}

func bitString(t Type, bits uint64) string {
	switch t {
	case Float32:
		return fmt.Sprintf("%#08x (%g)", bits, math.Float32frombits(uint32(bits)))
	case Float64:
		return fmt.Sprintf("%#016x (%g)", bits, math.Float64frombits(bits))
	}
	return fmt.Sprintf("%#08x", bits)
}

// Diff returns the first difference of the buffers of two calls of one kernel, bit for
// bit, including inputs and rows outside the range; nil if all are equal.
func Diff(got, want *Call) *Difference {
	if got == nil || want == nil || got.Kernel == nil || got.Kernel != want.Kernel ||
		len(got.Args) != len(got.Kernel.Params) || len(want.Args) != len(got.Args) {
		d := &Difference{Index: -1}
		if got != nil && got.Kernel != nil {
			d.Kernel, d.Label = got.Kernel.Name, got.Label
		}
		return d
	}
	for i, p := range got.Kernel.Params {
		if p.Access == Value {
			continue
		}
		g, w := got.Args[i].Data, want.Args[i].Data
		if g.Len() != w.Len() || g.Type() != w.Type() {
			return &Difference{Kernel: got.Kernel.Name, Label: got.Label, Param: p.Name, Index: -1}
		}
		for e := range g.Len() {
			if x, y := g.bits(e), w.bits(e); x != y {
				return &Difference{got.Kernel.Name, got.Label, p.Name, e, x, y, p.Type}
			}
		}
	}
	return nil
}

// bits returns the bit pattern of element i.
func (s Slice) bits(i int) uint64 {
	switch s.typ {
	case Float32:
		return uint64(math.Float32bits(As[float32](s)[i]))
	case Float64:
		return math.Float64bits(As[float64](s)[i])
	case Int32:
		return uint64(uint32(As[int32](s)[i]))
	}
	return uint64(As[uint32](s)[i])
}
