package solar

import (
	"context"
	"errors"
	"io"
	"math"
	"testing"

	"offload/cpu"
	"offload/device"
)

// Missing or mismatched arguments are refused.
func TestNothingIsRefused(t *testing.T) {
	ctx, sys := context.Background(), must(J2000())(t)
	dev := must(cpu.Open(ctx, device.Options{}))(t)
	defer dev.Close()
	second := func(_ any, err error) error { return err }
	var none *System
	for name, err := range map[string]error{
		"New without a system":           second(New(nil, nil, Options{})),
		"New of an empty system":         second(New(&System{}, nil, Options{})),
		"Schwarzschild without a system": second(Schwarzschild(nil)),
		"Validate of no system":          none.Validate(),
		"WriteBodies of no system":       WriteBodies(io.Discard, nil),
		"DrawOrbits of no track":         DrawOrbits(io.Discard, nil),
		"NewDeviceField without device":  second(NewDeviceField(nil, sys.GMs())),
		"no acceleration":                (*Acceleration)(nil).Evaluate(ctx, nil, nil, nil),
		"an acceleration without field":  (&Acceleration{}).Evaluate(ctx, nil, nil, nil),
	} {
		if !errors.Is(err, ErrInput) && !errors.Is(err, device.ErrInvalid) {
			t.Errorf("%s: %v, want ErrInput", name, err)
		}
	}
	if m := Measure(nil); m.Mass != 0 || m.Energy != 0 || len(none.GMs()) != 0 || none.Index(SunName) != -1 || none.Snapshot().Bodies != nil {
		t.Errorf("no system has %+v", m)
	}
}

// An integrator that cannot start returns an error and leaves the phase unchanged.
func TestAdvanceFromNothing(t *testing.T) {
	ctx, sys := context.Background(), must(J2000())(t)
	rhs := &Acceleration{Field: Newton(sys.GMs())}
	short, late, part := NewPhase(sys), NewPhase(sys), NewPhase(sys)
	short.VLow = nil
	late.T = math.NaN()
	for _, slice := range []*[]float64{&part.X, &part.XLow, &part.V, &part.VLow} {
		*slice = (*slice)[:4]
	}
	for _, name := range Integrators() {
		for why, err := range map[string]error{
			"no acceleration":     must(NewIntegrator(name, Options{}))(t).Advance(ctx, nil, NewPhase(sys), 1, nil),
			"no field":            must(NewIntegrator(name, Options{}))(t).Advance(ctx, &Acceleration{}, NewPhase(sys), 1, nil),
			"no phase":            must(NewIntegrator(name, Options{}))(t).Advance(ctx, rhs, nil, 1, nil),
			"a phase cut short":   must(NewIntegrator(name, Options{}))(t).Advance(ctx, rhs, short, 1, nil),
			"a third of a body":   must(NewIntegrator(name, Options{}))(t).Advance(ctx, rhs, part, 1, nil),
			"from no time":        must(NewIntegrator(name, Options{}))(t).Advance(ctx, rhs, late, 1, nil),
			"to the end of times": must(NewIntegrator(name, Options{}))(t).Advance(ctx, rhs, NewPhase(sys), math.Inf(1), nil),
		} {
			if !errors.Is(err, ErrInput) {
				t.Errorf("%s, %s: %v, want ErrInput", name, why, err)
			}
		}
	}
}

// A prediction is a positive int32, or 0 for NaN days.
func TestEvaluationsAreACount(t *testing.T) {
	for _, days := range []float64{0, 1e-300, -5, 1e8, math.MaxFloat64, math.Inf(1), math.Inf(-1), math.NaN()} {
		for _, o := range []Options{{}, {Integrator: "yoshida8"}, {Integrator: "leapfrog", Dt: 5e-324}} {
			if n := Evaluations(o, days); n < 0 || n == 0 && !math.IsNaN(days) || n > math.MaxInt32 {
				t.Errorf("%+v, %g days: %d evaluations", o, days, n)
			}
		}
	}
}
