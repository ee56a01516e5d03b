package device

// HostArg is an argument of a Call: a matrix in a slice, or a scalar.
type HostArg struct {
	Data  Slice
	Width int // elements of a row; 0 for a scalar
	Value Arg // the scalar

	view         bool // rows may have gaps between them; else they fill Data
	rows, stride int  // of a view
}

// HostVec passes a slice as rows of one element.
func HostVec[T Element](s []T) HostArg { return HostMat(s, 1) }

// HostMat passes a slice as a matrix with rows of width elements.
func HostMat[T Element](s []T, width int) HostArg { return HostArg{Data: Of(s), Width: width} }

// HostView passes a matrix of rows × width elements whose rows begin stride elements
// apart in s, as in a view of a larger matrix. Elements between the rows are neither
// uploaded nor changed. With gonum, for m of type blas64.General, which
// mat.Dense.RawMatrix returns:
//
//	device.HostView(m.Data, m.Rows, m.Cols, m.Stride)
func HostView[T Element](s []T, rows, width, stride int) HostArg {
	return HostArg{Data: Of(s), Width: width, view: true, rows: rows, stride: stride}
}

// HostVal passes a scalar.
func HostVal[T Element](x T) HostArg { return HostArg{Value: Val(x)} }

// numRows returns the number of rows of a matrix that check accepted.
func (a *HostArg) numRows() int {
	switch {
	case a.view:
		return a.rows
	case a.Width < 1:
		return 0
	}
	return a.Data.Len() / a.Width
}

// check refuses an argument that does not match parameter p of k.
func (a *HostArg) check(k *Kernel, p *Param) error {
	n, w := a.Data.Len(), a.Width
	switch {
	case p.Access == Value:
		if w != 0 || a.Value.typ != p.Type {
			return Invalidf("kernel %s: %s must be a scalar of type %v", k.Name, p.Name, p.Type)
		}
	case a.Data.Type() != p.Type:
		return Invalidf("kernel %s: %s must be a slice of %v", k.Name, p.Name, p.Type)
	case w < 1:
		return Invalidf("kernel %s: %s has rows of %d elements", k.Name, p.Name, w)
	case !a.view:
		if n%w != 0 {
			return Invalidf("kernel %s: %s has %d elements, which rows of %d do not fill", k.Name, p.Name, n, w)
		}
	case a.rows < 0 || a.stride < w:
		return Invalidf("kernel %s: %s is a view of %d rows of %d elements that begin %d apart", k.Name, p.Name, a.rows, w, a.stride)
	case a.rows > 0 && (w > n || a.rows-1 > (n-w)/a.stride):
		return Invalidf("kernel %s: %s is a view of %d rows of %d elements that begin %d apart; its slice has only %d elements",
			k.Name, p.Name, a.rows, w, a.stride, n)
	}
	return nil
}

// rowsOf returns rows r of a, which must be rows of a.
func (a *HostArg) rowsOf(r Range) *HostArg {
	part := &HostArg{Data: a.Data, Width: a.Width, view: true, rows: r.Len(), stride: a.Width}
	if a.view {
		part.stride = a.stride
	}
	if part.rows > 0 {
		part.Data = a.Data.Sub(r.Lo*part.stride, a.Data.Len())
	}
	return part
}

// apart reports whether there are gaps between rows.
func (a *HostArg) apart() bool { return a.view && a.rows > 1 && a.stride > a.Width }

// packed returns the rows without gaps: a copy if a has gaps, else a's own memory.
func (a *HostArg) packed() Slice {
	if !a.apart() {
		return a.Data.Sub(0, a.numRows()*a.Width)
	}
	s := MakeSlice(a.Data.Type(), a.rows*a.Width)
	for r := range a.rows {
		s.Sub(r*a.Width, (r+1)*a.Width).Copy(a.row(r))
	}
	return s
}

// unpack copies the rows in s, which may be a's own memory, to the rows of the view a.
func (a *HostArg) unpack(s Slice) {
	if s.ptr == a.Data.ptr {
		return
	}
	for r := range a.rows {
		a.row(r).Copy(s.Sub(r*a.Width, (r+1)*a.Width))
	}
}

// row returns row r of a view.
func (a *HostArg) row(r int) Slice { return a.Data.Sub(r*a.stride, r*a.stride+a.Width) }
