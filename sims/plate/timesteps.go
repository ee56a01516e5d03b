package plate

import "math"

// maxSteps bounds a run, to catch a mistyped time: 2^40 steps, or 2^30 if int has 32
// bits.
const maxSteps = 1 << (30 + math.MaxInt>>62*10)

// wholeSteps returns the number of equal steps of about dt that make up a time. A
// quotient within rounding of an integer, like 0.9/0.3, counts as that integer, unless
// the step would then exceed the limit.
func wholeSteps(time, dt, limit float64) float64 {
	if time == 0 {
		return 0
	}
	n := max(1, math.Ceil(time/dt*(1-1e-12)))
	if time/n > limit {
		n++
	}
	return n
}

// timeAfter returns the time after n of the steps, the last of which ends at the end.
func timeAfter(n, steps int, dt, end float64) float64 {
	if n == steps {
		return end
	}
	return float64(n) * dt
}

// frameSteps says after which steps of a run in time there is a frame: at the start, after
// the first step that reaches a multiple of every, and at the end. Numbers of steps alone
// decide that, so that a run that continues has the frames of one in one piece.
type frameSteps struct {
	every, dt float64 // in s
	steps     int     // of the run
}

// count returns how many multiples of every are reached after n steps. A time within
// rounding of a multiple has reached it.
func (f frameSteps) count(n int) float64 {
	return math.Floor(float64(n) * f.dt / f.every * (1 + 1e-12))
}

// at reports whether there is a frame after step n; step 0 is the start.
func (f frameSteps) at(n int) bool {
	return n == 0 || n == f.steps || f.every <= f.dt || f.count(n) > f.count(n-1)
}

// after returns the first step after step n with a frame; n must be less than steps.
func (f frameSteps) after(n int) int {
	next := n + 1
	if f.every <= f.dt {
		return next
	}
	guess := math.Floor((f.count(n) + 1) * f.every / f.dt)
	next = max(next, int(min(guess, float64(f.steps)))-2) // count is generous
	for !f.at(next) {
		next++
	}
	return next
}
