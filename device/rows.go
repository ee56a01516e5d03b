package device

// Range is a half-open range of indices, Lo ≤ i < Hi.
type Range struct{ Lo, Hi int }

// Len is the number of indices.
func (r Range) Len() int { return r.Hi - r.Lo }

// Part is the i-th of n consecutive parts of r; their lengths differ by at
// most one, and the longer ones come first.
func (r Range) Part(i, n int) Range {
	size, extra := r.Len()/n, r.Len()%n
	lo := r.Lo + i*size + min(i, extra)
	hi := lo + size
	if i < extra {
		hi++
	}
	return Range{lo, hi}
}

// Grow is r with h more indices on each side, kept within 0 ≤ i < n.
func (r Range) Grow(h, n int) Range {
	return Range{max(0, r.Lo-h), min(n, r.Hi+h)}
}

// Intersects tells whether r and s share an index.
func (r Range) Intersects(s Range) bool {
	return max(r.Lo, s.Lo) < min(r.Hi, s.Hi)
}
