package solar

import (
	"context"
	"fmt"
	"math"
)

// composition is a fixed-step method: one step of h is a palindrome of kick-drift-kick leapfrogs of w[i]·h. It is
// time-symmetric, and symplectic without a Correction.
//
// A Correction depends on velocities, so its kick solves the implicit midpoint rule
//
//	v' = v + τ·( Field(x) + Correction(x, (v+v')/2) )
//
// by three fixed-point passes, each of which reduces the error by a factor of τ·∂a/∂v, about 1e-9 for planets. So the
// kick remains its own inverse under τ → -τ up to rounding, which keeps the method symmetric and its order even. The
// Field, which costs most, is still evaluated once per stage. Symplecticity is lost at the order of the correction.
type composition struct {
	name  string
	dt    float64 // longest step, days
	w     []float64
	stats Stats
	span  timeSpan // that Advance divides into steps

	work Phase     // the current step
	a    []float64 // Field at work.X
	mid  []float64 // velocity at a kick's middle
	acc  []float64 // whole acceleration at a kick's middle
}

const midpointPasses = 3

func newComposition(name string, dt, defaultDt float64, w []float64) *composition {
	if dt == 0 {
		dt = defaultDt
	}
	return &composition{name: name, dt: dt, w: w}
}

func (c *composition) Name() string { return c.name }
func (c *composition) Stats() Stats { return c.stats }

// Synchronize does nothing: Advance keeps its state up to date.
func (c *composition) Synchronize(*Phase) {}

// Checkpoint returns the counts and the span.
func (c *composition) Checkpoint() []float64 { return append(c.stats.values(), c.span.values()...) }

// Restore implements Integrator.
func (c *composition) Restore(values []float64, p *Phase) error {
	if len(values) != statsLen+spanLen || p == nil || !p.whole() {
		return errCheckpoint(c.name)
	}
	stats, counted := statsOf(values)
	span, divided := spanOf(values[statsLen:])
	if !counted || !divided {
		return errCheckpoint(c.name)
	}
	c.stats, c.span = stats, span
	c.begin(p)
	return nil
}

// Advance divides the time span into the fewest equal steps of at most dt, so that the last one ends exactly at t.
func (c *composition) Advance(ctx context.Context, rhs *Acceleration, p *Phase, t float64, step func(float64) error) error {
	if err := ready(rhs, p, t); err != nil {
		return err
	}
	again := c.span.unfinished(t) && c.work.equal(p)
	if !again {
		var err error
		if c.span, err = divide(p, t, c.dt); err != nil || c.span.n == 0 {
			return err
		}
		c.begin(p)
	}
	h := c.span.step()
	for first := true; c.span.k < c.span.n; first = false {
		if err := ctx.Err(); err != nil {
			return fmt.Errorf("%s: %w", c.name, err)
		}
		if first { // later steps reuse the field of the step before
			c.work.copyFrom(p)
			if err := c.field(ctx, rhs); err != nil {
				return err
			}
			if again && c.span.k > 0 {
				c.stats.Evaluations-- // it was counted with the step before
			}
		}
		if err := c.step(ctx, rhs, h); err != nil {
			c.work.copyFrom(p)
			return err
		}
		if i := c.work.nonFinite(); i >= 0 {
			c.work.copyFrom(p)
			return &Divergence{Body: i, T: p.T, Reason: "its state is no longer finite"}
		}
		c.work.T, c.work.TLow = c.span.next()
		p.copyFrom(&c.work)
		c.stats.Steps++
		if step != nil {
			if err := step(p.T); err != nil {
				return err
			}
		}
	}
	return nil
}

// timeSpan is a span of time that is divided into n equal steps, of which k are done. Times are days since the epoch.
type timeSpan struct {
	start, startLow float64
	length, to      float64
	n, k            float64
}

// divide returns the span from p to t in the fewest steps of at most dt; n is 0 if there is nothing to do.
func divide(p *Phase, t, dt float64) (timeSpan, error) {
	s := timeSpan{start: p.T, startLow: p.TLow, length: (t - p.T) - p.TLow, to: t}
	if s.length == 0 {
		return s, nil
	}
	n := math.Ceil(math.Abs(s.length) / dt)
	if !(n <= maxSteps) {
		return timeSpan{}, fmt.Errorf("%w: %g days in steps of %g are too many steps", ErrInput, s.length, dt)
	}
	s.n = max(n, 1)
	return s, nil
}

// unfinished reports whether the span leads to t and has steps left.
func (s *timeSpan) unfinished(t float64) bool { return s.to == t && s.k < s.n }

