package solar

import "math"

// evaluationsPerDay is how often radau15 asks for the accelerations of the solar
// system, whose fastest bodies are the Moon and Mercury.
const evaluationsPerDay = 12.3

// Evaluations predicts how often an integration over that many days calls its Field:
// from the step for integrators that have a fixed one; for radau15 a guess, which is
// right for the solar system. Options that New refuses, and days that are no number, give
// 0; the most are 2^31 − 1.
func Evaluations(o Options, days float64) int {
	n := math.Abs(days) * evaluationsPerDay
	integ, err := NewIntegrator("", o)
	if err != nil || math.IsNaN(days) {
		return 0
	}
	if c, ok := integ.(*composition); ok {
		n = math.Abs(days) / c.dt * float64(len(c.w))
	}
	return int(min(n+1, math.MaxInt32))
}
