package plate_test

import (
	"context"
	"errors"
	"math"
	"strings"
	"testing"

	"offload/device"
	"offload/kernels/grid"
	"offload/sims/plate"
)

// mode returns the eigenmode with m and n half waves on a plate of lx × ly; it is zero
// at the edges up to rounding.
func mode(m, n int, lx, ly float64) func(x, y float64) float64 {
	return func(x, y float64) float64 {
		return 100 * math.Sin(math.Pi*float64(m)*x/lx) * math.Sin(math.Pi*float64(n)*y/ly)
	}
}

// Each step multiplies a mode by 1 − 4cx·sin²(πm/2p) − 4cy·sin²(πn/2q).
func TestModesDecayByTheDiscreteFactor(t *testing.T) {
	const alpha, dx, dy, rows, cols = 1e-4, 0.02, 0.03, 19, 34
	d := open(t)
	for _, k := range [][2]int{{1, 1}, {2, 1}, {3, 5}} {
		u := mode(k[0], k[1], (cols-1)*dx, (rows-1)*dy)
		f := fromFunction(t, rows, cols, dx, dy, true, u)
		start := clone(f)
		r, err := plate.Transient(context.Background(), d, f,
			plate.TransientOptions{Diffusivity: alpha, Dx: dx, Dy: dy, Time: 40})
		if err != nil {
			t.Fatal(err)
		}
		sx, sy := math.Sin(math.Pi*float64(k[0])/(2*(cols-1))), math.Sin(math.Pi*float64(k[1])/(2*(rows-1)))
		factor := 1 - 4*alpha*r.Dt*(sx*sx/(dx*dx)+sy*sy/(dy*dy))
		decay, largest := math.Pow(factor, float64(r.Steps)), 0.0
		for i, v := range start.T {
			largest = max(largest, math.Abs(f.T[i]-v*decay))
		}
		t.Logf("mode %v: %d steps, decay %.6f, off by %.2g", k, r.Steps, decay, largest/100)
		if largest > 1e-12*100 {
			t.Errorf("mode %v: off by %g", k, largest)
		}
	}
}

// With a time step proportional to h² the error decreases as h².
func TestTransientSecondOrder(t *testing.T) {
	const alpha, lx, ly, time = 0.01, 3.0, 1.0, 8.0
	d := open(t)
	var errs []float64
	for _, n := range []int{8, 16, 32} {
		dx, dy := lx/float64(2*n), ly/float64(n)
		u := mode(2, 1, lx, ly)
		f := fromFunction(t, n+1, 2*n+1, dx, dy, true, u)
		o := plate.TransientOptions{Diffusivity: alpha, Dx: dx, Dy: dy, Time: time, Dt: 0.5 * grid.StableStep(alpha, dx, dy)}
		r, err := plate.Transient(context.Background(), d, f, o)
		if err != nil || r.Time != time {
			t.Fatalf("%+v, %v", r, err)
		}
		decay := math.Exp(-alpha * math.Pi * math.Pi * (4/(lx*lx) + 1/(ly*ly)) * time)
		errs = append(errs, distance(f, fromFunction(t, n+1, 2*n+1, dx, dy, true,
			func(x, y float64) float64 { return decay * u(x, y) })))
	}
	for i := range 2 {
		p := order(errs[i], errs[i+1])
		t.Logf("errors %.3g and %.3g: order %.3f", errs[i], errs[i+1], p)
		if math.Abs(p-2) > 0.15 {
			t.Errorf("order %.3f, want 2", p)
		}
	}
}

// After a long time the transient agrees with the steady state.
func TestTransientSettles(t *testing.T) {
	d := open(t)
	want, _ := hotTop(t, d, 17)
	f := newField[float64](t, 17, 17, plate.Edges{Top: 100})
	r, err := plate.Transient(context.Background(), d, f, plate.TransientOptions{Diffusivity: 1, Dx: 1, Dy: 1, Time: 400})
	if err != nil || distance(f, want) > 1e-8 || r.Change > 1e-10 {
		t.Errorf("%+v, %v: off by %g", r, err, distance(f, want))
	}
}

// Steps are equal, at most as long as requested, and end at the time.
func TestStepsLandOnTheTime(t *testing.T) {
	d := open(t)
	for _, c := range []struct {
		time, dt float64
		steps    int
	}{
		{1, 0.1, 10}, {0.3, 0.1, 3}, {0.9, 0.3 / 3, 9}, {0.7, 0.1, 7}, {1, 0.25, 4}, // 0.25 is the limit
		{1, 0.24, 5}, {1e-9, 0.1, 1}, {0, 0.1, 0}, {0, 0, 0}, {1, 0, 5}, {30, 0.1, 300},
	} {
		f := newField[float64](t, 5, 5, plate.Edges{Top: 1})
		r, err := plate.Transient(context.Background(), d, f,
			plate.TransientOptions{Diffusivity: 1, Dx: 1, Dy: 1, Time: c.time, Dt: c.dt})
		if err != nil || r.Steps != c.steps || r.Time != c.time || math.Abs(r.Dt*float64(r.Steps)-c.time) > 1e-12 {
			t.Errorf("%g s in steps of %g: %+v, %v; want %d steps", c.time, c.dt, r, err, c.steps)
		}
	}
}

