package device

import (
	"context"
	"slices"
)

// Call is a launch on host slices: Run uploads, launches and downloads. It is the
// simplest way to use a device, and the form of a kernel's examples.
type Call struct {
	Label  string // what distinguishes an example
	Kernel *Kernel
	Args   []HostArg
	Rows   Range // of the outputs; the zero Range means all
}

// Clone returns a copy of c and its data. Arguments that share a slice in c share one in
// the copy.
func (c *Call) Clone() *Call {
	if c == nil {
		return nil
	}
	d := *c
	d.Args = append([]HostArg(nil), c.Args...)
	for i := range d.Args {
		a := &d.Args[i]
		if j := slices.IndexFunc(c.Args[:i], func(b HostArg) bool { return b.Data == a.Data }); j >= 0 {
			a.Data = d.Args[j].Data // shared there, too
		} else {
			a.Data = a.Data.Clone()
		}
	}
	return &d
}

// Run performs the call on d. The rows computed of each output are written to
// the caller's slices; the rest of those slices stays as it was.
func (c *Call) Run(ctx context.Context, d Device) error {
	b, err := c.Bind(ctx, d)
	if err != nil {
		return err
	}
	defer b.Free(ctx)
	if err := d.Launch(ctx, b.Launch); err != nil {
		return err
	}
	return b.Read(ctx)
}

// Bound is a call whose data are in buffers of a device.
type Bound struct {
	Launch  *Launch
	call    *Call
	buffers []Buffer
}

// Bind allocates the call's buffers on d and uploads the data that the launch reads. The
// caller must call Free.
func (c *Call) Bind(ctx context.Context, d Device) (_ *Bound, err error) {
	if d == nil {
		return nil, Invalidf("no device")
	}
	l, err := c.launch()
	if err != nil {
		return nil, err
	}
	b := &Bound{Launch: l, call: c}
	defer func() {
		if err != nil {
			b.Free(ctx)
		}
	}()
	for i, p := range l.Kernel.Params {
		if p.Access == Value {
			continue
		}
		if j := b.same(i); j >= 0 {
			l.Args[i] = l.Args[j]
			continue
		}
		a := &c.Args[i]
		data := a.packed()
		buffer, err := d.Alloc(data.Type(), data.Len())
		if err != nil {
			return nil, err
		}
		b.buffers = append(b.buffers, buffer)
		l.Args[i] = Mat(buffer, a.Width)
		if p.Access == WriteRows && l.Rows == (Range{Hi: a.numRows()}) {
			continue // the launch writes all of it and reads nothing
		}
		if err := buffer.Write(ctx, 0, data); err != nil {
			return nil, err
		}
	}
	return b, nil
}

// same returns the index of an argument before i with the same data, or −1. Only inputs
// share a buffer.
func (b *Bound) same(i int) int {
	params, args := b.Launch.Kernel.Params, b.call.Args
	for j := range i {
		if params[j].Access != Value && !params[j].Access.Writes() && !params[i].Access.Writes() && args[j] == args[i] {
			return j
		}
	}
	return -1
}

// Read waits for the launch and writes the rows computed to the call's slices.
func (b *Bound) Read(ctx context.Context) error {
	l := b.Launch
	if err := l.Wait(ctx); err != nil {
		return err
	}
	for i, p := range l.Kernel.Params {
		if !p.Access.Writes() {
			continue
		}
		part := b.call.Args[i].rowsOf(l.Rows)
		data := part.packed()
		if err := l.Args[i].Buffer.Read(ctx, l.WriteRange(i).Lo, data); err != nil {
			return err
		}
		part.unpack(data)
	}
	return nil
}

// Free frees the buffers. If ctx is done, it does so in the background, because freeing
// waits for work that may still run.
func (b *Bound) Free(ctx context.Context) {
	free := func() {
		for _, x := range b.buffers {
			x.Free()
		}
	}
	if ctx.Err() == nil {
		free()
	} else {
		go free()
	}
}

