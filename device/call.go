package device

import "context"

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
		d.Args[i].Data = d.Args[i].Data.Clone()
	}
	return &d
}

// Run performs the call on d. The rows computed of each output are written to
// the caller's slices; the rest of those slices stays as it was.
func (c *Call) Run(ctx context.Context, d Device) error {
	if d == nil {
		return Invalidf("no device")
	}
	l, err := c.launch()
	if err != nil {
		return err
	}
	var buffers []Buffer
	defer func() {
		if ctx.Err() == nil {
			freeAll(buffers)
		} else {
			go freeAll(buffers) // which waits for what may still run
		}
	}()
	for i, p := range l.Kernel.Params {
		if p.Access == Value {
			continue
		}
		data := c.Args[i].packed()
		b, err := d.Alloc(data.Type(), data.Len())
		if err != nil {
			return err
		}
		buffers = append(buffers, b)
		if err := b.Write(ctx, 0, data); err != nil {
			return err
		}
		l.Args[i] = Mat(b, c.Args[i].Width)
	}
	if err := d.Launch(ctx, l); err != nil {
		return err
	}
	if err := l.Wait(ctx); err != nil {
		return err
	}
	for i, p := range l.Kernel.Params {
		if !p.Access.Writes() {
			continue
		}
		part := c.Args[i].rowsOf(l.Rows)
		data := part.packed()
		if err := l.Args[i].Buffer.Read(ctx, l.WriteRange(i).Lo, data); err != nil {
			return err
		}
		part.unpack(data)
	}
	return nil
}

func freeAll(buffers []Buffer) {
	for _, b := range buffers {
		b.Free()
	}
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
