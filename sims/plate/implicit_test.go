package plate_test

import (
	"context"
	"errors"
	"math"
	"testing"

	"offload/sims/plate"
	"offload/sims/poisson"
)

// insulatedBar is a plate of 3 × cols points without heat through top and bottom.
func insulatedBar(t *testing.T, cols int, u func(x float64) float64) (*plate.Field[float64], plate.ImplicitOptions) {
	t.Helper()
	f, err := plate.NewField[float64](3, cols, plate.Edges{})
	if err != nil {
		t.Fatal(err)
	}
	for i := range f.T {
		f.T[i] = u(float64(i%cols) / float64(cols-1))
	}
	side := poisson.Edge{Kind: poisson.Insulated}
	dx := 1 / float64(cols-1)
	return f, plate.ImplicitOptions{
		Problem:  poisson.Problem{Rows: 3, Cols: cols, Dx: dx, Dy: dx, Top: side, Bottom: side},
		Capacity: 1,
	}
}

// A half wave decays as exp(−λt) with the λ of the grid. The error of Crank-Nicolson falls
// with the square of the step, that of backward Euler with the step.
func TestImplicitOrder(t *testing.T) {
	const cols, time = 17, 0.1
	sine := math.Sin(math.Pi / (2 * (cols - 1)))
	lambda := 4 * sine * sine * (cols - 1) * (cols - 1)
	for _, c := range []struct {
		name        string
		scheme      plate.Scheme
		least, most float64 // ratio of the errors of a step and half of it
	}{
		{"Crank-Nicolson", plate.CrankNicolson, 3.5, 4.6},
		{"backward Euler", plate.BackwardEuler, 1.9, 2.2},
	} {
		var errs []float64
		for _, steps := range []int{10, 20, 40} {
			f, o := insulatedBar(t, cols, func(x float64) float64 { return math.Sin(math.Pi * x) })
			o.Time, o.Dt, o.Scheme = time, time/float64(steps), c.scheme
			r, err := plate.Implicit(context.Background(), open(t), f, o)
			if err != nil || r.Steps != steps {
				t.Fatal(c.name, r.Steps, err)
			}
			errs = append(errs, math.Abs(f.At(1, cols/2)-math.Exp(-lambda*time)))
		}
		for i := 1; i < len(errs); i++ {
			if ratio := errs[i-1] / errs[i]; ratio < c.least || ratio > c.most {
				t.Errorf("%s: errors %.3g, ratio %.2f", c.name, errs, ratio)
			}
		}
	}
}

// With steps and distances halved together the error of Crank-Nicolson falls to a quarter,
// with convection and flux at the edges. The solutions are a wave that decays on top of what
// the edges hold up, x from the left and y from the bottom.
func TestImplicitSecondOrder(t *testing.T) {
	const (
		k, capacity, width, height, time = 2.0, 5.0, 1.0, 1.5, 0.4
		mu, nu                           = 0.9, 0.7 // of the wave, per metre
		ambient, flux                    = 20.0, 30.0
	)
	air := func(wave, length float64) poisson.Edge { // the transfer at which such a wave decays as it is
		return poisson.Edge{Kind: poisson.Convection, Transfer: k * wave * math.Tan(wave*length), Ambient: ambient}
	}
	decay := func(x, y, t float64) float64 { return math.Exp(-k / capacity * (x*x + y*y) * t) }
	insulated, heated := poisson.Edge{Kind: poisson.Insulated}, poisson.Edge{Kind: poisson.Flux, Flux: flux}
	side := air(mu, width)
	for _, c := range []struct {
		name                     string
		top, bottom, left, right poisson.Edge
		u                        func(x, y, t float64) float64
	}{
		{"convection at the right and the top", air(nu, height), insulated, insulated, side, func(x, y, t float64) float64 {
			return ambient + 50*math.Cos(mu*x)*math.Cos(nu*y)*decay(mu, nu, t)
		}},
		{"flux at the left, convection at the right", insulated, insulated, heated, side, func(x, _, t float64) float64 {
			return ambient + flux/side.Transfer + flux/k*(width-x) + 50*math.Cos(mu*x)*decay(mu, 0, t)
		}},
		{"flux at the left, nothing leaves", insulated, insulated, heated, insulated, func(x, y, t float64) float64 {
			wave := 50 * math.Cos(math.Pi*x/width) * math.Cos(math.Pi*y/height) * decay(math.Pi/width, math.Pi/height, t)
			return flux/(2*k*width)*(width-x)*(width-x) + flux/(capacity*width)*t + wave
		}},
	} {
		before := 0.0
		for _, n := range []int{8, 16, 32} {
			dx, dy := width/float64(n), height/float64(n)
			at := func(t float64) func(x, y float64) float64 {
				return func(x, y float64) float64 { return c.u(x, y, t) }
			}
			f := fromFunction(t, n+1, n+1, dx, dy, true, at(0))
			r, err := plate.Implicit(context.Background(), open(t), f, plate.ImplicitOptions{
				Problem: poisson.Problem{Rows: n + 1, Cols: n + 1, Dx: dx, Dy: dy, K: k,
					Top: c.top, Bottom: c.bottom, Left: c.left, Right: c.right},
				Capacity: capacity, Time: time, Dt: time / float64(n),
			})
			if err != nil || r.Steps != n {
				t.Fatal(c.name, r.Steps, err)
			}
			off := distance(f, fromFunction(t, n+1, n+1, dx, dy, true, at(time)))
			if ratio := before / off; before != 0 && !(ratio > 3.7 && ratio < 4.3) {
				t.Errorf("%s, %d intervals: error %g, %.3g times less than with half as many, want 4", c.name, n, off, ratio)
			}
			before = off
		}
	}
}

