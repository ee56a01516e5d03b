package solar

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
)

// eventsOf runs sys to the date and returns the events with the simulation and the error.
func eventsOf(t testing.TB, sys *System, opts Options, until float64) ([]Event, *Simulation, error) {
	t.Helper()
	var events []Event
	sim := must(New(sys, nil, opts))(t)
	_, err := sim.Run(context.Background(), until, Watch{Event: func(e Event) error {
		events = append(events, e)
		return nil
	}})
	return events, sim, err
}

// orbit returns the state on a Kepler orbit in the x-y plane around GM 1 with pericentre distance q on the x axis, t days
// after the pericentre.
func orbit(q, e, t float64) (x, v [3]float64) {
	a := q / (1 - e) // negative for a hyperbola
	n := math.Sqrt(1 / math.Abs(a*a*a))
	m := n * t
	if e < 1 {
		E := m
		for range 50 {
			E -= (E - e*math.Sin(E) - m) / (1 - e*math.Cos(E))
		}
		b, rate := a*math.Sqrt(1-e*e), n/(1-e*math.Cos(E))
		return [3]float64{a * (math.Cos(E) - e), b * math.Sin(E)}, [3]float64{-a * math.Sin(E) * rate, b * math.Cos(E) * rate}
	}
	H := math.Asinh(m / e)
	for range 50 {
		H -= (e*math.Sinh(H) - H - m) / (e*math.Cosh(H) - 1)
	}
	b, rate := -a*math.Sqrt(e*e-1), n/(e*math.Cosh(H)-1)
	return [3]float64{-a * (e - math.Cosh(H)), b * math.Sinh(H)}, [3]float64{a * math.Sinh(H) * rate, b * math.Cosh(H) * rate}
}

// pair returns two bodies with GM adding to 1 whose relative orbit is at t days after the pericentre, with radii.
func pair(q, e, t, share float64, radii [2]float64) *System {
	x, v := orbit(q, e, t)
	sys := &System{Epoch: 2451545, Bodies: []Body{
		{Name: "first", GM: 1 - share, Radius: radii[0]}, {Name: "second", GM: share, Radius: radii[1]},
	}}
	for k := range 3 {
		sys.Bodies[0].X[k], sys.Bodies[0].V[k] = -share*x[k], -share*v[k]
		sys.Bodies[1].X[k], sys.Bodies[1].V[k] = (1-share)*x[k], (1-share)*v[k]
	}
	return sys
}

// The date and distance of a pericentre are those of the Kepler orbit, in either direction of time. Fixed steps are as
// accurate as the state at the start of the step, and find what is far shorter than a step.
func TestApproach(t *testing.T) {
	for _, c := range []struct {
		integrator    string
		dt            float64
		date, nearest float64 // largest error, days and relative
	}{
		{"radau15", 0, 1e-11, 1e-12},
		{"leapfrog", 1e-3, 2e-5, 1e-5},
		{"yoshida4", 1e-2, 1e-5, 1e-5},
		{"yoshida8", 0.1, 1e-5, 1e-5},
		{"yoshida8", 3, 1e-10, 1e-10}, // the only step
		{"leapfrog", 7, 1e-10, 1e-10},
	} {
		for _, e := range []float64{0.5, 0.9, 1.5, 10} {
			for _, days := range []float64{-1, 1} {
				t.Run(fmt.Sprintf("%s %g/e %g/%g", c.integrator, c.dt, e, days), func(t *testing.T) {
					const q = 0.3
					sys := pair(q, e, -days, 0.25, [2]float64{})
					opts := Options{Integrator: c.integrator, Dt: c.dt, Events: EventOptions{Close: 0.31, Bound: true}}
					events, _, err := eventsOf(t, sys, opts, sys.Epoch+2.1*days)
					if err != nil || len(events) != 1 {
						t.Fatalf("%v, events %+v", err, events)
					}
					got := events[0]
					if got.Kind != Approach || got.Bodies != [2]string{"first", "second"} {
						t.Errorf("%+v", got)
					}
					date, nearest := (got.JD-sys.Epoch)+got.JDLow-days, got.Distance/q-1
					if !(math.Abs(date) <= c.date) || !(math.Abs(nearest) <= c.nearest) {
						t.Errorf("date off by %.2g days, distance by %.2g of itself", date, nearest)
					}
					if speed := math.Sqrt((1 + e) / q); !(math.Abs(got.Speed/speed-1) < 1e-4) {
						t.Errorf("speed %v, want %v", got.Speed, speed)
					}
				})
			}
		}
	}
}

