package solar

import (
	"context"
	"errors"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"
)

// The energy error stays where the corrector puts it. Without the corrector it is some 1e-9.
func TestWHKeepsTheEnergy(t *testing.T) {
	years := 5000.0
	if testing.Short() {
		years = 500
	}
	sys := planets(t)
	_, report := runTo(t, sys, Options{Integrator: "wh"}, sys.Epoch+365.25*years)
	t.Logf("%+v", report)
	if !(report.EnergyError < 3e-12) || !(report.AngularMomentumError < 1e-12) || !(report.BarycentreDrift < 1e-12) {
		t.Errorf("after %g years: %+v", years, report)
	}
}

func TestWHFollowsRadau15(t *testing.T) {
	for _, tt := range []struct {
		dt, days, km float64 // the largest difference of a planet
	}{{5, 3652.5, 1000}, {5, -3652.5, 1000}, {1, 3652.5, 3}} {
		sys := systemFor(t, "wh")
		want, _ := runTo(t, sys, Options{}, sys.Epoch+tt.days)
		got, _ := runTo(t, sys, Options{Integrator: "wh", Dt: tt.dt}, sys.Epoch+tt.days)
		for _, d := range must(Compare(got.Snapshot(), want.Snapshot()))(t) {
			t.Logf("dt %g, %g days: %s off by %.3g km", tt.dt, tt.days, d.Name, d.KM)
			if !(d.KM < tt.km) {
				t.Errorf("dt %g, %g days: %s off by %.3g km", tt.dt, tt.days, d.Name, d.KM)
			}
		}
	}
}

// asteroids returns n bodies without mass between Mars and Jupiter.
func asteroids(n int) (all []Body) {
	for i := range n {
		x, v := keplerAt(2.9591220828559109e-04, 2.2+0.1*float64(i), 0.2, 100*float64(i))
		all = append(all, Body{Name: fmt.Sprint("asteroid ", i), X: x, V: v})
	}
	return all
}

// Bodies without mass move among the planets, and change no bit of them.
func TestWHBodiesWithoutMass(t *testing.T) {
	sys := planets(t)
	alone, _ := runTo(t, sys, Options{Integrator: "wh", Relativity: true}, sys.Epoch+2000)
	with := &System{Epoch: sys.Epoch, Bodies: append(asteroids(11), sys.Bodies...)}
	got, _ := runTo(t, with, Options{Integrator: "wh", Relativity: true}, sys.Epoch+2000)
	if !reflect.DeepEqual(got.Snapshot().Bodies[11:], alone.Snapshot().Bodies) {
		t.Error("asteroids change the planets")
	}
	want, _ := runTo(t, with, Options{}, sys.Epoch+2000)
	plain, _ := runTo(t, with, Options{Integrator: "wh"}, sys.Epoch+2000)
	for _, d := range must(Compare(plain.Snapshot(), want.Snapshot()))(t)[:11] {
		t.Logf("%s off by %.3g km", d.Name, d.KM)
		if !(d.KM < 100) {
			t.Errorf("%s off by %.3g km", d.Name, d.KM)
		}
	}
}

func TestWHFormsGiveTheSameBits(t *testing.T) {
	sys := planets(t)
	var want Snapshot
	for i, variant := range []string{"contract", "avx2", "avx512", ""} {
		sim, _ := runTo(t, sys, Options{Integrator: "wh", Relativity: true, Variant: variant}, sys.Epoch+1000)
		if got := sim.Snapshot(); i == 0 {
			want = got
		} else if !reflect.DeepEqual(got, want) {
			t.Errorf("%q: %v, want %v", variant, got, want)
		}
	}
}

func TestWHRefuses(t *testing.T) {
	whole := must(J2000())(t)
	if _, err := New(whole, nil, Options{Integrator: "wh"}); !errors.Is(err, ErrInput) || !strings.Contains(err.Error(), "Earth and Moon") {
		t.Errorf("%v, want ErrInput about the Earth and the Moon", err)
	}
	light := must(J2000())(t)
	light.Bodies[light.Index("Moon")].GM = 0
	if _, err := New(light, nil, Options{Integrator: "wh"}); !errors.Is(err, ErrInput) {
		t.Errorf("a Moon without mass: %v, want ErrInput", err)
	}
	sys := planets(t)
	sys.Bodies[0].Name, sys.Bodies[1].Name = "Star", SunName
	for name, err := range map[string]error{
		"a field without masses": second(New(planets(t), weightless{}, Options{Integrator: "wh"})),
		"relativity of a planet": second(New(sys, nil, Options{Integrator: "wh", Relativity: true})),
		"fewer masses":           second(New(sys, Newton(make([]float64, 3)), Options{Integrator: "wh"})),
		"merging what is not":    second(sys.Merge("both", "Earth", "Moon")),
	} {
		if !errors.Is(err, ErrInput) {
			t.Errorf("%s: %v, want ErrInput", name, err)
		}
	}
}

// meeting is a Sun with two planets, the inner of which overtakes the outer one at some 0.5 Hill radii.
func meeting() *System {
	const gm = 2.9591220828559109e-04
	sys := &System{Bodies: []Body{{Name: SunName, GM: gm}}}
	for i, a := range []float64{1, 1.03} {
		x, v := keplerAt(gm, a, 0.02, 300-340*float64(i))
		x[2] = 0.001 * float64(i)
		sys.Bodies = append(sys.Bodies, Body{Name: fmt.Sprint("planet ", i), GM: 1e-5 * gm, X: x, V: v})
	}
	x, v := keplerAt(gm, 5.2, 0.05, 0)
	sys.Bodies = append(sys.Bodies, Body{Name: "giant", GM: 1e-3 * gm, X: x, V: v})
	return sys
}

