// Heat: u′ = u + (cy·((up + down) − 2u) + cx·((left + right) − 2u)). Twin of heat.go.
// V is a number or a vector of neighbouring points.

#define UPDATE(V) \
V update(V up, V left, V here, V right, V down, real cx, real cy) \
{ \
	precise V twice = here + here; \
	precise V v = here + (cy * ((up + down) - twice) + cx * ((left + right) - twice)); \
	return v; \
}

UPDATE(real)
UPDATE(real4)