// Each orbit has one minimum, whatever the steps are; the start of a run is none.
func TestApproachesAreFoundOnce(t *testing.T) {
	for _, c := range []Options{
		{}, {Integrator: "leapfrog", Dt: 1e-3}, {Integrator: "leapfrog", Dt: 0.02}, {Integrator: "yoshida4", Dt: 0.05}, {Integrator: "yoshida8", Dt: 0.25},
	} {
		for _, days := range []float64{40 * math.Pi, -40 * math.Pi, 40*math.Pi + 1} {
			c.Events = EventOptions{Close: 1, Bound: true}
			sys := kepler(1, 1, 0.3)
			events, _, err := eventsOf(t, sys, c, days*(1+1e-4))
			if err != nil || len(events) < 19 || len(events) > 20 {
				t.Errorf("%+v, %g days: %v, %d minima in 20 orbits", c, days, err, len(events))
			}
			for k, e := range events {
				if want := math.Copysign(2*math.Pi*float64(k+1), days); math.Abs(e.JD-want) > 0.1*float64(k+1) {
					t.Errorf("%+v: minimum %d at %v, want about %v", c, k, e.JD, want)
				}
			}
		}
	}
}

// Neither the states nor the report of a run depend on what is looked for.
func TestEventsAreOnlyWatched(t *testing.T) {
	for _, integrator := range Integrators() {
		sys := systemFor(t, integrator)
		opts := Options{Integrator: integrator, Relativity: true}
		plain, report := runTo(t, sys, opts, sys.Epoch+100)
		opts.Events = EventOptions{Close: 0.5, Bound: true, OnCollision: IgnoreCollisions, Escape: 1}
		for i := range sys.Bodies {
			sys.Bodies[i].Radius = 0.01 // the Earth and the Moon overlap
		}
		sim := must(New(sys, nil, opts))(t)
		n := 0
		watched := must(sim.Run(context.Background(), sys.Epoch+100, Watch{Event: func(Event) error { n++; return nil }}))(t)
		if n == 0 || watched != report || !sim.phase.equal(plain.phase) {
			t.Errorf("%s: %d events, report %+v, without %+v", integrator, n, watched, report)
		}
	}
}

// Which approaches are reported: not those of pairs that are bound at the epoch, unless they are asked for.
func TestSelectionOfApproaches(t *testing.T) {
	sys := must(J2000())(t)
	for _, c := range []struct {
		name string
		o    EventOptions
		want string // pairs with their number
	}{
		{"planets", EventOptions{Close: 0.3}, "Venus-Mercury 1"},
		{"bound", EventOptions{Close: 0.003, Bound: true}, "Earth-Moon 11"},
		{"a pair", EventOptions{Close: 1, Pairs: [][2]string{{"Moon", "Earth"}}}, "Earth-Moon 11"},
		{"one body", EventOptions{Close: 0.5, Pairs: [][2]string{{"Sun", ""}}}, "Sun-Mercury 3"},
		{"Hill radii", EventOptions{CloseHill: 0.242, Bound: true}, "Earth-Moon 5"},
		{"too near", EventOptions{Close: 0.0001, Bound: true}, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			events, _, err := eventsOf(t, sys, Options{Events: c.o}, sys.Epoch+300)
			counts := map[string]int{}
			for _, e := range events {
				counts[e.Bodies[0]+"-"+e.Bodies[1]]++
			}
			var got []string
			for name, n := range counts {
				got = append(got, fmt.Sprintf("%s %d", name, n))
			}
			slices.Sort(got)
			if err != nil || strings.Join(got, ", ") != c.want {
				t.Errorf("%v, %s, want %s", err, strings.Join(got, ", "), c.want)
			}
			if !slices.IsSortedFunc(events, func(a, b Event) int { return cmpDates(a, b) }) {
				t.Error("not in the order of dates")
			}
		})
	}
}