// Through encounters the planets go as with radau15, to second order in their masses, and others without mass change no
// bit of it.
func TestWHEncounter(t *testing.T) {
	sys := meeting()
	for _, tt := range []struct{ days, km float64 }{{500, 5}, {1000, 500}, {5000, 5000}} { // around the first one, and after more
		want, _ := runTo(t, sys, Options{}, tt.days)
		got, report := runTo(t, sys, Options{Integrator: "wh", Dt: 2}, tt.days)
		if !(report.EnergyError < 1e-10) {
			t.Errorf("%g days: energy off by %.2g", tt.days, report.EnergyError)
		}
		for _, d := range must(Compare(got.Snapshot(), want.Snapshot()))(t) {
			t.Logf("%g days: %s off by %.3g km", tt.days, d.Name, d.KM)
			if !(d.KM < tt.km) {
				t.Errorf("%g days: %s off by %.3g km", tt.days, d.Name, d.KM)
			}
		}
		with := &System{Bodies: append(asteroids(3), sys.Bodies...)}
		among, _ := runTo(t, with, Options{Integrator: "wh", Dt: 2}, tt.days)
		if !slices.Equal(among.phase.X[9:], got.phase.X) || !slices.Equal(among.phase.XLow[9:], got.phase.XLow) {
			t.Error("asteroids change the planets")
		}
		asteroid := must(Compare(among.Snapshot(), must(New(with, nil, Options{}))(t).runTo(t, tt.days)))(t)[0]
		if t.Logf("%v", asteroid); !(asteroid.KM < 100) {
			t.Errorf("%g days: %v", tt.days, asteroid)
		}
	}
}

// runTo integrates to the date and returns the state.
func (s *Simulation) runTo(t *testing.T, jd float64) Snapshot {
	t.Helper()
	must(s.Run(context.Background(), jd, Watch{}))(t)
	return s.Snapshot()
}

// A run goes on from a checkpoint before, in and after an encounter, with asteroids.
func TestWHRestoresInAnEncounter(t *testing.T) {
	sys := meeting()
	sys.Bodies = append(sys.Bodies, asteroids(2)...)
	opts := Options{Integrator: "wh", Dt: 4, Relativity: true}
	whole := runUntil(t, sys, opts, 0, 1000, -1)
	direct := 0
	for steps := 100; steps < 240; steps += 10 {
		first := runUntil(t, sys, opts, 0, 1000, steps)
		if first.sim.integ.(*wisdomHolman).direct {
			direct++
		}
		if second := first.goOn(t, sys, opts, 0, 1000); second.report != whole.report || !reflect.DeepEqual(second.samples, whole.samples) {
			t.Errorf("stopped after %d steps: %+v, in one piece %+v", steps, second.report, whole.report)
		}
	}
	if direct == 0 {
		t.Error("no checkpoint was in an encounter")
	}
}

// Where the star is so near that a step does not resolve the orbit among the other pulls, radau15 takes over.
func TestWHLowPericentre(t *testing.T) {
	sys := planets(t)
	x, v := keplerAt(2.9591220828559109e-04, 3, 0.97, 500)
	sys.Bodies = append(sys.Bodies, Body{Name: "comet", GM: 1e-15, X: x, V: v})
	for _, mass := range []float64{1e-15, 0} {
		sys.Bodies[9].GM = mass
		want, _ := runTo(t, sys, Options{}, sys.Epoch+4000)
		got, report := runTo(t, sys, Options{Integrator: "wh"}, sys.Epoch+4000)
		differences := must(Compare(got.Snapshot(), want.Snapshot()))(t)
		t.Logf("GM %g: energy %.2g, Mercury off by %.3g km, the comet by %.3g km", mass, report.EnergyError, differences[1].KM, differences[9].KM)
		if !(differences[1].KM < 10) || mass == 0 && !(differences[9].KM < 5000) {
			t.Errorf("GM %g: %+v", mass, differences)
		}
	}
}

func TestWHRestoreRefuses(t *testing.T) {
	sys := planets(t)
	run := runUntil(t, sys, Options{Integrator: "wh"}, 0, sys.Epoch+100, 3)
	for name, change := range map[string]func(v []float64) []float64{
		"short":          func(v []float64) []float64 { return v[:len(v)-1] },
		"a body less":    func(v []float64) []float64 { return v[:len(v)-whBody] },
		"a body twice":   func(v []float64) []float64 { v[len(v)-whBody] = v[len(v)-2*whBody]; return v },
		"half a body":    func(v []float64) []float64 { v[len(v)-whBody] = 1.5; return v },
		"the star":       func(v []float64) []float64 { v[len(v)-whBody] = 0; return v },
		"no size":        func(v []float64) []float64 { v[len(v)-whBody+1] = 0; return v },
		"not a number":   func(v []float64) []float64 { v[len(v)-1] = math.NaN(); return v },
		"another method": func(v []float64) []float64 { v[statsLen+spanLen] = 2; return v },
	} {
		c := run.sim.Checkpoint()
		c.Integrator = change(c.Integrator)
		sim, err := Restore(sys, nil, Options{Integrator: "wh"}, c)
		if err == nil { // what needs the masses shows when it goes on
			_, err = sim.Resume(context.Background(), sys.Epoch+100, Watch{})
		}
		if !errors.Is(err, ErrInput) {
			t.Errorf("%s: %v, want ErrInput", name, err)
		}
	}
}
