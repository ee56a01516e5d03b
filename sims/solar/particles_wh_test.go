package solar

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"offload/cpu"
	"offload/device"
	"offload/device/reference"
)

// whRun is newParticleRun for wh.
func whRun(t testing.TB, open func(context.Context, device.Options) (device.Device, error), sys *System, o Options, xv []float64) particleRun {
	t.Helper()
	dev := must(open(context.Background(), device.Options{}))(t)
	o.Integrator = "wh"
	sim := must(New(sys, nil, o))(t)
	p := must(NewParticles(context.Background(), dev, sim, xv))(t)
	t.Cleanup(func() {
		p.Close()
		dev.Close()
	})
	return particleRun{sim, p}
}

// massless adds particles to a system as bodies without mass.
func massless(sys *System, xv []float64) *System {
	out := *sys
	out.Bodies = slices.Clone(sys.Bodies)
	for i := range len(xv) / 6 {
		out.Bodies = append(out.Bodies, Body{Name: fmt.Sprint("asteroid ", i), X: [3]float64(xv[6*i:]), V: [3]float64(xv[6*i+3:])})
	}
	return &out
}

// farthest returns the largest distance between particles and the last bodies of a simulation.
func farthest(sim *Simulation, xv []float64) float64 {
	bodies := sim.Snapshot().Bodies
	bodies = bodies[len(bodies)-len(xv)/6:]
	worst := 0.0
	for i, b := range bodies {
		worst = max(worst, distance(b.X, [3]float64(xv[6*i:])))
	}
	return worst
}

// Particles have the bits of bodies without mass in the simulation, and change no bit of the bodies.
func TestWHParticlesAreBodiesWithoutMass(t *testing.T) {
	for _, c := range []struct {
		name string
		o    Options
		days float64
	}{
		{"forward", Options{Dt: 5}, 1000},
		{"backward", Options{Dt: 5}, -1000},
		{"relativity", Options{Dt: 4, Relativity: true}, 700},
		{"one step", Options{Dt: 5}, 3},
	} {
		t.Run(c.name, func(t *testing.T) {
			sys := planets(t)
			until := sys.Epoch + c.days
			start := belt(sys, 37)
			run := whRun(t, cpu.Open, sys, c.o, start)
			got := run.until(t, until)
			c.o.Integrator = "wh"
			alone, _ := runTo(t, sys, c.o, until)
			for i, b := range run.sim.Snapshot().Bodies {
				if b != alone.Snapshot().Bodies[i] {
					t.Errorf("%s has other bits than without particles", b.Name)
				}
			}
			bodies, _ := runTo(t, massless(sys, start), c.o, until)
			light := bodies.Snapshot().Bodies[len(sys.Bodies):]
			for i, b := range light {
				if x, v := [3]float64(got[6*i:]), [3]float64(got[6*i+3:]); x != b.X || v != b.V {
					t.Fatalf("particle %d is at %v with %v, the body at %v with %v", i, x, v, b.X, b.V)
				}
			}
		})
	}
}

// Bits depend neither on when particles are read, nor on the device, nor on an interruption; samples change what they
// change for bodies.
func TestWHParticlesGoOn(t *testing.T) {
	sys := planets(t)
	until := sys.Epoch + 1500
	start := belt(sys, 21)
	want := whRun(t, reference.Open, sys, Options{Dt: 5}, start).until(t, until)

	read := whRun(t, cpu.Open, sys, Options{Dt: 5}, start)
	steps, at := 0, make([]float64, len(start))
	ctx, cancel := context.WithCancel(context.Background())
	watch := Watch{Progress: func(float64) error {
		if steps++; steps%17 == 0 {
			if err := read.Read(context.Background(), at); err != nil {
				return err
			}
		}
		if steps == 100 {
			cancel()
		}
		return nil
	}}
	if _, err := read.sim.Run(ctx, until, watch); ctx.Err() == nil {
		t.Fatal(err)
	}
	must(read.sim.Resume(context.Background(), until, watch))(t)
	if !slices.Equal(read.state(t), want) {
		t.Error("other bits after reads and an interruption")
	}

	// What is read on the way is where a run to that date ends, to rounding of the corrector.
	between := whRun(t, cpu.Open, sys, Options{Dt: 5}, start)
	mid := sys.Epoch + 500
	must(between.sim.Run(context.Background(), until, Watch{Progress: func(jd float64) error {
		if jd != mid {
			return nil
		}
		return between.Read(context.Background(), at)
	}}))(t)
	end := whRun(t, cpu.Open, sys, Options{Dt: 5}, start).until(t, mid)
	for i := range at {
		if math.Abs(at[i]-end[i]) > 1e-14 {
			t.Fatalf("number %d is %v on the way, and %v at the end of a run", i, at[i], end[i])
		}
	}

	// Run after run, and Write of what was read.
	parts := whRun(t, cpu.Open, sys, Options{Dt: 5}, start)
	parts.until(t, sys.Epoch+500)
	middle := parts.until(t, sys.Epoch+1000)
	if err := parts.Write(context.Background(), middle); err != nil {
		t.Fatal(err)
	}
	last := parts.until(t, until)
	for i := range last {
		if math.Abs(last[i]-want[i]) > 1e-13 {
			t.Fatalf("number %d is %v in three runs, and %v in one", i, last[i], want[i])
		}
	}
}

