package solar

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"
)

// The osculating elements of the planets at J2000 are near the mean ones of Simon et al. 1994 (A&A 282, 663), and the
// Moon's primary is the Earth.
func TestOrbitsOfThePlanets(t *testing.T) {
	orbits := Orbits(must(J2000())(t).Snapshot())
	if len(orbits) != 10 {
		t.Fatalf("%d orbits", len(orbits))
	}
	for i, want := range []Orbit{
		{Name: "Mercury", A: 0.38710, E: 0.20563, I: 7.005, Node: 48.33, Peri: 29.12, Period: 87.97},
		{Name: "Venus", A: 0.72333, E: 0.0068, I: 3.3947, Node: 76.68, Peri: 55.2, Period: 224.7},
		{Name: "Earth"},
		{Name: "Moon", A: 384400 / AU, E: 0.055, I: 5.2, Period: 27.3},
		{Name: "Mars", A: 1.52368, E: 0.0934, I: 1.85, Node: 49.56, Peri: 286.5, Period: 686.98},
		{Name: "Jupiter", A: 5.204, E: 0.0488, I: 1.304, Node: 100.5, Peri: 274, Period: 4333},
	} {
		got, primary := orbits[i], SunName
		if want.Name == "Moon" {
			primary = "Earth"
		}
		if got.Name != want.Name || got.Primary != primary {
			t.Errorf("%s about %s, want %s", got.Name, got.Primary, want.Name)
		}
		if want.A == 0 {
			continue
		}
		for _, c := range []struct {
			what      string
			got, want float64
			within    float64
		}{
			{"a", got.A, want.A, 0.01 * want.A}, {"e", got.E, want.E, 0.02}, {"i", got.I, want.I, 0.2}, {"node", got.Node, want.Node, 1},
			{"peri", got.Peri, want.Peri, 2}, {"period", got.Period, want.Period, 0.02 * want.Period},
		} {
			if c.want != 0 && !(math.Abs(c.got-c.want) < c.within) {
				t.Errorf("%s: %s is %v, want about %v", want.Name, c.what, c.got, c.want)
			}
		}
		if got.Q-float64(got.A*(1-got.E)) > 1e-15 {
			t.Errorf("%s: the pericentre is at %v", want.Name, got.Q)
		}
	}
}

// Elements become a state and the same elements again, for all kinds of conics and the degenerate angles.
func TestElementsRoundTrip(t *testing.T) {
	const mu = 2.9591220828559109e-04
	for _, e := range []float64{0, 1e-12, 0.01, 0.3, 0.9, 0.9999, 1.0001, 1.5, 20} {
		for _, i := range []float64{0, 1e-5, 40, 90, 179, 180} {
			for _, m := range []float64{0, 1, 100, 180, 300} {
				in := Orbit{Q: 0.7, E: e, I: i, Node: 33, Peri: 250, M: m}
				if i == 0 || i == 180 {
					in.Node = 0
				}
				x, v := in.state(mu, math.NaN())
				out := orbitOf(x, v, mu)
				again, speed := out.state(mu, math.NaN())
				r, fast := norm(x[:]), norm(v[:])
				if d := distance(x, again) / r; !(d < 1e-13/math.Abs(1-e)) {
					t.Fatalf("%+v comes back %.2g off, as %+v", in, d, out)
				}
				if d := distance(v, speed) / fast; !(d < 1e-13/math.Abs(1-e)) {
					t.Errorf("%+v comes back with another velocity, %.2g, as %+v", in, d, out)
				}
				if !(math.Abs(out.Q-in.Q) < 1e-12/math.Abs(1-e)) || !(math.Abs(out.E-e) < 1e-13*(1+e)*(1+r)) || !(math.Abs(out.I-i) < 1e-11) {
					t.Errorf("%+v comes back as %+v", in, out)
				}
				// Vis viva, and the angular momentum.
				if energy, want := dot(v, v)/2-mu/r, mu*(e-1)/(2*in.Q); !(math.Abs(energy-want) < 1e-14*(fast*fast+mu/r)) {
					t.Errorf("%+v has the energy %g, want %g", in, energy, want)
				}
				h := cross(x, v)
				if want := math.Sqrt(mu * in.Q * (1 + e)); !(math.Abs(norm(h[:])/want-1) < 1e-13/math.Abs(1-e)) {
					t.Errorf("%+v has the spin %g, want %g", in, norm(h[:]), want)
				}
			}
		}
	}
}

// Some days after the pericentre the body is where the integrator brings it.
func TestElementsFromThePassage(t *testing.T) {
	const gm, days = 2.9591220828559109e-04, 30.0
	for _, e := range []float64{0, 0.5, 0.97, 1, 1.0001, 3} {
		o := Orbit{Q: 0.5, E: e}
		x, v := o.state(gm, 0)
		sys := &System{Bodies: []Body{{Name: SunName, GM: gm}, {Name: "comet", X: x, V: v}}}
		sim, _ := runTo(t, sys, Options{}, days)
		want, _ := o.state(gm, days)
		if d := distance(sim.Snapshot().Bodies[1].X, want); !(d < 5e-13) {
			t.Errorf("e = %g: %.2g au from the integrated position", e, d)
		}
	}
}

