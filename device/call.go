package device

import (
	"context"
	"slices"
)

// Call is a launch on slices of the host: what to run, on which data. Run
// uploads, launches and downloads; it is the simplest way to use a device, and
// the form in which kernels give examples of themselves.
type Call struct {
	Label  string // what is particular about an example
	Kernel *Kernel
	Args   []HostArg
	Rows   Range // of the outputs; the zero Range stands for all
}

// Clone returns c with copies of all data.
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

// Bind uploads what the call reads to d. Free must be called afterwards.
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
			continue // all of it is written, and nothing is read
		}
		if err := buffer.Write(ctx, 0, data); err != nil {
			return nil, err
		}
	}
	return b, nil
}

// same is an argument before i with the same data, −1 if none; only what is read
// alone may share a buffer.
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

// Free frees the buffers; in the background once ctx is done, since that waits for what
// may still run.
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

// Assign sets the rows that c computes to those of from, a copy of it that was run.
func (c *Call) Assign(from *Call) error {
	l, err := c.launch()
	if err != nil {
		return err
	}
	for i, p := range l.Kernel.Params {
		if p.Access.Writes() {
			c.Args[i].rowsOf(l.Rows).unpack(from.Args[i].rowsOf(l.Rows).packed())
		}
	}
	return nil
}

// Contract performs the call by the kernel's contract, serially and in place. It is
// what Run must equal on every device. A panic in the kernel's code is an error.
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

// Shape is the launch without its buffers: enough for a cost function. Setting the
// buffers makes it complete.
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

// launch is the launch with its scalars set and its buffers left out. It refuses
// arguments that do not fit the parameters.
func (c *Call) launch() (*Launch, error) {
	switch {
	case c == nil || c.Kernel == nil:
		return nil, Invalidf("a call needs a kernel")
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

// hostBuffer stands for a host slice where a Launch wants a Buffer; the id
// keeps two empty slices apart.
type hostBuffer struct {
	Buffer
	data Slice
	id   int
}

func (b hostBuffer) Type() Type { return b.data.Type() }
func (b hostBuffer) Len() int   { return b.data.Len() }
