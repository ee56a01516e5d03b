package solar

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"reflect"
	"testing"
)

// swarm returns bodies that fall together, so that several pairs merge and one body escapes.
func swarm() *System {
	sys := &System{Epoch: 2451545, Bodies: []Body{{Name: SunName, GM: 1, Radius: 0.05}}}
	for i := range 9 {
		r, at := 0.4+0.2*float64(i), float64(i)*2.4
		v := 0.75 / math.Sqrt(r)
		sys.Bodies = append(sys.Bodies, Body{
			Name: fmt.Sprintf("b%d", i), GM: 1e-3 * float64(i%4), Radius: 0.08,
			X: [3]float64{r * math.Cos(at), r * math.Sin(at), 0.01 * float64(i)}, V: [3]float64{-v * math.Sin(at), v * math.Cos(at), 0},
		})
	}
	sys.Bodies[9].V = [3]float64{3 * math.Cos(9*2.4), 3 * math.Sin(9*2.4), 0.1}
	return sys
}

var swarmEvents = EventOptions{Close: 0.35, OnCollision: MergeCollisions, Escape: 5}

// watched is a part of a run with events.
type watched struct {
	samples []Snapshot
	events  []Event
	report  Report
	sim     *Simulation
	err     error
}

func (w *watched) watch(steps int, cancel context.CancelFunc) Watch {
	return Watch{
		Every:  1.5,
		Sample: func(s Snapshot) error { w.samples = append(w.samples, s); return nil },
		Event:  func(e Event) error { w.events = append(w.events, e); return nil },
		Progress: func(float64) error {
			if steps--; steps == 0 {
				cancel()
			}
			return nil
		},
	}
}

// A run goes on from a checkpoint after any step with the same samples, events and report, across mergers.
func TestRestoreAcrossEvents(t *testing.T) {
	sys := swarm()
	for _, opts := range []Options{{}, {Integrator: "leapfrog", Dt: 0.01}, {Integrator: "yoshida4", Dt: 0.05, Relativity: true}, {Integrator: "yoshida8", Dt: 0.2}} {
		for _, action := range []CollisionAction{MergeCollisions, IgnoreCollisions} {
			for _, until := range []float64{sys.Epoch + 12, sys.Epoch - 12} {
				t.Run(fmt.Sprintf("%s/%s/%v", opts.Integrator, action, until), func(t *testing.T) {
					opts.Events = swarmEvents
					opts.Events.OnCollision = action
					whole := &watched{sim: must(New(sys, nil, opts))(t)}
					whole.report, whole.err = whole.sim.Run(context.Background(), until, whole.watch(0, nil))
					kinds := map[EventKind]int{}
					for _, e := range whole.events {
						kinds[e.Kind]++
					}
					if whole.err != nil || kinds[Approach] == 0 || kinds[Escape] == 0 || kinds[Collision]+kinds[Merger] < 2 {
						t.Fatalf("%v, events %v", whole.err, kinds)
					}
					for k := range 6 {
						restoreAcross(t, sys, opts, until, whole, 1+k*(whole.report.Steps-1)/6)
					}
				})
			}
		}
	}
}

func restoreAcross(t *testing.T, sys *System, opts Options, until float64, whole *watched, steps int) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	first := &watched{sim: must(New(sys, nil, opts))(t)}
	if _, err := first.sim.Run(ctx, until, first.watch(steps, cancel)); !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	text := must(json.Marshal(first.sim.Checkpoint()))(t)
	c := &Checkpoint{}
	if err := json.Unmarshal(text, c); err != nil {
		t.Fatal(err)
	}
	next := &watched{sim: must(Restore(sys, nil, opts, c))(t)}
	next.report, next.err = next.sim.Resume(context.Background(), until, next.watch(0, nil))
	if next.err != nil || next.report != whole.report {
		t.Errorf("after %d steps: %v, report %+v, want %+v", steps, next.err, next.report, whole.report)
	}
	if !reflect.DeepEqual(append(first.samples, next.samples...), whole.samples) {
		t.Errorf("after %d steps: other samples", steps)
	}
	if !reflect.DeepEqual(append(first.events, next.events...), whole.events) {
		t.Errorf("after %d steps: other events", steps)
	}
}

func TestRestoreRefusesEvents(t *testing.T) {
	sys, opts := swarm(), Options{Events: swarmEvents}
	merged := func() *Checkpoint {
		_, sim, err := eventsOf(t, sys, opts, sys.Epoch+12)
		if err != nil || len(sim.names) == len(sys.Bodies) {
			t.Fatal(err)
		}
		return sim.Checkpoint()
	}
	for name, spoil := range map[string]func(c *Checkpoint){
		"another body":        func(c *Checkpoint) { c.Left[1].Name = "stranger" },
		"a negative mass":     func(c *Checkpoint) { c.Left[1].GM = -1 },
		"a NaN":               func(c *Checkpoint) { c.Left[1].Radius = math.NaN() },
		"one more":            func(c *Checkpoint) { c.Left = append(c.Left, Remnant{Name: "more"}) },
		"no losses":           func(c *Checkpoint) { c.Lost = nil },
		"a stranger escaped":  func(c *Checkpoint) { c.Escaped = []string{"stranger"} },
		"a contact with self": func(c *Checkpoint) { c.Touching = [][2]string{{SunName, SunName}} },
	} {
		c := merged()
		spoil(c)
		if _, err := Restore(sys, nil, opts, c); !errors.Is(err, ErrInput) {
			t.Errorf("%s: %v, want ErrInput", name, err)
		}
	}
	if _, err := Restore(sys, nil, Options{}, merged()); !errors.Is(err, ErrInput) {
		t.Errorf("without events: %v, want ErrInput", err)
	}
	if _, err := Restore(sys, fixed{Newton(sys.GMs())}, Options{Events: EventOptions{Escape: 5}}, merged()); !errors.Is(err, ErrInput) {
		t.Errorf("in a field with fixed masses: %v, want ErrInput", err)
	}
}

// fixed is a field whose masses are fixed.
type fixed struct{ field Field }

func (f fixed) Accelerate(ctx context.Context, x, a []float64) error {
	return f.field.Accelerate(ctx, x, a)
}
