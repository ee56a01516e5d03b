package solar

import (
	"context"
	"errors"
	"math"
	"reflect"
	"runtime"
	"strings"
	"testing"
	"time"
)

func TestSmallSystems(t *testing.T) {
	if _, err := New(&System{}, nil, Options{}); !errors.Is(err, ErrInput) {
		t.Errorf("no bodies: %v, want ErrInput", err)
	}
	for _, name := range Integrators() {
		t.Run(name, func(t *testing.T) {
			opts := Options{Integrator: name}
			nothing := &Phase{}
			integ := must(NewIntegrator(name, Options{}))(t)
			if err := integ.Advance(context.Background(), &Acceleration{Field: Newton(nil)}, nothing, 100, nil); err != nil || nothing.T != 100 {
				t.Errorf("no bodies: %v at %g", err, nothing.T)
			}
			one := &System{Bodies: []Body{{Name: "stone", GM: 1, X: [3]float64{1}, V: [3]float64{0, 0.25}}}}
			sim, _ := runTo(t, one, opts, 1000)
			if got := sim.Snapshot().Bodies[0]; math.Abs(got.X[1]-250) > 1e-12 || got.X[0] != 1 || got.V != one.Bodies[0].V {
				t.Errorf("one body: %+v, want uniform motion", got)
			}
			opts.Dt = 0.002
			sim, _ = runTo(t, kepler(1, 1, 0.2), opts, 1)
			x, _ := keplerAt(1, 1, 0.2, 1)
			if d := distance(sim.Snapshot().Bodies[1].X, x); !(d < 1e-5) {
				t.Errorf("two bodies: off by %g", d)
			}
		})
	}
}

// Two masses at rest collide at a known date. The integration must end before the singularity.
func TestCollisionDiverges(t *testing.T) {
	sys := &System{Epoch: 2451545, Bodies: []Body{
		{Name: "far", X: [3]float64{0, 40}},
		{Name: "left", GM: 1, X: [3]float64{-1}},
		{Name: "right", GM: 1, X: [3]float64{1}},
	}}
	sim := must(New(sys, nil, Options{}))(t)
	report, err := sim.Run(context.Background(), 2451645, Watch{})
	var broken *Divergence
	if !errors.Is(err, ErrDiverged) || !errors.As(err, &broken) || broken.Body == 0 {
		t.Fatalf("%v, want ErrDiverged about the falling pair", err)
	}
	if msg := err.Error(); !strings.Contains(msg, "left at JD 24515") && !strings.Contains(msg, "right at JD 24515") {
		t.Errorf("%q names neither body nor date", msg)
	}
	fall := math.Pi / 4 * math.Sqrt(8) // free fall from distance d: π/2·√(d³/(2·Σgm))
	if got := sim.JD() - sys.Epoch; math.Abs(got-fall) > 1e-6 || report.ToJD != sim.JD() {
		t.Errorf("stopped after %g days, the fall takes %g", got, fall)
	}
	if sim.phase.nonFinite() >= 0 {
		t.Error("the state is not finite")
	}
}

// Bodies at the same place are refused, but for those without mass.
func TestCoincidentBodies(t *testing.T) {
	for _, c := range []struct {
		a, b float64 // their GM
		ok   bool
	}{{1, 1, false}, {1, 0, false}, {0, 1, false}, {0, 0, true}} {
		sys := &System{Epoch: 2451545, Bodies: []Body{{Name: "c", GM: 1}, {Name: "a", GM: c.a, X: [3]float64{1}}, {Name: "b", GM: c.b, X: [3]float64{1}}}}
		_, err := New(sys, nil, Options{})
		if ok := err == nil; ok != c.ok || !ok && (!errors.Is(err, ErrInput) || !strings.HasSuffix(err.Error(), `bodies "a" and "b" are at the same place at JD 2451545.0`)) {
			t.Errorf("GM %g and %g: %v", c.a, c.b, err)
		}
	}
}

// weightless is a field without forces.
type weightless struct{}

func (weightless) Accelerate(_ context.Context, _, a []float64) error {
	clear(a)
	return nil
}

// A run whose energy is not finite at the end has diverged.
func TestNonFiniteEnergy(t *testing.T) {
	sys := &System{Bodies: []Body{{Name: "a", GM: 1, X: [3]float64{-1}, V: [3]float64{1}}, {Name: "b", GM: 1, X: [3]float64{1}, V: [3]float64{-1}}}}
	sim := must(New(sys, weightless{}, Options{Integrator: "leapfrog", Dt: 0.25}))(t)
	if _, err := sim.Run(context.Background(), 1, Watch{}); !errors.Is(err, ErrDiverged) || !strings.Contains(err.Error(), "at JD 1.0") {
		t.Errorf("%v, want ErrDiverged at JD 1.0", err)
	}
}

// A cancelled run ends after a complete step, from which another run continues.
func TestCancellation(t *testing.T) {
	before := runtime.NumGoroutine()
	for _, name := range Integrators() {
		sys := systemFor(t, name)
		sim := must(New(sys, nil, Options{Integrator: name, Relativity: true}))(t)
		ctx, cancel := context.WithCancel(context.Background())
		var last float64
		steps := 0
		begin := time.Now()
		report, err := sim.Run(ctx, sys.Epoch+1e6, Watch{Progress: func(jd float64) error {
			last = jd
			if steps++; steps == 20 {
				cancel()
			}
			return nil
		}})
		if !errors.Is(err, context.Canceled) {
			t.Fatalf("%s: %v, want context.Canceled", name, err)
		}
		if steps != 20 || report.Steps != 20 || sim.JD() != last || report.ToJD != last {
			t.Errorf("%s: %d steps to %v, reported %+v", name, steps, last, report)
		}
		if d := time.Since(begin); d > 2*time.Second {
			t.Errorf("%s: took %v", name, d)
		}
		if sim.phase.nonFinite() >= 0 {
			t.Errorf("%s: the state is not finite", name)
		}
		must(sim.Run(context.Background(), sys.Epoch+100, Watch{}))(t)
	}
	if after := runtime.NumGoroutine(); after > before {
		t.Errorf("%d goroutines, %d before", after, before)
	}
}

