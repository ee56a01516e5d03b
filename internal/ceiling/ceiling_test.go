package ceiling

import (
	"context"
	"errors"
	"math"
	"testing"
)

func near[T Float](a, b T) bool {
	return math.Abs(float64(a-b)) <= 1e-5*math.Abs(float64(b))
}

func TestRatesArePositive(t *testing.T) {
	ctx := t.Context()
	for _, c := range []struct {
		name    string
		measure func() (float64, error)
	}{
		{"pairs f32", func() (float64, error) { r, _, err := Pairs[float32](ctx, 2); return r, err }},
		{"pairs f64", func() (float64, error) { r, _, err := Pairs[float64](ctx, 1); return r, err }},
		{"updates f32", func() (float64, error) { r, _, err := Updates[float32](ctx, 1); return r, err }},
		{"updates f64", func() (float64, error) { r, _, err := Updates[float64](ctx, 3); return r, err }},
		{"pairs f32 in Go", func() (float64, error) { return best(ctx, 1, func(int) piece { return pairsScalar[float32]() }) }},
		{"pairs f64 in Go", func() (float64, error) { return best(ctx, 1, func(int) piece { return pairsScalar[float64]() }) }},
		{"updates f32 in Go", func() (float64, error) { return best(ctx, 1, func(int) piece { return sweepScalar[float32]() }) }},
		{"updates f64 in Go", func() (float64, error) { return best(ctx, 1, func(int) piece { return sweepScalar[float64]() }) }},
		{"a copy of nothing", func() (float64, error) { return Copy(ctx, 2, 0) }},
		{"a copy of 1 MiB", func() (float64, error) { return Copy(ctx, 2, 1<<20) }},
		{"a copy of all", func() (float64, error) { return Copy(ctx, 2, math.MaxInt) }},
	} {
		r, err := c.measure()
		if !(r > 1e5) || math.IsInf(r, 0) || err != nil {
			t.Errorf("%s: %g per second, %v", c.name, r, err)
		}
		t.Logf("%s: %.3g per second", c.name, r)
	}
}

func TestCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, _, pairs := Pairs[float64](ctx, 2)
	_, _, updates := Updates[float32](ctx, 1)
	_, moved := Copy(ctx, 2, LargestCopy)
	for _, err := range []error{pairs, updates, moved} {
		if !errors.Is(err, context.Canceled) {
			t.Errorf("after cancellation: %v", err)
		}
	}
}
