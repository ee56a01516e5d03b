package solar

import "math"

// seventhRoot returns x^(1/7) for x > 0, to a few units in the last place and with the same bits everywhere, which
// math.Pow does not promise. Newton's iteration on y⁷ = m, where x = m·2^(7q) and m is in [0.5, 64), falls
// monotonically from any start above the root.
func seventhRoot(x float64) float64 {
	frac, exp := math.Frexp(x)
	q := exp / 7
	if exp%7 < 0 {
		q--
	}
	m := math.Ldexp(frac, exp-7*q)
	y := 1.82 // 64^(1/7) = 1.811…
	for range 64 {
		y2 := float64(y * y)
		y6 := float64(float64(y2*y2) * y2)
		next := (float64(6*y) + m/y6) / 7
		if next >= y {
			break
		}
		y = next
	}
	return math.Ldexp(y, q)
}