// What comes in is what is stored, for every kind of edge.
func TestEnergyBalance(t *testing.T) {
	n := 21
	for name, edges := range map[string][2]poisson.Edge{
		"held":       {},
		"flux":       {{Kind: poisson.Flux, Flux: 300}, {}},
		"convection": {{Kind: poisson.Convection, Transfer: 20, Ambient: 5}, {Kind: poisson.Insulated}},
		"periodic":   {{Kind: poisson.Periodic}, {Kind: poisson.Periodic}},
	} {
		for _, scheme := range []plate.Scheme{plate.CrankNicolson, plate.BackwardEuler} {
			f, err := plate.NewField[float64](n, n, plate.Edges{Top: 100})
			if err != nil {
				t.Fatal(err)
			}
			q := make([]float64, n*n)
			for i := range q {
				q[i] = float64(i % 7)
			}
			r, err := plate.Implicit(context.Background(), open(t), f, plate.ImplicitOptions{
				Problem:  poisson.Problem{Rows: n, Cols: n, Dx: 0.05, Dy: 0.04, K: 3, Left: edges[0], Right: edges[1], Source: q},
				Capacity: 500, Time: 20, Dt: 2, Scheme: scheme,
			})
			if err != nil || r.Energy.Imbalance() > 1e-10 || r.Energy.Stored == 0 || r.Energy.Sources == 0 {
				t.Errorf("%s, scheme %d: imbalance %.2g, %+v, %v", name, scheme, r.Energy.Imbalance(), r.Energy, err)
			}
		}
	}
}

// Long steps from a jump do not make Crank-Nicolson overshoot.
func TestImplicitDoesNotRing(t *testing.T) {
	f, o := insulatedBar(t, 65, func(x float64) float64 { return 0 })
	for r := range 3 {
		f.T[r*65] = 100
	}
	o.Time, o.Dt = 0.05, 0.005 // 20 times the stable step
	frames := 0
	o.Every = 0.01
	o.Frame = func(plate.ImplicitResult) error {
		frames++
		for i, v := range f.T {
			if v < -1e-9 || v > 100+1e-9 {
				t.Fatalf("%g at column %d in frame %d", v, i%65, frames)
			}
		}
		return nil
	}
	if _, err := plate.Implicit(context.Background(), open(t), f, o); err != nil || frames != 6 {
		t.Errorf("%d frames, %v", frames, err)
	}
}

// An error of Frame ends the run, and the field is that of the frame.
func TestFrameFails(t *testing.T) {
	f, o := insulatedBar(t, 9, func(x float64) float64 { return x })
	full := errors.New("no space left")
	o.Time, o.Dt, o.Every = 1, 0.1, 0.5
	o.Frame = func(r plate.ImplicitResult) error {
		if r.Time > 0 {
			return full
		}
		return nil
	}
	if r, err := plate.Implicit(context.Background(), open(t), f, o); !errors.Is(err, full) || r.Steps != 5 {
		t.Errorf("%d steps, %v", r.Steps, err)
	}
}
