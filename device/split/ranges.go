package split

import "offload/device"

// ranges is a set of indices: disjoint ranges in order, none of which touch.
type ranges []device.Range

// add puts r into the set.
func (s *ranges) add(r device.Range) {
	if r.Len() <= 0 {
		return
	}
	old := *s
	lo := 0
	for lo < len(old) && old[lo].Hi < r.Lo {
		lo++
	}
	hi := lo
	for hi < len(old) && old[hi].Lo <= r.Hi {
		r.Lo, r.Hi = min(r.Lo, old[hi].Lo), max(r.Hi, old[hi].Hi)
		hi++
	}
	if lo == hi {
		old = append(old, device.Range{})
		copy(old[lo+1:], old[lo:])
		old[lo] = r
		*s = old
		return
	}
	old[lo] = r
	*s = append(old[:lo+1], old[hi:]...)
}

// remove takes r out of the set.
func (s *ranges) remove(r device.Range) {
	if r.Len() <= 0 {
		return
	}
	for i := 0; i < len(*s); i++ {
		x := (*s)[i]
		if !x.Intersects(r) {
			continue
		}
		below, above := device.Range{Lo: x.Lo, Hi: r.Lo}, device.Range{Lo: r.Hi, Hi: x.Hi}
		switch {
		case below.Len() > 0 && above.Len() > 0:
			*s = append(*s, device.Range{})
			copy((*s)[i+1:], (*s)[i:])
			(*s)[i], (*s)[i+1] = below, above
			return
		case below.Len() > 0:
			(*s)[i] = below
		case above.Len() > 0:
			(*s)[i] = above
		default:
			*s = append((*s)[:i], (*s)[i+1:]...)
			i--
		}
	}
}

// first splits r where membership changes first: the part at its beginning that is
// in the set as a whole or not at all.
func (s ranges) first(r device.Range) (part device.Range, in bool) {
	for _, x := range s {
		if x.Hi <= r.Lo {
			continue
		}
		if x.Lo <= r.Lo {
			return device.Range{Lo: r.Lo, Hi: min(r.Hi, x.Hi)}, true
		}
		return device.Range{Lo: r.Lo, Hi: min(r.Hi, x.Lo)}, false
	}
	return r, false
}
