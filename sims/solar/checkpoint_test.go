package solar

import (
	"context"
	"errors"
	"fmt"
	"math"
	"reflect"
	"testing"
)

// A run that ends at any step and goes on from its checkpoint, as a frame of an archive, has the later samples and the
// report of the run in one piece.
func TestRestore(t *testing.T) {
	const days = 40
	for _, integrator := range Integrators() {
		sys := systemFor(t, integrator)
		for _, opts := range []Options{{}, {Relativity: true}, {Dt: 1.7}} {
			for _, every := range []float64{0, 7, days} {
				for _, backward := range []bool{false, true} {
					opts.Integrator = integrator
					until := sys.Epoch + days
					if backward {
						until = sys.Epoch - days
					}
					t.Run(fmt.Sprintf("%s/%v/every %v/backward %v", integrator, opts, every, backward), func(t *testing.T) {
						whole := runUntil(t, sys, opts, every, until, -1)
						for _, steps := range []int{0, 1, whole.report.Steps / 2, whole.report.Steps - 1} {
							first := runUntil(t, sys, opts, every, until, steps)
							second := first.goOn(t, sys, opts, every, until)
							if !reflect.DeepEqual(append(first.samples, second.samples...), whole.samples) {
								t.Errorf("stopped after %d steps: other samples", steps)
							}
							if second.report != whole.report {
								t.Errorf("stopped after %d steps: report %+v, in one piece %+v", steps, second.report, whole.report)
							}
						}
					})
				}
			}
		}
	}
}

// part is a part of a run.
type part struct {
	samples []Snapshot
	report  Report
	sim     *Simulation
}

// runUntil starts a run and ends it after so many steps, or at its end if steps is negative.
func runUntil(t *testing.T, sys *System, opts Options, every, until float64, steps int) part {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	p := part{sim: must(New(sys, nil, opts))(t)}
	watch := Watch{Every: every, Sample: func(s Snapshot) error {
		p.samples = append(p.samples, s)
		return nil
	}}
	watch.Progress = func(float64) error {
		if steps--; steps == 0 {
			cancel()
		}
		return nil
	}
	if steps == 0 {
		watch.Sample = func(s Snapshot) error {
			p.samples = append(p.samples, s)
			cancel()
			return nil
		}
		if every == 0 {
			cancel()
		}
	}
	var err error
	if p.report, err = p.sim.Run(ctx, until, watch); err != nil && !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	return p
}

// goOn goes on with an interrupted run, from its checkpoint and from where it is.
func (p *part) goOn(t *testing.T, sys *System, opts Options, every, until float64) part {
	t.Helper()
	var err error
	frame := must(p.sim.Checkpoint().Frame(sys.Epoch))(t)
	c := must(ReadFrame(frame))(t)
	next := part{sim: must(Restore(sys, nil, opts, c))(t)}
	watch := Watch{Every: every, Sample: func(s Snapshot) error {
		next.samples = append(next.samples, s)
		return nil
	}}
	if next.report, err = next.sim.Resume(context.Background(), until, watch); err != nil {
		t.Fatal(err)
	}
	same, err := p.sim.Resume(context.Background(), until, Watch{Every: every, Sample: func(Snapshot) error { return nil }})
	if err != nil || same != next.report || !reflect.DeepEqual(p.sim.Snapshot(), next.sim.Snapshot()) {
		t.Errorf("went on from where it was: %v, %+v; from the checkpoint %+v", err, same, next.report)
	}
	return next
}

func TestRestoreRefuses(t *testing.T) {
	sys := must(J2000())(t)
	good := func() *Checkpoint {
		p := runUntil(t, sys, Options{}, 0, sys.Epoch+100, 3)
		return p.sim.Checkpoint()
	}
	fewer := &System{Epoch: sys.Epoch, Bodies: sys.Bodies[:3]}
	nan := good()
	nan.X[4] = math.NaN()
	short := good()
	short.Integrator = short.Integrator[:9]
	noStart := good()
	noStart.Start = nil
	counts := good()
	counts.Integrator[0] = -1
	for name, err := range map[string]error{
		"nothing":            second(Restore(sys, nil, Options{}, nil)),
		"no state":           second(Restore(sys, nil, Options{}, &Checkpoint{})),
		"other bodies":       second(Restore(fewer, nil, Options{}, good())),
		"another integrator": second(Restore(sys, nil, Options{Integrator: "leapfrog"}, good())),
		"a NaN":              second(Restore(sys, nil, Options{}, nan)),
		"too short":          second(Restore(sys, nil, Options{}, short)),
		"no invariants":      second(Restore(sys, nil, Options{}, noStart)),
		"negative counts":    second(Restore(sys, nil, Options{}, counts)),
	} {
		if !errors.Is(err, ErrInput) {
			t.Errorf("%s: %v, want ErrInput", name, err)
		}
	}
	sim := must(Restore(sys, nil, Options{}, good()))(t)
	if _, err := sim.Resume(context.Background(), sys.Epoch, Watch{}); !errors.Is(err, ErrInput) {
		t.Errorf("resumed to a date that is over: %v", err)
	}
}

func second[T any](_ T, err error) error { return err }
