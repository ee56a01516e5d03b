package device

import (
	"bytes"
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

// Verify runs a copy of c on d and compares every bit of its data with the contract:
// the rows computed, the rest of the outputs, the inputs, and some elements before and
// behind each matrix, which no launch may write. Before, what is only written is set to
// the complement of what it should be, so that what the device leaves unwritten differs.
// The result is nil, a *Difference, or the error of a run.
func (c *Call) Verify(ctx context.Context, d Device) error {
	return c.VerifyAt(ctx, d, guard)
}

// VerifyAt is Verify with that many elements before and behind each matrix, for tests of
// devices: an odd number puts matrices where vectors do not begin.
func (c *Call) VerifyAt(ctx context.Context, d Device, guard int) error {
	want, got := c.Clone(), c.Clone()
	if err := want.Contract(); err != nil {
		return err
	}
	l, err := got.launch()
	if err != nil {
		return err
	}
	bound := Bound{Launch: l, call: got}
	wholes := make([]Slice, len(l.Args)) // matrices with what stands around them
	for i, p := range c.Kernel.Params {
		if p.Access == Value {
			continue
		}
		if j := bound.same(i); j >= 0 {
			l.Args[i] = l.Args[j]
			continue
		}
		data := got.Args[i].packed()
		whole := MakeSlice(data.Type(), guard+data.Len()+guard)
		fill(whole.Bytes(), 0xa5)
		matrix := whole.Sub(guard, guard+data.Len())
		matrix.Copy(data)
		l.Args[i] = Arg{Offset: guard, Len: data.Len(), Width: c.Args[i].Width}
		if r := l.WriteRange(i); p.Access == WriteRows && l.Rows.Len() > 0 {
			wrong := whole.Sub(r.Lo, r.Hi)
			wrong.Copy(want.Args[i].rowsOf(l.Rows).packed())
			raw := wrong.Bytes()
			for j := range raw {
				raw[j] = ^raw[j]
			}
		}
		buffer, err := d.Alloc(whole.Type(), whole.Len())
		if err != nil {
			return err
		}
		defer buffer.Free()
		if err := buffer.Write(ctx, 0, whole); err != nil {
			return err
		}
		l.Args[i].Buffer, wholes[i] = buffer, whole
	}
	if err := d.Launch(ctx, l); err != nil {
		return err
	}
	for i, whole := range wholes {
		if whole.Len() == 0 {
			continue
		}
		if err := l.Args[i].Buffer.Read(ctx, 0, whole); err != nil {
			return err
		}
		untouched := guardBits(whole.Type())
		for _, edge := range []Range{{Hi: guard}, {Lo: whole.Len() - guard, Hi: whole.Len()}} {
			for e := edge.Lo; e < edge.Hi; e++ {
				if bits := whole.bits(e); bits != untouched {
					return &Difference{Kernel: c.Kernel.Name, Label: c.Label, Param: c.Kernel.Params[i].Name,
						Index: e - guard, Outside: true, Got: bits, Want: untouched, Type: whole.Type()}
				}
			}
		}
		a := &got.Args[i]
		a.rowsOf(Range{Hi: a.numRows()}).unpack(whole.Sub(guard, whole.Len()-guard))
	}
	if diff := Diff(got, want); diff != nil {
		return diff
	}
	return nil
}

// guard is the number of elements around a matrix that must stay as they are. With 64, a
// matrix begins where its buffer could: at a multiple of 256 bytes.
const guard = 64

// guardBits is the bit pattern of such an element.
func guardBits(t Type) uint64 {
	one := MakeSlice(t, 1)
	fill(one.Bytes(), 0xa5)
	return one.bits(0)
}

func fill(bytes []byte, b byte) {
	if len(bytes) == 0 {
		return
	}
	bytes[0] = b
	for n := 1; n < len(bytes); n *= 2 {
		copy(bytes[n:], bytes[:n])
	}
}

// examples makes the examples of k of size n. A panic in its code is an error.
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
	Outside   bool   // the element is before or behind the matrix
	Got, Want uint64 // bit patterns
	Type      Type
}

func (d *Difference) Error() string {
	if d.Outside {
		return fmt.Sprintf("kernel %s (%s): element %d, outside of %s, is written", d.Kernel, d.Label, d.Index, d.Param)
	}
	if d.Index < 0 {
		return fmt.Sprintf("kernel %s (%s): the results are of another kernel or size", d.Kernel, d.Label)
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
		if bytes.Equal(g.Bytes(), w.Bytes()) {
			continue
		}
		for e := range g.Len() {
			if x, y := g.bits(e), w.bits(e); x != y {
				return &Difference{Kernel: got.Kernel.Name, Label: got.Label, Param: p.Name, Index: e, Got: x, Want: y, Type: p.Type}
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
