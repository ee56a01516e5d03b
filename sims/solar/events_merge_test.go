package solar

import (
	"context"
	"errors"
	"math"
	"testing"

	"offload/cpu"
	"offload/device"
)

// Bodies that a merged one overlaps are taken in at the same date.
func TestPileUp(t *testing.T) {
	sys := &System{Epoch: 2451545, Bodies: []Body{
		{Name: "a", GM: 1, Radius: 1}, {Name: "b", GM: 0.5, Radius: 0.99, X: [3]float64{3}, V: [3]float64{-1}},
		{Name: "c", GM: 0.01, Radius: 0.1, X: [3]float64{0.5, 1.05}, V: [3]float64{1e-3}}, {Name: "far", X: [3]float64{90}},
	}}
	opts := Options{Events: EventOptions{OnCollision: MergeCollisions}}
	events, sim, err := eventsOf(t, sys, opts, sys.Epoch+3)
	if err != nil || len(events) != 2 || events[0].JD > events[1].JD || len(sim.names) != 2 || sim.names[0] != "a" || math.Abs(sim.gm[0]-1.51) > 1e-15 {
		t.Errorf("%v, %+v, left are %v", err, events, sim.names)
	}
}

// Bodies without mass merge in the middle.
func TestMasslessMerger(t *testing.T) {
	sys := &System{Epoch: 2451545, Bodies: []Body{
		{Name: "star", GM: 1e-9, X: [3]float64{100}},
		{Name: "b", Radius: 0.1, X: [3]float64{-1}, V: [3]float64{1}}, {Name: "c", Radius: 0.1, X: [3]float64{1}, V: [3]float64{-1, 0.01}},
	}}
	events, sim, err := eventsOf(t, sys, Options{Events: EventOptions{OnCollision: MergeCollisions}}, sys.Epoch+3)
	if err != nil || len(events) != 1 || sim.names[1] != "b" || math.Abs(sim.Snapshot().Bodies[1].V[1]-0.005) > 1e-9 || events[0].Energy != 0 {
		t.Errorf("%v, %+v", err, events)
	}
}

// A run with mergers has the same bits on a device, whose field gets the new masses.
func TestMergersOnADevice(t *testing.T) {
	sys, ctx := swarm(), context.Background()
	dev := must(cpu.Open(ctx, device.Options{}))(t)
	defer dev.Close()
	opts := Options{Events: swarmEvents}
	var ends []*Phase
	for range 2 {
		field := must(NewDeviceField(dev, sys.GMs()))(t)
		sim := must(New(sys, field, opts))(t)
		must(sim.Run(ctx, sys.Epoch+12, Watch{}))(t)
		fresh := must(NewDeviceField(dev, sim.gm))(t)
		a, b := make([]float64, len(sim.phase.X)), make([]float64, len(sim.phase.X))
		if err := errors.Join(field.Accelerate(ctx, sim.phase.X, a), fresh.Accelerate(ctx, sim.phase.X, b)); err != nil {
			t.Fatal(err)
		}
		for i := range a {
			if a[i] != b[i] {
				t.Fatalf("the field of the bodies that are left differs from a new one: %v, %v", a, b)
			}
		}
		ends = append(ends, sim.phase)
		if err := errors.Join(field.SetGMs(nil), field.SetGMs(make([]float64, 99))); !errors.Is(err, device.ErrInvalid) {
			t.Errorf("SetGMs: %v", err)
		}
		field.Close()
		fresh.Close()
	}
	if !ends[0].equal(ends[1]) || len(ends[0].X) == 3*len(sys.Bodies) {
		t.Error("another end")
	}
}

func TestEventsRefuse(t *testing.T) {
	sys := must(J2000())(t)
	near := must(J2000())(t)
	near.Bodies[3].Radius = 0.01
	negative := must(J2000())(t)
	negative.Bodies[3].Radius = -1
	for name, c := range map[string]struct {
		sys   *System
		field Field
		o     EventOptions
	}{
		"negative":        {sys, nil, EventOptions{Close: -1}},
		"NaN":             {sys, nil, EventOptions{CloseHill: math.NaN()}},
		"infinite":        {sys, nil, EventOptions{Escape: math.Inf(1)}},
		"unknown action":  {sys, nil, EventOptions{OnCollision: "bounce"}},
		"unknown body":    {sys, nil, EventOptions{Close: 1, Pairs: [][2]string{{"Earth", "Vulcan"}}}},
		"itself":          {sys, nil, EventOptions{Close: 1, Pairs: [][2]string{{"Earth", "Earth"}}}},
		"no body":         {sys, nil, EventOptions{Close: 1, Pairs: [][2]string{{}}}},
		"overlap":         {near, nil, EventOptions{OnCollision: MergeCollisions}},
		"fixed masses":    {sys, fixed{Newton(sys.GMs())}, EventOptions{OnCollision: MergeCollisions}},
		"negative radius": {negative, nil, EventOptions{}},
	} {
		if _, err := New(c.sys, c.field, Options{Events: c.o}); !errors.Is(err, ErrInput) {
			t.Errorf("%s: %v, want ErrInput", name, err)
		}
	}
}

// An error of Event ends the run, and so does the merger that takes in the Sun of relativity.
func TestEventErrors(t *testing.T) {
	sys, full := swarm(), errors.New("full")
	sim := must(New(sys, nil, Options{Events: swarmEvents}))(t)
	if _, err := sim.Run(context.Background(), sys.Epoch+12, Watch{Event: func(Event) error { return full }}); !errors.Is(err, full) {
		t.Errorf("%v, want that of Event", err)
	}
	heavy := pair(0.1, 2, -3, 0.3, [2]float64{0.2, 0.05})
	heavy.Bodies[1].Name = SunName
	if _, _, err := eventsOf(t, heavy, Options{Relativity: true, Events: swarmEvents}, heavy.Epoch+9); !errors.Is(err, ErrCollision) {
		t.Errorf("%v, want ErrCollision", err)
	}
}

// A step without events allocates nothing.
func TestSearchDoesNotAllocate(t *testing.T) {
	sys := must(J2000())(t)
	sim := must(New(sys, nil, Options{Events: EventOptions{Close: 0.5, OnCollision: StopAtCollision, Escape: 90}}))(t)
	w, p := sim.search, NewPhase(sys)
	p.T = 1
	if n := testing.AllocsPerRun(9, func() {
		w.from.copyFrom(sim.phase)
		if err := w.step(context.Background(), &sim.rhs, p); err != nil {
			t.Fatal(err)
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// BenchmarkSearch measures a step in which no pair meets, in ns for each pair.
func BenchmarkSearch(b *testing.B) {
	sys := must(J2000())(b)
	sim := must(New(sys, nil, Options{Events: EventOptions{Close: 0.01, OnCollision: StopAtCollision}}))(b)
	p := NewPhase(sys)
	must(1, sim.integ.Advance(context.Background(), &sim.rhs, p, 1, nil))(b)
	for b.Loop() {
		sim.search.from.copyFrom(sim.phase)
		if err := sim.search.step(context.Background(), &sim.rhs, p); err != nil {
			b.Fatal(err)
		}
	}
	n := len(sys.Bodies)
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*n*(n-1)/2), "ns/pair")
}
