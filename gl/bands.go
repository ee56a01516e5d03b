package gl

import (
	"fmt"
	"sort"

	"offload/device"
)

// A matrix may be larger than a storage block. A launch then runs in bands of rows, and
// the block holds what the band touches of the matrix: its rows, and for an input the
// halo around them. The shader's indices stay those of the whole matrix. A matrix that is
// read anywhere has to fit, and so has a row with its halo.

// align returns the alignment of blocks in bytes: a multiple of the driver's
// alignment and of every element's size.
func (e *engine) align() int { return max(e.info.StorageAlign, padding) }

// place returns the offset and the size in bytes of the block for a range of elements of
// size bytes.
func (e *engine) place(r device.Range, size int) (offset, bytes int) {
	offset = r.Lo * size
	offset -= offset % e.align()
	return offset, r.Hi*size - offset
}

// fits reports whether a block can hold all of a matrix.
func (e *engine) fits(a *device.Arg, size int) bool {
	_, bytes := e.place(device.Range{Lo: a.Offset, Hi: a.Offset + a.Len}, size)
	return bytes <= e.info.StorageBytes
}

// window returns the elements of its buffer that the block of argument i holds for the
// launch.
func (e *engine) window(l *device.Launch, i int) device.Range {
	a, p := &l.Args[i], &l.Kernel.Params[i]
	switch {
	case e.fits(a, p.Type.Size()):
		return device.Range{Lo: a.Offset, Hi: a.Offset + a.Len}
	case p.Access.Writes():
		return l.WriteRange(i)
	}
	return l.ReadRange(i)
}

// haloOf returns the number of rows that argument i needs around those computed.
func haloOf(l *device.Launch, i int) int {
	switch p := &l.Kernel.Params[i]; {
	case p.Access == device.ReadAll:
		return l.Args[i].NumRows()
	case p.Access == device.ReadRows && p.Halo != nil:
		return p.Halo(l)
	}
	return 0
}

// bandEnd returns the end of the longest band that begins at row lo and whose matrices fit
// their blocks, and the parameter that limits it. If no row fits, it returns lo or less.
func (e *engine) bandEnd(l *device.Launch, lo int) (hi, param int) {
	hi = l.Rows.Hi
	for i := range l.Kernel.Params {
		a, p := &l.Args[i], &l.Kernel.Params[i]
		if p.Access == device.Value || e.fits(a, p.Type.Size()) {
			continue
		}
		halo, size := haloOf(l, i), p.Type.Size()
		start := max(0, lo-halo)
		skipped := (a.Offset + start*a.Width) * size % e.align()
		if end := start + (e.info.StorageBytes-skipped)/(a.Width*size); end < a.NumRows() && end-halo < hi {
			hi, param = end-halo, i
		}
	}
	return hi, param
}

// checkBlocks refuses arguments beyond the driver's limits.
func (e *engine) checkBlocks(l *device.Launch) error {
	for i := range l.Kernel.Params {
		if p := &l.Kernel.Params[i]; p.Access != device.Value && l.Args[i].Len > maxIndex {
			return fmt.Errorf("kernel %s: %w: %s has %d elements; a shader's indices end at %d",
				l.Kernel.Name, device.ErrUnsupported, p.Name, l.Args[i].Len, maxIndex)
		}
	}
	for lo := l.Rows.Lo; lo < l.Rows.Hi; {
		hi, param := e.bandEnd(l, lo)
		if hi <= lo {
			return e.tooLarge(l, lo, param)
		}
		lo = hi
	}
	return nil
}

// tooLarge returns the error for a launch whose argument i does not fit its block, not
// even for the one row.
func (e *engine) tooLarge(l *device.Launch, row, i int) error {
	p, what := &l.Kernel.Params[i], ""
	if p.Access != device.ReadAll {
		what = "a row of "
	}
	if p.Access == device.ReadRows && p.Halo != nil {
		what = "a row with its halo of "
	}
	_, bytes := e.place(e.window(rowsOf(l, row, row+1), i), p.Type.Size())
	return fmt.Errorf("kernel %s: %w: %s%s takes %d bytes; a storage block of this driver has %d",
		l.Kernel.Name, device.ErrUnsupported, what, p.Name, bytes, e.info.StorageBytes)
}

// nextBand returns the band of l that begins at row lo, fills in its plan, and allocates
// its scratch. It also returns the number of work-groups of all passes.
func (e *engine) nextBand(l *device.Launch, lo int) (band *device.Launch, groups int, err error) {
	hi, param := e.bandEnd(l, lo)
	if hi <= lo {
		return nil, 0, e.tooLarge(l, lo, param)
	}
	band = rowsOf(l, lo, hi)
	groups, err = e.cut(band)
	if err == nil && !e.scratchFits(l.Kernel) && hi-lo > 1 {
		// Fewer rows need less scratch. If they do not, reserveScratch reports it.
		hi -= 1 + sort.Search(hi-lo-2, func(less int) bool {
			_, err := e.cut(rowsOf(l, lo, hi-1-less))
			return err == nil && e.scratchFits(l.Kernel)
		})
		band = rowsOf(l, lo, hi)
		groups, err = e.cut(band)
	}
	if err == nil && l.Kernel.Shader.Scratch != 0 {
		err = e.reserveScratch(l.Kernel, e.plan.Scratch)
	}
	return band, groups, err
}

// rowsOf returns l narrowed to rows lo ≤ i < hi.
func rowsOf(l *device.Launch, lo, hi int) *device.Launch {
	rows := device.Range{Lo: lo, Hi: hi}
	if rows == l.Rows {
		return l
	}
	band := *l
	band.Rows = rows
	return &band
}

// scratchFits reports whether a block can hold the scratch of the plan.
func (e *engine) scratchFits(k *device.Kernel) bool {
	t := k.Shader.Scratch
	return t == 0 || e.plan.Scratch <= e.info.StorageBytes/t.Size()
}
