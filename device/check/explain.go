package check

import "offload/device"

// places are ranges of elements of the matrices of a launch.
type places [device.MaxParams][]device.Range

// elements returns the elements of rows r of matrix i.
func (x *examination) elements(i int, r device.Range) device.Range {
	w := x.launch.Args[i].Width
	return device.Range{Lo: r.Lo * w, Hi: r.Hi * w}
}

// mayRead returns the rows of matrix i that t may read.
func (x *examination) mayRead(t *trial, i int) device.Range {
	p, rows := &t.launch.Kernel.Params[i], t.launch.Args[i].NumRows()
	switch p.Access {
	case device.ReadAll:
		return device.Range{Hi: rows}
	case device.ReadRows:
		if p.Halo != nil {
			return t.rows.Grow(p.Halo(t.launch), rows)
		}
		return t.rows
	case device.UpdateRows:
		return t.rows
	}
	return device.Range{}
}

// forbidden returns the elements that t may not read.
func (x *examination) forbidden(t *trial) (f places) {
	for i, p := range x.launch.Kernel.Params {
		if p.Access == device.Value {
			continue
		}
		may, all := x.elements(i, x.mayRead(t, i)), x.work[i].Len()
		f[i] = []device.Range{{Hi: may.Lo}, {Lo: may.Hi, Hi: all}}
	}
	return f
}

// own returns the elements of t's rows in outputs that it may not read.
func (x *examination) own(t *trial) (o places) {
	for i, p := range x.launch.Kernel.Params {
		if p.Access == device.WriteRows {
			o[i] = []device.Range{x.elements(i, t.rows)}
		}
	}
	return o
}

// untouched returns the first element that t changed outside its rows or in an input, or
// nil.
func (x *examination) untouched(t *trial) *Broken {
	for i, p := range x.launch.Kernel.Params {
		if p.Access == device.Value {
			continue
		}
		breach, outside := ChangesInput, []device.Range{{Hi: x.work[i].Len()}}
		if p.Access.Writes() {
			rows := x.elements(i, t.rows)
			breach, outside = WritesOutside, []device.Range{{Hi: rows.Lo}, {Lo: rows.Hi, Hi: x.work[i].Len()}}
		}
		for _, r := range outside {
			if at := firstDifference(x.work[i], x.before[i], r, true); at >= 0 {
				return x.at(t, breach, i, at, x.work[i], device.Slice{})
			}
		}
	}
	return nil
}

// compare returns the first difference between results of t, or nil.
func (x *examination) compare(t *trial, breach Breach, got, want *matrices) *Broken {
	for i, p := range x.launch.Kernel.Params {
		if !p.Access.Writes() {
			continue
		}
		if at := firstDifference(got[i], want[i], x.elements(i, t.rows), false); at >= 0 {
			return x.at(t, breach, i, at, got[i], want[i])
		}
	}
	return nil
}

// depends compares two results of t, with quiet and with moderate poison in its rows
// before. It returns an element that shows that t reads its rows or leaves them unwritten,
// or nil.
func (x *examination) depends(t *trial, one, other *matrices) *Broken {
	var left *Broken
	for i, own := range x.own(t) {
		q, m := one[i].Clone(), one[i].Clone()
		for _, r := range own {
			fill(q, r, i, quiet)
			fill(m, r, i, moderate)
			for at := r.Lo; at < r.Hi; at++ {
				switch {
				case firstDifference(one[i], other[i], device.Range{Lo: at, Hi: at + 1}, false) < 0:
				case !sameBits(one[i], q, at) || !sameBits(other[i], m, at):
					return x.at(t, ReadsOutput, i, at, device.Slice{}, device.Slice{})
				case left == nil:
					left = x.at(t, LeavesRows, i, at, device.Slice{}, device.Slice{})
				}
			}
		}
	}
	return left
}

func (x *examination) broken(t *trial, breach Breach) *Broken {
	return &Broken{Kernel: x.launch.Kernel.Name, Form: t.form.name, Breach: breach, Rows: t.rows}
}

// at returns a breach at an element of matrix i. got and want may be empty.
func (x *examination) at(t *trial, breach Breach, i, element int, got, want device.Slice) *Broken {
	b, w := x.broken(t, breach), x.launch.Args[i].Width
	b.Param, b.Row, b.Column = x.launch.Kernel.Params[i].Name, element/w, element%w
	b.Got, b.Want = format(got, element), format(want, element)
	return b
}

// explain returns the reason why t gives a wrong result or ends with err.
func (x *examination) explain(t *trial, wrong *Broken, err error) error {
	base, baseErr := x.attempt(t, x.own(t))
	switch {
	case x.ctx.Err() != nil:
		return x.ctx.Err()
	case baseErr != nil: // fails without poison, too
		return x.ended(t, baseErr)
	case base != nil && base.Breach != Differs:
		return base
	case base != nil:
		return x.alone(t, base)
	case wrong == nil:
		wrong = x.broken(t, ReadsOutside)
		wrong.Err = err
	}
	wrong.Breach = ReadsOutside
	for i, forbidden := range x.forbidden(t) {
		for _, r := range forbidden {
			if x.harms(t, i, r) {
				x.narrow(t, i, r, wrong)
				return wrong
			}
			if x.ctx.Err() != nil {
				return x.ctx.Err()
			}
		}
	}
	return wrong
}

// alone returns the reason why t gives a wrong result with only its own rows poisoned.
func (x *examination) alone(t *trial, wrong *Broken) error {
	var results [2]matrices
	for n, poison := range [...]int{quiet, moderate} {
		again := *t
		again.poison = poison
		if err := x.execute(&again, x.own(t)); err != nil {
			return x.ended(t, err)
		}
		results[n] = x.work.clone()
	}
	if b := x.depends(t, &results[0], &results[1]); b != nil {
		return b
	}
	if t.rows != x.launch.Rows && t.form.name == contract {
		wrong.Breach = Divides
	}
	return wrong
}

// harms reports whether poison in elements r of matrix i makes t wrong.
func (x *examination) harms(t *trial, i int, r device.Range) bool {
	poisoned := x.own(t)
	poisoned[i] = append(poisoned[i], r)
	wrong, err := x.attempt(t, poisoned)
	return wrong != nil || err != nil && x.ctx.Err() == nil
}

// narrow finds the first element of r, in matrix i, that t reads.
func (x *examination) narrow(t *trial, i int, r device.Range, b *Broken) {
	for r.Len() > 1 {
		middle := r.Lo + r.Len()/2
		if half := (device.Range{Lo: r.Lo, Hi: middle}); x.harms(t, i, half) {
			r = half
		} else if half := (device.Range{Lo: middle, Hi: r.Hi}); x.harms(t, i, half) {
			r = half
		} else {
			break // no single element
		}
	}
	w := x.launch.Args[i].Width
	b.Reads = Reads{x.launch.Kernel.Params[i].Name, r.Lo / w, r.Lo % w, x.mayRead(t, i)}
}
