package device

// Validate checks everything about l that is independent of the device: the kernel's
// description, number and types of the arguments, shapes, the row range, aliasing, and
// the kernel's Check, Cost and Halo. Its errors wrap ErrInvalid, or are those of Check or
// a *PanicError. Every device calls it once for each launch; it does not allocate.
func Validate(l *Launch) error {
	if l == nil {
		return Invalidf("no launch")
	}
	k := l.Kernel
	if k == nil || k.Name == "" || k.Contract == nil {
		return Invalidf("kernel without Name or Contract")
	}
	if len(k.Params) > MaxParams {
		return Invalidf("kernel %s has %d parameters; the limit is %d", k.Name, len(k.Params), MaxParams)
	}
	if len(l.Args) != len(k.Params) {
		return Invalidf("kernel %s takes %d arguments, got %d", k.Name, len(k.Params), len(l.Args))
	}
	if l.Rows.Lo < 0 || l.Rows.Hi < l.Rows.Lo {
		return Invalidf("kernel %s: invalid rows %d to %d", k.Name, l.Rows.Lo, l.Rows.Hi)
	}
	for i := range k.Params {
		if err := validateArg(l, i); err != nil {
			return err
		}
	}
	if err := validateAliasing(l); err != nil {
		return err
	}
	return validateByKernel(l)
}

// validateByKernel calls the kernel's Check, Cost and Halo. Their panics become errors.
func validateByKernel(l *Launch) (err error) {
	k, returned := l.Kernel, false
	defer func() {
		if !returned {
			if r := recover(); r != nil { // nil: Goexit, which the caller guards against
				err = Caught("kernel "+k.Name, r)
			}
		}
	}()
	if k.Check != nil {
		err = k.Check(l)
	}
	if err == nil && k.Cost != nil {
		if c := k.Cost(l); !c.Valid() {
			err = Invalidf("kernel %s: its cost is %g items, %g operations and %g bytes", k.Name, c.Items, c.Ops, c.Bytes)
		}
	}
	for i := range k.Params {
		if p := &k.Params[i]; err == nil && p.Access == ReadRows && p.Halo != nil {
			if h := p.Halo(l); h < 0 {
				err = Invalidf("kernel %s: the halo of %s is %d rows", k.Name, p.Name, h)
			}
		}
	}
	returned = true
	return err
}

func validateArg(l *Launch, i int) error {
	k, p, a := l.Kernel, &l.Kernel.Params[i], &l.Args[i]
	if p.Access == Value {
		if a.Buffer != nil || a.typ != p.Type {
			return Invalidf("kernel %s: %s must be a scalar of type %v", k.Name, p.Name, p.Type)
		}
		if a.wide {
			return Invalidf("kernel %s: %s does not fit %v", k.Name, p.Name, p.Type)
		}
		return nil
	}
	if a.Buffer == nil {
		return Invalidf("kernel %s: %s must be a buffer", k.Name, p.Name)
	}
	if t := a.Buffer.Type(); t != p.Type {
		return Invalidf("kernel %s: %s must hold %v, not %v", k.Name, p.Name, p.Type, t)
	}
	if a.Len < 0 {
		return Invalidf("kernel %s: %s has rows outside its matrix", k.Name, p.Name)
	}
	if a.Width < 1 || a.Len%a.Width != 0 {
		return Invalidf("kernel %s: %s has %d elements, which rows of %d do not fill", k.Name, p.Name, a.Len, a.Width)
	}
	if n := a.Buffer.Len(); a.Offset < 0 || a.Len > n-a.Offset {
		return Invalidf("kernel %s: %s spans elements %d to %d of a buffer of %d", k.Name, p.Name, a.Offset, a.Offset+a.Len, n)
	}
	if p.Access != ReadAll && l.Rows.Hi > a.NumRows() {
		return Invalidf("kernel %s: rows up to %d exceed %s, which has %d", k.Name, l.Rows.Hi, p.Name, a.NumRows())
	}
	return nil
}

func validateAliasing(l *Launch) error {
	params := l.Kernel.Params
	for i := range params {
		if !params[i].Access.Writes() {
			continue
		}
		for j := range params {
			if j == i || params[j].Access == Value || l.Args[i].Buffer != l.Args[j].Buffer {
				continue
			}
			if l.Args[i].elements().Intersects(l.Args[j].elements()) {
				return Invalidf("kernel %s: %s is written and shares memory with %s",
					l.Kernel.Name, params[i].Name, params[j].Name)
			}
		}
	}
	return nil
}

// ReadRange returns the range of buffer elements that l reads of argument i; empty for
// scalars and WriteRows outputs.
func (l *Launch) ReadRange(i int) Range {
	p, a := &l.Kernel.Params[i], &l.Args[i]
	switch p.Access {
	case ReadAll:
		return a.elements()
	case ReadRows:
		halo := 0
		if p.Halo != nil {
			halo = p.Halo(l)
		}
		return a.rowElements(l.Rows.Grow(halo, a.NumRows()))
	case UpdateRows:
		return a.rowElements(l.Rows)
	}
	return Range{}
}

// WriteRange returns the range of buffer elements that l writes of argument i; empty for
// scalars and inputs.
func (l *Launch) WriteRange(i int) Range {
	if !l.Kernel.Params[i].Access.Writes() {
		return Range{}
	}
	return l.Args[i].rowElements(l.Rows)
}
