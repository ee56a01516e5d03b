// Laplacian: u′ = cy·(up + down) + cx·(left + right). Twin of laplacian.go. V is a
// number or a vector of neighbouring points.

#define UPDATE(V) \
V update(V up, V left, V here, V right, V down, real cx, real cy) \
{ \
	precise V v = cy * (up + down) + cx * (left + right); \
	return v; \
}

UPDATE(real)
UPDATE(real4)