func TestUnstableStep(t *testing.T) {
	f := newField[float32](t, 5, 5, plate.Edges{Top: 1})
	o := plate.TransientOptions{Diffusivity: 1, Dx: 1, Dy: 1, Time: 1, Dt: 0.2500001}
	_, err := plate.Transient(context.Background(), open(t), f, o)
	if !errors.Is(err, device.ErrInvalid) || !strings.Contains(err.Error(), "at most 0.25 s") {
		t.Errorf("%v; want ErrInvalid naming the limit", err)
	}
}

func TestRefusedTransients(t *testing.T) {
	nan, inf := math.NaN(), math.Inf(1)
	d := open(t)
	good := plate.TransientOptions{Diffusivity: 1, Dx: 1, Dy: 1, Time: 1}
	for name, change := range map[string]func(o *plate.TransientOptions){
		"no diffusivity":       func(o *plate.TransientOptions) { o.Diffusivity = 0 },
		"negative diffusivity": func(o *plate.TransientOptions) { o.Diffusivity = -1 },
		"infinite diffusivity": func(o *plate.TransientOptions) { o.Diffusivity = inf },
		"NaN diffusivity":      func(o *plate.TransientOptions) { o.Diffusivity = nan },
		"no spacing":           func(o *plate.TransientOptions) { o.Dx, o.Dy = 0, 0 },
		"NaN spacing":          func(o *plate.TransientOptions) { o.Dy = nan },
		"tiny spacing":         func(o *plate.TransientOptions) { o.Dx = 1e-200 },
		"huge spacing":         func(o *plate.TransientOptions) { o.Dx = 1e200 },
		"negative time":        func(o *plate.TransientOptions) { o.Time = -1 },
		"infinite time":        func(o *plate.TransientOptions) { o.Time = inf },
		"NaN time":             func(o *plate.TransientOptions) { o.Time = nan },
		"endless":              func(o *plate.TransientOptions) { o.Time = 1e30 },
		"negative step":        func(o *plate.TransientOptions) { o.Dt = -1 },
		"NaN step":             func(o *plate.TransientOptions) { o.Dt = nan },
		"infinite step":        func(o *plate.TransientOptions) { o.Dt = inf },
		"negative batch":       func(o *plate.TransientOptions) { o.StepsPerLaunch = -1 },
	} {
		o := good
		change(&o)
		f := newField[float64](t, 5, 5, plate.Edges{Top: 1})
		if r, err := plate.Transient(context.Background(), d, f, o); !errors.Is(err, device.ErrInvalid) || r.Steps != 0 {
			t.Errorf("%s: %+v, %v; want ErrInvalid", name, r, err)
		}
	}
}

func TestCancelledTransientKeepsTheLastBatch(t *testing.T) {
	d := open(t)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	o := plate.TransientOptions{Diffusivity: 1, Dx: 1, Dy: 1, Time: 1000, Dt: 0.125, StepsPerLaunch: 10}
	o.Progress = func(time, _ float64) {
		if time == 5 {
			cancel()
		}
	}
	f := newField[float64](t, 33, 33, plate.Edges{Top: 100})
	r, err := plate.Transient(ctx, d, f, o)
	if !errors.Is(err, context.Canceled) || r.Steps != 40 || r.Time != 5 || !strings.Contains(err.Error(), "after 40 steps") {
		t.Fatalf("%+v, %v; want a cancellation at 5 s", r, err)
	}
	want := newField[float64](t, 33, 33, plate.Edges{Top: 100})
	o.Time, o.Progress = 5, nil
	if _, err := plate.Transient(context.Background(), d, want, o); err != nil {
		t.Fatal(err)
	}
	if at := diff(f, want); at != "" {
		t.Errorf("what was kept is not the state at 5 s: %s", at)
	}
}

// In float32, steps that are too short change nothing. That is an error, unless the plate
// is steady.
func TestFrozen(t *testing.T) {
	o := plate.TransientOptions{Diffusivity: 9.7e-5, Dx: 1e-3, Dy: 1e-3, Time: 2e-4, Dt: 2e-6}
	for _, c := range []struct {
		top    float32
		frozen bool
	}{{300.01, true}, {300, false}} {
		f, err := plate.NewField[float32](65, 65, plate.Edges{Top: float64(c.top), Bottom: 300, Left: 300, Right: 300})
		if err != nil {
			t.Fatal(err)
		}
		for i := 1; i < f.Rows-1; i++ {
			for j := 1; j < f.Cols-1; j++ {
				f.T[i*f.Cols+j] = 300
			}
		}
		_, err = plate.Transient(context.Background(), open(t), f, o)
		if errors.Is(err, plate.ErrFrozen) != c.frozen || (err != nil) != c.frozen {
			t.Errorf("top %g: error %v", c.top, err)
		}
	}
}
