package queue

import "offload/device"

// spoiled is a range of elements that a failed launch or write should have set.
type spoiled struct {
	device.Range
	err error
}

// Damages are the spoiled parts of a buffer.
type Damages []spoiled

// Spoil records that elements r are undefined because of err.
func (d *Damages) Spoil(r device.Range, err error) {
	if r.Len() > 0 {
		d.Settle(r)
		*d = append(*d, spoiled{r, err})
	}
}

// Settle removes r from the spoiled ranges.
func (d *Damages) Settle(r device.Range) {
	if len(*d) == 0 {
		return
	}
	var rest Damages
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

// In returns the error that spoiled an element of r, or nil.
func (d Damages) In(r device.Range) error {
	for _, s := range d {
		if s.Intersects(r) {
			return s.err
		}
	}
	return nil
}