// Particles may join and leave a run on its way, and change no bit of others.
func TestWHParticlesJoinAndLeave(t *testing.T) {
	sys := planets(t)
	until := sys.Epoch + 1500
	start := belt(sys, 21)
	ctx := t.Context()
	want := whRun(t, cpu.Open, sys, Options{Dt: 5}, start).until(t, until)

	first := whRun(t, cpu.Open, sys, Options{Dt: 5}, start)
	var late *Particles
	steps, at := 0, make([]float64, len(start))
	must(first.sim.Run(ctx, until, Watch{Progress: func(float64) (err error) {
		switch steps++; steps {
		case 90:
			if err := first.Read(ctx, at); err != nil {
				return err
			}
			late, err = NewParticles(ctx, first.dev, first.sim, at)
		case 131:
			err = late.Read(ctx, at)
		case 200:
			if err := errors.Join(first.Checkpoint(ctx, at), first.Close()); err != nil {
				return err
			}
			first.Particles, err = RestoreParticles(ctx, first.dev, first.sim, at)
		}
		return err
	}}))(t)
	if steps != 300 {
		t.Fatalf("%d steps", steps)
	}
	if !slices.Equal(first.state(t), want) {
		t.Error("other bits if others join, or after a restart")
	}
	for i, x := range (particleRun{first.sim, late}).state(t) {
		if math.Abs(x-want[i]) > 1e-13 {
			t.Fatalf("number %d is %v, and %v if it did not join late", i, x, want[i])
		}
	}
	if err := late.Close(); err != nil {
		t.Error(err)
	}
}

// A simulation and its particles go on from checkpoints with the same bits, at the start, in a run, and at its end, also
// while planets meet.
func TestWHParticlesRestore(t *testing.T) {
	checkpoints := []int{0, 1, 2, 3, 20, 50, 90, 130, 150, 170, 211, 256, 257, 299, 300, 301} // of a run of 300 steps, from before and after its start
	for _, c := range []struct {
		name string
		sys  *System
	}{
		{"planets", planets(t)},
		{"planets that meet", meetingPlanets(0.05)},
		{"planets that meet on the way", meetingPlanets(0.26)},
	} {
		t.Run(c.name, func(t *testing.T) {
			ctx, sys := context.Background(), c.sys
			until := sys.Epoch + 900
			start := belt(sys, 517)
			o := Options{Dt: 3, Integrator: "wh"}
			want := whRun(t, cpu.Open, sys, o, start).until(t, until)
			type kept struct {
				c        *Checkpoint
				xv, read []float64
			}
			var all []kept
			run := whRun(t, cpu.Open, sys, o, start)
			keep := func() (err error) {
				var k kept
				if slices.Contains(checkpoints, len(all)) {
					k = kept{run.sim.Checkpoint(), make([]float64, len(start)), make([]float64, len(start))}
					err = errors.Join(run.Read(ctx, k.read), run.Checkpoint(ctx, k.xv))
				}
				all = append(all, k)
				return err
			}
			if err := keep(); err != nil {
				t.Fatal(err)
			}
			ended, cancel := context.WithCancel(ctx)
			cancel()
			if _, err := run.sim.Run(ended, until, Watch{}); !errors.Is(err, context.Canceled) {
				t.Fatal(err)
			}
			if !run.sim.integ.(*wisdomHolman).led {
				t.Fatal("not half a step ahead of the start")
			}
			if err := keep(); err != nil {
				t.Fatal(err)
			}
			met := 0
			must(run.sim.Resume(ctx, until, Watch{Progress: func(float64) error {
				if run.sim.integ.(*wisdomHolman).direct {
					met++
				}
				return keep()
			}}))(t)
			if c.name != "planets" && (met == 0 || met == len(all)-2) {
				t.Fatalf("planets met in %d of %d steps", met, len(all)-2)
			}
			if last := checkpoints[len(checkpoints)-1]; last != len(all)-1 {
				t.Fatalf("checkpoint %d is not the last of %d", last, len(all))
			}
			for n, i := range checkpoints {
				open, workers := cpu.Open, n%4
				if workers == 0 {
					open = reference.Open
				}
				dev := must(open(ctx, device.Options{Workers: workers}))(t)
				sim := must(Restore(sys, nil, o, all[i].c))(t)
				again := particleRun{sim, must(RestoreParticles(ctx, dev, sim, all[i].xv))(t)}
				if got := again.state(t); !slices.Equal(got, all[i].read) {
					t.Errorf("other bits at once at checkpoint %d, %d workers", i, workers)
				}
				must(sim.Resume(ctx, until, Watch{}))(t)
				if got := again.state(t); !slices.Equal(got, want) {
					t.Errorf("other bits at the end from checkpoint %d, %d workers", i, workers)
				}
				again.Close()
				dev.Close()
			}
		})
	}
}