func cmpDates(a, b Event) int {
	switch d := (a.JD - b.JD) + (a.JDLow - b.JDLow); {
	case d < 0:
		return -1
	case d > 0:
		return 1
	}
	return 0
}

// The contact of two bodies is at the date of the closed form, and the state that of the contact.
func TestCollisionDates(t *testing.T) {
	for _, integrator := range Integrators() {
		for _, c := range []struct {
			name    string
			sys     *System
			contact float64 // sum of the radii
			want    float64 // days
		}{
			{"radial fall", fall(2), 0.25, fallTime(2, 0.25)},
			{"hyperbola", pair(0.1, 2, -3, 0.3, [2]float64{0.2, 0.05}), 0.25, 3 - timeAt(0.1, 2, 0.25)},
			{"ellipse", pair(0.1, 0.9, -1, 0.3, [2]float64{0.25}), 0.25, 1 - timeAt(0.1, 0.9, 0.25)},
			{"grazing", pair(0.1, 2, -3, 0.3, [2]float64{0.1000001}), 0.1000001, 3 - timeAt(0.1, 2, 0.1000001)},
		} {
			for _, dt := range []float64{0, 10} {
				if dt > 0 && (integrator == DefaultIntegrator || integrator == "wh" && c.name == "radial fall") {
					continue // the fall ends within a step of wh, which follows it to the singularity
				}
				t.Run(fmt.Sprintf("%s/%s/%g", integrator, c.name, dt), func(t *testing.T) {
					opts := Options{Integrator: integrator, Dt: 0.002, Events: EventOptions{OnCollision: StopAtCollision}}
					bound := 2e-4
					if integrator == "radau15" {
						opts.Dt, bound = 0, 1e-10
					} else if dt > 0 { // one step
						opts.Dt, bound = dt, 1e-10
					}
					if c.name == "grazing" {
						bound = max(bound, 1e-8)
						if opts.Dt == 0.002 {
							t.Skip("it depends on the error of the integrator whether they touch")
						}
					}
					events, sim, err := eventsOf(t, c.sys, opts, c.sys.Epoch+10)
					if !errors.Is(err, ErrCollision) || len(events) != 1 || events[0].Kind != Collision {
						t.Fatalf("%v, %+v", err, events)
					}
					if off := (events[0].JD - c.sys.Epoch) + events[0].JDLow - c.want; !(math.Abs(off) < bound) {
						t.Errorf("date off by %.2g days", off)
					}
					s := sim.Snapshot()
					if r := distance(s.Bodies[0].X, s.Bodies[1].X); !(math.Abs(r/c.contact-1) < 1e-9) || s.JD != events[0].JD {
						t.Errorf("the state at JD %v is at %v, contact at %v", s.JD, r, c.contact)
					}
					if !strings.Contains(err.Error(), "first and second") || !strings.Contains(err.Error(), formatJD(s.JD)) {
						t.Errorf("%v has no names or date", err)
					}
				})
			}
		}
	}
}

// fall returns two bodies at rest at a distance, with a contact at 0.25.
func fall(d float64) *System {
	return &System{Epoch: 2451545, Bodies: []Body{
		{Name: "first", GM: 0.5, X: [3]float64{-d / 2}, Radius: 0.125}, {Name: "second", GM: 0.5, X: [3]float64{d / 2}, Radius: 0.125},
	}}
}

// fallTime returns the time of a free fall from rest at d to r around GM 1.
func fallTime(d, r float64) float64 {
	x := r / d
	return math.Sqrt(d*d*d/2) * (math.Acos(math.Sqrt(x)) + math.Sqrt(x*(1-x)))
}

// timeAt returns the time from the pericentre q to the distance r around GM 1.
func timeAt(q, e, r float64) float64 {
	a := q / (1 - e)
	n := math.Sqrt(1 / math.Abs(a*a*a))
	c := (1 - r/a) / e
	if e < 1 {
		E := math.Acos(c)
		return (E - e*math.Sin(E)) / n
	}
	H := math.Acosh(c)
	return (e*math.Sinh(H) - H) / n
}

