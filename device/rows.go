package device

// Range is a half-open range of indices, Lo ≤ i < Hi.
type Range struct{ Lo, Hi int }

// Len is the number of indices.
func (r Range) Len() int { return r.Hi - r.Lo }

// Part is the i-th of n consecutive parts of r; their lengths differ by at
// most one, and the longer ones come first. It is empty unless 0 ≤ i < n.
func (r Range) Part(i, n int) Range {
	if i < 0 || i >= n || r.Hi <= r.Lo {
		return Range{r.Lo, r.Lo}
	}
	size, extra := r.Len()/n, r.Len()%n
	lo := r.Lo + i*size + min(i, extra)
	hi := lo + size
	if i < extra {
		hi++
	}
	return Range{lo, hi}
}

// Grow is r with h more indices on each side, none for a negative h, kept within
// 0 ≤ i < n.
func (r Range) Grow(h, n int) Range {
	h, n = max(h, 0), max(n, 0)
	lo, hi := max(0, r.Lo-h), n
	if h < n-r.Hi { // else r.Hi+h is beyond n, or no int
		hi = r.Hi + h
	}
	return Range{min(lo, hi), hi}
}

// Intersects tells whether r and s share an index.
func (r Range) Intersects(s Range) bool {
	return max(r.Lo, s.Lo) < min(r.Hi, s.Hi)
}