// meetingPlanets returns two planets of which one passes the other closely, from some angle behind it.
func meetingPlanets(angle float64) *System {
	gm := 2.959122082855911e-4 // of the Sun
	at := func(name string, m, a, phase float64) Body {
		v := math.Sqrt(gm / a)
		return Body{
			Name: name, GM: m * gm,
			X: [3]float64{a * math.Cos(phase), a * math.Sin(phase), 0}, V: [3]float64{-v * math.Sin(phase), v * math.Cos(phase), 0},
		}
	}
	return &System{Epoch: 2451545, Bodies: []Body{{Name: "star", GM: gm}, at("in", 1e-4, 1, 0), at("out", 1e-4, 1.02, angle), at("far", 1e-3, 5, 2)}}
}

// Particles have the bits of bodies without mass through the ends of runs and meetings of planets, too.
func TestWHParticlesAreBodiesWithoutMassInPieces(t *testing.T) {
	for _, c := range []struct {
		name  string
		sys   *System
		o     Options
		days  []float64 // of the ends of runs
		every float64   // days between samples in the last run
	}{
		{"three runs", planets(t), Options{Dt: 5}, []float64{333, 640.5, 1000}, 0},
		{"there and back", planets(t), Options{Dt: 5, Relativity: true}, []float64{500, 0, -201}, 0},
		{"samples", planets(t), Options{Dt: 5}, []float64{100, 701}, 43},
		{"planets that meet", meetingPlanets(0.05), Options{Dt: 3}, []float64{900}, 0},
		{"planets that meet on the way", meetingPlanets(0.26), Options{Dt: 3}, []float64{500}, 0},
		{"planets that meet, with samples", meetingPlanets(0.05), Options{Dt: 3, Relativity: true}, []float64{200, 950}, 30},
		{"planets that meet, backward", meetingPlanets(0.05), Options{Dt: 3}, []float64{-900}, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.o.Relativity {
				c.sys.Bodies[0].Name = "Sun"
			}
			start := belt(c.sys, 151)
			run := whRun(t, cpu.Open, c.sys, c.o, start)
			c.o.Integrator = "wh"
			bodies := must(New(massless(c.sys, start), nil, c.o))(t)
			met, steps, first := 0, 0, false
			for i, days := range c.days {
				watch := Watch{Progress: func(float64) error {
					steps++
					if bodies.integ.(*wisdomHolman).direct {
						met++
						first = first || steps == 1
					}
					return nil
				}}
				if i == len(c.days)-1 {
					watch.Every = c.every
				}
				must(run.sim.Run(t.Context(), c.sys.Epoch+days, Watch{Every: watch.Every}))(t)
				must(bodies.Run(t.Context(), c.sys.Epoch+days, watch))(t)
				got, want := run.state(t), bodies.Snapshot().Bodies[len(c.sys.Bodies):]
				for i, b := range want {
					if x, v := [3]float64(got[6*i:]), [3]float64(got[6*i+3:]); x != b.X || v != b.V {
						t.Fatalf("after %v days particle %d is at %v with %v, the body at %v with %v", days, i, x, v, b.X, b.V)
					}
				}
			}
			if meets := strings.Contains(c.name, "meet"); meets != (met > 0) || met == steps || first && strings.Contains(c.name, "way") {
				t.Errorf("planets met in %d of %d steps, in the first: %v", met, steps, first)
			}
		})
	}
}

// With steps of 5 days, asteroids are within a kilometre of where radau15 has them after ten years.
func TestWHParticlesAreAccurate(t *testing.T) {
	sys := planets(t)
	until := sys.Epoch + 3652.5
	start := belt(sys, 40)
	got := whRun(t, cpu.Open, sys, Options{Dt: 5}, start).until(t, until)
	bodies, _ := runTo(t, massless(sys, start), Options{Integrator: "radau15"}, until)
	d := farthest(bodies, got)
	if d > 1e-8 {
		t.Errorf("%g au away", d)
	}
	t.Logf("within %.2g au after ten years", d)
}