// Assign copies the computed rows from from, a clone of c that was run, to c.
func (c *Call) Assign(from *Call) error {
	l, err := c.launch()
	if err != nil {
		return err
	}
	if from == nil || from.Kernel != c.Kernel || len(from.Args) != len(c.Args) {
		return Invalidf("kernel %s: the results of another call", c.Kernel.Name)
	}
	for i, p := range l.Kernel.Params {
		if p.Access.Writes() {
			if l.Rows.Lo < 0 || l.Rows.Hi > min(c.Args[i].numRows(), from.Args[i].numRows()) || from.Args[i].Width != c.Args[i].Width {
				return Invalidf("kernel %s: rows %d to %d of %s", c.Kernel.Name, l.Rows.Lo, l.Rows.Hi, p.Name)
			}
			c.Args[i].rowsOf(l.Rows).unpack(from.Args[i].rowsOf(l.Rows).packed())
		}
	}
	return nil
}

// Contract performs the call by the kernel's contract, serially and in place. Run must
// give the same bits on every device. A panic in the kernel's code becomes an error.
func (c *Call) Contract() error {
	l, err := c.launch()
	if err != nil {
		return err
	}
	b := Binding{Launch: l, Ctx: context.Background()}
	for i, p := range l.Kernel.Params {
		if p.Access != Value {
			b.Views[i] = c.Args[i].packed()
			l.Args[i] = Mat(hostBuffer{data: b.Views[i], id: i}, c.Args[i].Width)
		}
	}
	err = Guard("kernel "+l.Kernel.Name, func() error {
		if err := Validate(l); err != nil {
			return err
		}
		var t Tile
		b.Tile(&t, l.Rows, 0, nil)
		l.Kernel.Contract(&t)
		return nil
	})
	if err != nil {
		return err
	}
	for i, p := range l.Kernel.Params {
		if p.Access.Writes() {
			r := l.WriteRange(i)
			c.Args[i].rowsOf(l.Rows).unpack(b.Views[i].Sub(r.Lo, r.Hi))
		}
	}
	return nil
}

// Shape returns the launch without its buffers, which is enough for a cost function.
func (c *Call) Shape() (*Launch, error) {
	l, err := c.launch()
	if err != nil {
		return nil, err
	}
	for i := range c.Args {
		if a := &c.Args[i]; l.Kernel.Params[i].Access != Value {
			l.Args[i] = Arg{Len: a.numRows() * a.Width, Width: a.Width}
		}
	}
	return l, nil
}

// launch returns the launch with scalars but without buffers. It refuses arguments that
// do not match the parameters.
func (c *Call) launch() (*Launch, error) {
	switch {
	case c == nil || c.Kernel == nil:
		return nil, Invalidf("call without a kernel")
	case len(c.Args) != len(c.Kernel.Params) || len(c.Args) > MaxParams:
		return nil, Invalidf("kernel %s takes %d arguments (of at most %d), got %d",
			c.Kernel.Name, len(c.Kernel.Params), MaxParams, len(c.Args))
	}
	l := &Launch{Kernel: c.Kernel, Rows: c.Rows, Args: make([]Arg, len(c.Args))}
	for i := range c.Args {
		a, p := &c.Args[i], &c.Kernel.Params[i]
		if err := a.check(c.Kernel, p); err != nil {
			return nil, err
		}
		l.Args[i] = a.Value
		if c.Rows == (Range{}) && p.Access.Writes() {
			l.Rows.Hi = max(l.Rows.Hi, a.numRows())
		}
	}
	return l, nil
}

// hostBuffer is a host slice as the Buffer of a Launch; the id distinguishes empty
// slices.
type hostBuffer struct {
	Buffer
	data Slice
	id   int
}

func (b hostBuffer) Type() Type { return b.data.Type() }
func (b hostBuffer) Len() int   { return b.data.Len() }