// step returns the length of a step.
func (s *timeSpan) step() float64 { return s.length / s.n }

// next counts a step and returns the time at its end.
func (s *timeSpan) next() (t, low float64) {
	s.k++
	return s.now()
}

// now returns the time at the end of the last step.
func (s *timeSpan) now() (t, low float64) {
	switch s.k {
	case 0:
		return s.start, s.startLow
	case s.n:
		return s.to, 0
	}
	done := dd{hi: s.length}.scale(s.k).div(dd{hi: s.n})
	now := dd{s.start, s.startLow}.add(done)
	return now.hi, now.lo
}

func (s *timeSpan) values() []float64 {
	return []float64{s.start, s.startLow, s.length, s.to, s.n, s.k}
}

// spanLen is the length of values.
const spanLen = 6

// spanOf returns the span in a checkpoint. It reports false unless it is possible.
func spanOf(v []float64) (s timeSpan, ok bool) {
	s = timeSpan{start: v[0], startLow: v[1], length: v[2], to: v[3], n: v[4], k: v[5]}
	whole := s.n == math.Trunc(s.n) && s.k == math.Trunc(s.k)
	return s, finite(v) && whole && s.k >= 0 && s.k <= s.n && s.n <= maxSteps
}

// begin copies p into the work arrays, resized to fit.
func (c *composition) begin(p *Phase) {
	n := len(p.X)
	if len(c.a) != n {
		c.work = Phase{X: make([]float64, n), XLow: make([]float64, n), V: make([]float64, n), VLow: make([]float64, n)}
		c.a, c.mid, c.acc = make([]float64, n), make([]float64, n), make([]float64, n)
	}
	c.work.copyFrom(p)
}

// step advances the work state by h, with one leapfrog per weight.
func (c *composition) step(ctx context.Context, rhs *Acceleration, h float64) error {
	for _, w := range c.w {
		tau := float64(w * h)
		c.kick(rhs, tau/2)
		accumulate(c.work.X, c.work.XLow, tau, c.work.V)
		if err := c.field(ctx, rhs); err != nil {
			return err
		}
		c.kick(rhs, tau/2)
	}
	return nil
}

func (c *composition) field(ctx context.Context, rhs *Acceleration) error {
	c.stats.Evaluations++
	if err := rhs.Field.Accelerate(ctx, c.work.X, c.a); err != nil {
		return fmt.Errorf("%s: %w", c.name, err)
	}
	return nil
}

// kick adds tau times the acceleration to the work velocities.
func (c *composition) kick(rhs *Acceleration, tau float64) {
	if rhs.Correction == nil {
		accumulate(c.work.V, c.work.VLow, tau, c.a)
		return
	}
	v := c.work.V
	copy(c.mid, v)
	for range midpointPasses {
		copy(c.acc, c.a)
		rhs.Correction.Add(c.work.X, c.mid, c.acc)
		for i := range v {
			c.mid[i] = v[i] + float64(tau/2*c.acc[i])
		}
	}
	accumulate(v, c.work.VLow, tau, c.acc)
}

// yoshida4 is the triple jump: three leapfrogs of weights w, 1-2w, w with w = 1/(2-∛2) cancel the third-order error
// (Yoshida 1990, Phys. Lett. A 150, 262; also Forest & Ruth 1990, Physica D 43, 105).
func yoshida4() []float64 {
	const (
		cbrt2 = 1.25992104989487316476721060727822835
		w     = 1 / (2 - cbrt2)
	)
	return []float64{w, 1 - 2*w, w}
}

// kahanLi8 is the 17-stage symmetric composition s17odr8a of Kahan & Li (1997, Math. Comp. 66, 1089), as printed in
// Hairer, Lubich & Wanner, Geometric Numerical Integration (2006), sec. V.3.2. It has the form of Yoshida's (1990)
// 15-stage methods of order 8, with two more stages and far smaller error constants.
func kahanLi8() []float64 {
	const (
		w1 = 0.13020248308889008087881763
		w2 = 0.56116298177510838456196441
		w3 = -0.38947496264484728640807860
		w4 = 0.15884190655515560089621075
		w5 = -0.39590389413323757733623154
		w6 = 0.18453964097831570709183254
		w7 = 0.25837438768632204729397911
		w8 = 0.29501172360931029887096624
		w9 = 1 - 2*(w1+w2+w3+w4+w5+w6+w7+w8)
	)
	return []float64{w1, w2, w3, w4, w5, w6, w7, w8, w9, w8, w7, w6, w5, w4, w3, w2, w1}
}
