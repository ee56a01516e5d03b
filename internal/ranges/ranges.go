// Package ranges has sets of indices that are few ranges: which elements of a buffer are up to date.
package ranges

import (
	"slices"

	"offload/device"
)

// Set is a set of indices: the first index in it, the next one not in it, and so on.
type Set []int

// Mark adds r to the set or removes it.
func (s *Set) Mark(r device.Range, in bool) {
	if r.Len() <= 0 {
		return
	}
	lo, _ := slices.BinarySearch(*s, r.Lo)
	hi, _ := slices.BinarySearch(*s, r.Hi+1)
	ends := make([]int, 0, 2)
	if in != (lo%2 == 1) { // r differs from the index before it
		ends = append(ends, r.Lo)
	}
	if in != (hi%2 == 1) { // r differs from the index after it
		ends = append(ends, r.Hi)
	}
	*s = slices.Replace(*s, lo, hi, ends...)
}

// First returns the longest part at the beginning of r that is entirely in the set or
// entirely outside it.
func (s Set) First(r device.Range) (part device.Range, in bool) {
	next, _ := slices.BinarySearch(s, r.Lo+1)
	if next < len(s) {
		r.Hi = min(r.Hi, s[next])
	}
	return r, next%2 == 1
}
