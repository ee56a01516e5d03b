package split

import (
	"slices"

	"offload/device"
)

// ranges is a set of indices: disjoint ranges in order, none of which touch.
type ranges []device.Range

// add puts r into the set.
func (s *ranges) add(r device.Range) {
	if r.Len() <= 0 {
		return
	}
	lo := s.find(r.Lo)
	hi := lo
	for ; hi < len(*s) && (*s)[hi].Lo <= r.Hi; hi++ {
		r.Lo, r.Hi = min(r.Lo, (*s)[hi].Lo), max(r.Hi, (*s)[hi].Hi)
	}
	*s = slices.Replace(*s, lo, hi, r)
}

// remove takes r out of the set.
func (s *ranges) remove(r device.Range) {
	if r.Len() <= 0 {
		return
	}
	lo := s.find(r.Lo + 1)
	hi := lo
	var rest [2]device.Range
	n := 0
	for ; hi < len(*s) && (*s)[hi].Lo < r.Hi; hi++ {
		for _, x := range [...]device.Range{{Lo: (*s)[hi].Lo, Hi: r.Lo}, {Lo: r.Hi, Hi: (*s)[hi].Hi}} {
			if x.Len() > 0 {
				rest[n] = x
				n++
			}
		}
	}
	*s = slices.Replace(*s, lo, hi, rest[:n]...)
}

// find is the first range that ends at i or behind it.
func (s *ranges) find(i int) int {
	at := 0
	for at < len(*s) && (*s)[at].Hi < i {
		at++
	}
	return at
}

// first splits r where membership changes first: the part at its beginning that is
// in the set as a whole or not at all.
func (s ranges) first(r device.Range) (part device.Range, in bool) {
	at := s.find(r.Lo + 1)
	switch {
	case at == len(s) || s[at].Lo >= r.Hi:
		return r, false
	case s[at].Lo > r.Lo:
		return device.Range{Lo: r.Lo, Hi: s[at].Lo}, false
	}
	return device.Range{Lo: r.Lo, Hi: min(r.Hi, s[at].Hi)}, true
}