// A merger keeps mass, momentum and centre of mass; the energy that it takes is in the event and not in the report.
func TestMerger(t *testing.T) {
	for _, integrator := range Integrators() {
		for _, backward := range []bool{false, true} {
			sys := pair(0.1, 2, -3, 0.3, [2]float64{0.2, 0.05})
			sys.Bodies = append(sys.Bodies, Body{Name: "far", GM: 1e-3, X: [3]float64{9, 3, 7}, V: [3]float64{0, 0.1, 0}, Radius: 0.01})
			sys.Bodies[0], sys.Bodies[1] = sys.Bodies[1], sys.Bodies[0] // the heavier one second
			until := sys.Epoch + 5
			if backward {
				for i := range sys.Bodies {
					for k := range 3 {
						sys.Bodies[i].V[k] *= -1
					}
				}
				until = sys.Epoch - 5
			}
			opts := Options{Integrator: integrator, Events: EventOptions{OnCollision: MergeCollisions}}
			opts.Dt = map[string]float64{"leapfrog": 1e-3, "yoshida4": 0.01, "yoshida8": 0.1}[integrator]
			sim := must(New(sys, nil, opts))(t)
			before := sim.Invariants()
			var events []Event
			report, err := sim.Run(context.Background(), until, Watch{Event: func(e Event) error {
				events = append(events, e)
				return nil
			}})
			if err != nil || len(events) != 1 || events[0].Kind != Merger || events[0].Bodies != [2]string{"first", "second"} {
				t.Fatalf("%s: %v, %+v", integrator, err, events)
			}
			after, s := sim.Invariants(), sim.Snapshot()
			if len(s.Bodies) != 2 || s.Bodies[0].Name != "first" || s.Bodies[1].Name != "far" || s.JD != until {
				t.Errorf("%s: left is %+v", integrator, s)
			}
			if r := sim.radii[0]; math.Abs(r-math.Cbrt(0.2*0.2*0.2+0.05*0.05*0.05)) > 1e-15 {
				t.Errorf("radius %v", r)
			}
			if math.Abs(after.Mass/before.Mass-1) > 1e-15 || report.MomentumError > 1e-15 || report.BarycentreDrift > 1e-14 {
				t.Errorf("%s: mass %v, was %v; %+v", integrator, after.Mass, before.Mass, report)
			}
			if report.EnergyError > 1e-4 || report.AngularMomentumError > 1e-12 {
				t.Errorf("%s: %+v", integrator, report)
			}
			lost := before.Energy - after.Energy
			if !(math.Abs(events[0].Energy/lost-1) < 1e-3) || !(events[0].Energy > 0) {
				t.Errorf("%s: the event took %v, of the energy is gone %v", integrator, events[0].Energy, lost)
			}
		}
	}
}

// A body escapes once, at the date at which it passes the distance, or at the start.
func TestEscape(t *testing.T) {
	for _, integrator := range Integrators() {
		for _, c := range []struct {
			e, escape float64
			want      int
		}{{1.5, 3, 1}, {1.5, 30, 0}, {0.9, 3, 0}, {2, 0.05, 1}} {
			const q = 0.3
			sys := pair(q, c.e, 0.1, 1e-9, [2]float64{})
			opts := Options{Integrator: integrator, Events: EventOptions{Escape: c.escape}}
			opts.Dt = map[string]float64{"leapfrog": 1e-3, "yoshida4": 0.01, "yoshida8": 0.02, "wh": 0.1}[integrator]
			events, _, err := eventsOf(t, sys, opts, sys.Epoch+9)
			if err != nil || len(events) != c.want {
				t.Errorf("%s, %+v: %v, %+v", integrator, c, err, events)
				continue
			}
			if len(events) == 0 {
				continue
			}
			date := 0.0 // at the start
			if c.escape > q {
				date = timeAt(q, c.e, c.escape) - 0.1
			}
			if e := events[0]; e.Kind != Escape || e.Bodies != [2]string{"second", ""} || !(math.Abs(e.JD-sys.Epoch+e.JDLow-date) < 1e-3) {
				t.Errorf("%s: %+v, want at %v", integrator, e, date)
			}
		}
	}
}
