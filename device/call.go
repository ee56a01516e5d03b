package device

import (
	"context"
	"fmt"
	"math"
)

// Call is a launch on slices of the host: what to run, on which data. Run
// uploads, launches and downloads; it is the simplest way to use a device, and
// the form in which kernels give examples of themselves.
type Call struct {
	Label  string // what is particular about an example
	Kernel *Kernel
	Args   []HostArg
	Rows   Range
}

// HostArg is an argument on the host: a matrix in a slice, or a scalar.
type HostArg struct {
	Data  Slice
	Width int // elements of a row; 0 for a scalar
	Value Arg // the scalar
}

// HostVec passes a slice as rows of one element.
func HostVec[T Element](s []T) HostArg { return HostMat(s, 1) }

// HostMat passes a slice as a matrix with rows of width elements.
func HostMat[T Element](s []T, width int) HostArg { return HostArg{Data: Of(s), Width: width} }

// HostVal passes a scalar.
func HostVal[T Element](x T) HostArg { return HostArg{Value: Val(x)} }

// Clone is c with copies of all data.
func (c *Call) Clone() *Call {
	d := &Call{Label: c.Label, Kernel: c.Kernel, Rows: c.Rows, Args: append([]HostArg(nil), c.Args...)}
	for i, a := range d.Args {
		if a.Width > 0 {
			d.Args[i].Data = a.Data.Clone()
		}
	}
	return d
}

// Run performs the call on d. The rows computed of each output are written to
// the caller's slices; the rest of those slices stays as it was.
func (c *Call) Run(ctx context.Context, d Device) error {
	l, err := c.launch()
	if err != nil {
		return err
	}
	for i, a := range c.Args {
		if a.Width == 0 {
			continue
		}
		b, err := d.Alloc(a.Data.Type(), a.Data.Len())
		if err != nil {
			return err
		}
		defer b.Free()
		if err := b.Write(ctx, 0, a.Data); err != nil {
			return err
		}
		l.Args[i] = Mat(b, a.Width)
	}
	if err := d.Launch(ctx, l); err != nil {
		return err
	}
	for i, a := range c.Args {
		r := l.WriteRange(i)
		if a.Width == 0 || r.Len() <= 0 {
			continue
		}
		if err := l.Args[i].Buffer.Read(ctx, r.Lo, a.Data.Sub(r.Lo, r.Hi)); err != nil {
			return err
		}
	}
	return nil
}

// Contract performs the call by the kernel's contract, serially, in the caller
// and in place. It is what Run must equal on every device.
func (c *Call) Contract() error {
	l, err := c.launch()
	if err != nil {
		return err
	}
	b := Binding{Launch: l, Ctx: context.Background()}
	for i, a := range c.Args {
		if a.Width > 0 {
			l.Args[i] = Mat(hostBuffer{data: a.Data, id: i}, a.Width)
			b.Views[i] = a.Data
		}
	}
	if err := Validate(l); err != nil {
		return err
	}
	var t Tile
	b.Tile(&t, c.Rows, 0, nil)
	c.Kernel.Contract(&t)
	return nil
}

// Shape is the launch without its buffers: enough for a cost function. Setting the
// buffers makes it complete.
func (c *Call) Shape() (*Launch, error) {
	l, err := c.launch()
	if err != nil {
		return nil, err
	}
	for i, a := range c.Args {
		if a.Width > 0 {
			l.Args[i] = Arg{Len: a.Data.Len(), Width: a.Width}
		}
	}
	return l, nil
}

// launch is the launch with its scalars set and its buffers left out.
func (c *Call) launch() (*Launch, error) {
	if len(c.Args) != len(c.Kernel.Params) || len(c.Args) > MaxParams {
		return nil, Invalidf("kernel %s takes %d arguments (of at most %d), got %d",
			c.Kernel.Name, len(c.Kernel.Params), MaxParams, len(c.Args))
	}
	l := &Launch{Kernel: c.Kernel, Rows: c.Rows, Args: make([]Arg, len(c.Args))}
	for i, a := range c.Args {
		l.Args[i] = a.Value
	}
	return l, nil
}

// hostBuffer stands for a host slice where a Launch wants a Buffer; the id
// keeps two empty slices apart.
type hostBuffer struct {
	Buffer
	data Slice
	id   int
}

func (b hostBuffer) Type() Type { return b.data.Type() }
func (b hostBuffer) Len() int   { return b.data.Len() }

// Difference is the first place where two results differ.
type Difference struct {
	Kernel    string
	Label     string // the example
	Param     string
	Index     int    // element of the parameter
	Got, Want uint64 // bit patterns
	Type      Type
}

func (d *Difference) Error() string {
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

// Diff compares the buffers of two calls of one kernel bit for bit, inputs and
// rows outside the range included; nil means equal.
func Diff(got, want *Call) *Difference {
	for i, p := range got.Kernel.Params {
		if p.Access == Value {
			continue
		}
		g, w := got.Args[i].Data, want.Args[i].Data
		for e := range g.Len() {
			if x, y := g.bits(e), w.bits(e); x != y {
				return &Difference{got.Kernel.Name, got.Label, p.Name, e, x, y, p.Type}
			}
		}
	}
	return nil
}

// bits is the bit pattern of element i.
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
