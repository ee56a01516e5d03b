package queue

import "offload/device"

// spoiled is a range of elements that a failed launch should have set.
type spoiled struct {
	device.Range
	err error
}

// damages are the spoiled parts of a buffer.
type damages []spoiled

// spoil records that elements r are undefined because of err.
func (d *damages) spoil(r device.Range, err error) {
	if r.Len() > 0 {
		d.settle(r)
		*d = append(*d, spoiled{r, err})
	}
}

// settle forgets what was spoiled within r.
func (d *damages) settle(r device.Range) {
	if len(*d) == 0 {
		return
	}
	var rest damages
	for _, s := range *d {
		if below := (device.Range{Lo: s.Lo, Hi: min(s.Hi, r.Lo)}); below.Len() > 0 {
			rest = append(rest, spoiled{below, s.err})
		}
		if above := (device.Range{Lo: max(s.Lo, r.Hi), Hi: s.Hi}); above.Len() > 0 {
			rest = append(rest, spoiled{above, s.err})
		}
	}
	*d = rest
}

// in is the error that spoiled an element of r, if any.
func (d damages) in(r device.Range) error {
	for _, s := range d {
		if s.Intersects(r) {
			return s.err
		}
	}
	return nil
}