func TestReadElements(t *testing.T) {
	const head = "jd_tdb,body,a_au,e,i_deg,node_deg,peri_deg,M_deg,gm_au3_d2\n"
	sys := must(ReadBodies(strings.NewReader(head + "1,Rock,1,0,0,0,0,90,0\n")))(t)
	gm := must(J2000())(t).Bodies[0].GM
	rock := Body{Name: "Rock", X: toEquator([3]float64{0, 1, 0}), V: toEquator([3]float64{-math.Sqrt(gm), 0, 0})}
	if len(sys.Bodies) != 2 || sys.Bodies[0] != (Body{Name: SunName, GM: gm}) || distance(sys.Bodies[1].X, rock.X) > 2e-16 || distance(sys.Bodies[1].V, rock.V) > 1e-17 {
		t.Errorf("%+v", sys)
	}
	flat := must(ReadSystem(ReadOptions{Frame: ICRF}, source(head+"1,Rock,1,0,0,0,0,0,0\n")))(t)
	if flat.Bodies[1].X != [3]float64{1, 0, 0} {
		t.Errorf("without turning: %+v", flat)
	}
	// A moon of a planet that has an orbit too, in any order; and the pericentre with its date, in km.
	moons := "jd_tdb,body,centre,q_km,e,i_deg,node_deg,peri_deg,tp_jd\n1,Io,Jupiter (599),421800,0,0,0,0,1\n1,Jupiter (599),Sun,778e6,0,0,0,0,1\n"
	sys = must(ReadBodies(strings.NewReader(moons)))(t)
	if got := Orbits(sys.Snapshot()); len(got) != 2 || got[0].Primary != "Jupiter (599)" || math.Abs(got[0].Period-1.769) > 1e-3 || math.Abs(got[1].Period-4331) > 10 {
		t.Errorf("%+v", got)
	}
	for _, tt := range []struct{ name, in, want string }{
		{"no anomaly", "jd_tdb,body,a_au,e,i_deg,node_deg,peri_deg\n", "column M_deg: is missing; the header must have jd_tdb,body,a_au or q_au,e"},
		{"no inclination", "jd_tdb,body,a_au,e,node_deg,peri_deg,M_deg\n", "column i_deg: is missing"},
		{"negative e", head + "1,Rock,1,-0.1,0,0,0,0,0\n", "line 2, column e: -0.1 is negative"},
		{"a parabola", head + "1,Rock,1,1,0,0,0,0,0\n", "line 2, column e: a parabola requires q_au and tp_jd"},
		{"a hyperbola with positive a", head + "1,Rock,1,2,0,0,0,0,0\n", "line 2, column a_au: the distance of the pericentre"},
		{"no GM", strings.Replace(head, ",gm_au3_d2", "", 1) + "1,Rock,1,0,0,0,0,0\n", `no GM is known for "Rock"`},
		{"an unknown centre", "centre," + head + "Rock,1,Pebble,1,0,0,0,0,0,0\n", "line 2, column centre: no GM is known for Rock"},
		{"two centres", "centre," + head + "Sun,1,A,1,0,0,0,0,0,0\nJupiter,1,B,1,0,0,0,0,0,0\n", "line 3, column centre: Jupiter, to which the orbit of B refers, is not among the bodies"},
		{"a circle of centres", "centre," + head + "B,1,A,1,0,0,0,0,0,0\nA,1,B,1,0,0,0,0,0,0\n", "line 2, column centre: the orbit of A refers to its own"},
		{"its own centre", "centre," + head + "A,1,A,1,0,0,0,0,0,0\n", "the orbit of A refers to its own"},
		{"NaN", head + "1,Rock,1,0,NaN,0,0,0,0\n", "column i_deg: \"NaN\" is not finite"},
	} {
		_, err := ReadBodies(strings.NewReader(tt.in))
		if !errors.Is(err, ErrInput) || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v, want %q", tt.name, err, tt.want)
		}
	}
}

// The orbits of a system are a table that gives its states again, about the Sun at rest.
func TestElementsAreInput(t *testing.T) {
	want := must(J2000())(t)
	var out bytes.Buffer
	if err := WriteElements(&out, want.Snapshot()); err != nil {
		t.Fatal(err)
	}
	got := must(ReadBodies(&out))(t)
	for i, b := range want.Bodies {
		x, v := minus(b.X, want.Bodies[0].X), minus(b.V, want.Bodies[0].V)
		if g := got.Bodies[i]; g.Name != b.Name || g.GM != b.GM || distance(g.X, x) > 2e-13*(1+norm(x[:])) || distance(g.V, v) > 1e-14 {
			t.Errorf("%s: %g au and %g au/day off", b.Name, distance(g.X, x), distance(g.V, v))
		}
	}
}

// Bodies without mass and a single body have no orbit where there is no primary.
func TestOrbitsWithoutPrimary(t *testing.T) {
	for _, bodies := range [][]State{nil, {{Name: "a"}}, {{Name: "a"}, {Name: "b"}}, {{Name: "a", GM: 1}}} {
		if got := Orbits(Snapshot{Bodies: bodies}); len(got) != 0 {
			t.Errorf("%v have %v", bodies, got)
		}
	}
	got := Orbits(Snapshot{Bodies: []State{{Name: "a"}, {Name: "b", GM: 1, X: [3]float64{1}, V: [3]float64{0, 1}}}})
	if len(got) != 1 || got[0].Name != "a" || got[0].Primary != "b" {
		t.Errorf("%v", got)
	}
	if got := Orbits(Snapshot{Bodies: []State{{Name: "a", X: [3]float64{1e200}, V: [3]float64{0, 1e200}}, {Name: "b", GM: 1}}}); len(got) != 0 && got[0].E == got[0].E && !math.IsInf(got[0].E, 1) {
		t.Errorf("beyond all numbers: %v", got)
	}
	fallen := Orbits(Snapshot{Bodies: []State{{Name: "a", X: [3]float64{1}}, {Name: "b", GM: 1}}}) // at rest
	if s := fmt.Sprint(fallen); len(fallen) != 1 || fallen[0].E != 1 || !strings.Contains(s, "NaN") || fallen[0].I != 0 {
		t.Errorf("a fall: %v", s)
	}
}