// failing is a field that fails in the middle of a step.
type failing struct {
	Field
	left int
	err  error
}

func (f *failing) Accelerate(ctx context.Context, x, a []float64) error {
	if f.left--; f.left < 0 {
		return f.err
	}
	return f.Field.Accelerate(ctx, x, a)
}

func TestFieldErrorLeavesTheLastStep(t *testing.T) {
	lost := errors.New("device lost")
	for _, name := range Integrators() {
		if name == "wh" { // does not call the field
			continue
		}
		sys := must(J2000())(t)
		sim := must(New(sys, &failing{Newton(sys.GMs()), 1000, lost}, Options{Integrator: name}))(t)
		var last []float64
		_, err := sim.Run(context.Background(), sys.Epoch+1e5, Watch{Progress: func(float64) error {
			last = append(last[:0], sim.phase.X...)
			return nil
		}})
		if !errors.Is(err, lost) {
			t.Errorf("%s: %v, want the field's error", name, err)
		}
		if !reflect.DeepEqual(last, sim.phase.X) {
			t.Errorf("%s: the state is not that of the last completed step", name)
		}
	}
}

func TestSamplesComeAtTheirDates(t *testing.T) {
	for _, tt := range []struct {
		until, every float64
		want         []float64
	}{
		{30, 10, []float64{0, 10, 20, 30}},
		{25, 10, []float64{0, 10, 20, 25}},
		{-25, 10, []float64{0, -10, -20, -25}},
		{5, 10, []float64{0, 5}},
		{0.3, 0.1, []float64{0, 0.1, 0.2, 0.3}},
		{25, 0, []float64{25}},
		{0, 10, []float64{0, 0}},
	} {
		for _, name := range Integrators() {
			sys := systemFor(t, name)
			sys.Epoch = 0
			sim := must(New(sys, nil, Options{Integrator: name}))(t)
			var got []float64
			must(sim.Run(context.Background(), tt.until, Watch{Every: tt.every, Sample: func(s Snapshot) error {
				got = append(got, s.JD)
				return nil
			}}))(t)
			if !reflect.DeepEqual(got, tt.want) {
				t.Errorf("%s to %g every %g: %v, want %v", name, tt.until, tt.every, got, tt.want)
			}
		}
	}
}

func TestSampleErrorEndsTheRun(t *testing.T) {
	full := errors.New("disk full")
	sys := must(J2000())(t)
	sim := must(New(sys, nil, Options{}))(t)
	_, err := sim.Run(context.Background(), sys.Epoch+100, Watch{Every: 10, Sample: func(s Snapshot) error {
		if s.JD >= sys.Epoch+20 {
			return full
		}
		return nil
	}})
	if !errors.Is(err, full) || sim.JD() != sys.Epoch+20 {
		t.Errorf("%v at %v", err, sim.JD())
	}
}

func TestBadOptionsAreRefused(t *testing.T) {
	nan := math.NaN()
	for _, opts := range []Options{
		{Integrator: "euler"}, {Dt: nan}, {Dt: math.Inf(1)}, {Tol: -1}, {Tol: 1}, {Tol: 1e-17}, {Tol: nan},
	} {
		_, err := New(must(J2000())(t), nil, opts)
		if !errors.Is(err, ErrInput) {
			t.Errorf("%+v: %v, want ErrInput", opts, err)
		}
		if opts.Integrator != "" && !strings.Contains(err.Error(), strings.Join(Integrators(), ", ")) {
			t.Errorf("%v does not list the integrators", err)
		}
	}
	sim := must(New(must(J2000())(t), nil, Options{Integrator: "leapfrog", Dt: 1e-12}))(t)
	sample := func(Snapshot) error { return nil }
	for _, run := range []struct {
		until float64
		watch Watch
	}{
		{nan, Watch{}}, {math.Inf(1), Watch{}}, {1e9, Watch{}}, {2451546, Watch{Every: -1}},
		{2451546, Watch{Every: nan}}, {2451546, Watch{Every: 1e-12, Sample: sample}}, {1e7, Watch{}},
	} {
		if _, err := sim.Run(context.Background(), run.until, run.watch); !errors.Is(err, ErrInput) {
			t.Errorf("until %v every %v: %v, want ErrInput", run.until, run.watch.Every, err)
		}
	}
}

// Steps do not allocate: the allocations of a run do not depend on its length.
func TestStepsDoNotAllocate(t *testing.T) {
	for _, name := range Integrators() {
		sys := systemFor(t, name)
		integ, p := must(NewIntegrator(name, Options{}))(t), NewPhase(sys)
		rhs := &Acceleration{Field: Newton(sys.GMs()), Correction: must(Schwarzschild(sys))(t)}
		to := 0.0
		allocations := func(days float64) float64 {
			return testing.AllocsPerRun(3, func() {
				to += days
				if err := integ.Advance(context.Background(), rhs, p, to, nil); err != nil {
					t.Fatal(err)
				}
			})
		}
		short, long := allocations(50), allocations(100)
		if long != short || short != 0 && name != "wh" { // which begins anew in each Advance
			t.Errorf("%s: %v allocations for 50 days, %v for 100", name, short, long)
		}
	}
}
