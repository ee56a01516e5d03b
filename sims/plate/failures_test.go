package plate_test

import (
	"context"
	"errors"
	"io"
	"math"
	"runtime"
	"strings"
	"testing"
	"time"

	"offload/cpu"
	"offload/device"
	"offload/sims/plate"
)

func TestRefusedInput(t *testing.T) {
	nan, inf := math.NaN(), math.Inf(1)
	d := open(t)
	for name, o := range map[string]plate.SteadyOptions{
		"nothing to reach":    {},
		"negative tolerance":  {Tol: -1},
		"NaN tolerance":       {Tol: nan},
		"infinite tolerance":  {Tol: inf},
		"negative sweeps":     {Tol: 1, MaxSweeps: -1},
		"negative batch":      {Tol: 1, SweepsPerLaunch: -1},
		"batch too long":      {Tol: 1, SweepsPerLaunch: 1 << 20},
		"one spacing":         {Tol: 1, Dx: 1},
		"negative spacing":    {Tol: 1, Dx: 1, Dy: -1},
		"NaN spacing":         {Tol: 1, Dx: nan, Dy: 1},
		"infinite spacing":    {Tol: 1, Dx: inf, Dy: 1},
		"impossible spacings": {Tol: 1, Dx: 1e200, Dy: 1e-200},
		"huge spacings":       {Tol: 1, Dx: 1e155, Dy: 1e155},
		"tiny spacings":       {Tol: 1, Dx: 1e-160, Dy: 1e-160},
		"batch that wraps":    {Tol: 1, SweepsPerLaunch: math.MaxInt},
		"unequal spacings":    {Tol: 1, Dx: 1e12, Dy: 1e-12},
	} {
		f := newField[float64](t, 5, 5, plate.Edges{Top: 1})
		before := clone(f)
		r, err := plate.Steady(context.Background(), d, f, o)
		if !errors.Is(err, device.ErrInvalid) || r.Sweeps != 0 || diff(f, before) != "" {
			t.Errorf("%s: %+v, %v; want ErrInvalid and the field as it was", name, r, err)
		}
	}
}

func TestRefusedFields(t *testing.T) {
	nan := math.NaN()
	d := open(t)
	for name, f := range map[string]*plate.Field[float64]{
		"NaN inside":   {Rows: 3, Cols: 3, T: []float64{0, 0, 0, 0, nan, 0, 0, 0, 0}},
		"Inf inside":   {Rows: 3, Cols: 3, T: []float64{0, 0, 0, 0, math.Inf(-1), 0, 0, 0, 0}},
		"too large":    {Rows: 1, Cols: 1, T: []float64{math.MaxFloat64}},
		"all tiny":     {Rows: 1, Cols: 2, T: []float64{1e-300, 0}},
		"empty":        {},
		"wrong length": {Rows: 2, Cols: 2, T: make([]float64, 3)},
		"negative":     {Rows: -1, Cols: -1, T: make([]float64, 1)},
	} {
		if _, err := plate.Steady(context.Background(), d, f, plate.SteadyOptions{Tol: 1}); !errors.Is(err, device.ErrInvalid) {
			t.Errorf("%s: Steady: %v, want ErrInvalid", name, err)
		}
		o := plate.TransientOptions{Diffusivity: 1, Dx: 1, Dy: 1, Time: 1}
		if _, err := plate.Transient(context.Background(), d, f, o); !errors.Is(err, device.ErrInvalid) {
			t.Errorf("%s: Transient: %v, want ErrInvalid", name, err)
		}
	}
}

// Missing fields and devices are refused.
func TestNothingIsRefused(t *testing.T) {
	ctx, d, f := context.Background(), open(t), newField[float64](t, 5, 5, plate.Edges{Top: 1})
	steady := plate.SteadyOptions{Tol: 1}
	transient := plate.TransientOptions{Diffusivity: 1, Dx: 1, Dy: 1, Time: 1}
	var none *plate.Field[float64]
	second := func(_ any, err error) error { return err }
	for name, err := range map[string]error{
		"Steady without a field":          second(plate.Steady(ctx, d, none, steady)),
		"Steady without a device":         second(plate.Steady(ctx, nil, f, steady)),
		"SteadyWork without a field":      second(plate.SteadyWork(none, steady)),
		"Transient without a field":       second(plate.Transient(ctx, d, none, transient)),
		"Transient without a device":      second(plate.Transient(ctx, nil, f, transient)),
		"TransientWork without a field":   second(plate.TransientWork(none, transient)),
		"Check of no field":               none.Check(),
		"EncodeNPY of no field":           plate.EncodeNPY(io.Discard, none),
		"EncodeNPY of an empty field":     plate.EncodeNPY(io.Discard, new(plate.Field[float64])),
		"EncodePNG of no field":           plate.EncodePNG(io.Discard, none, plate.PictureOptions{}),
		"EncodePNG with huge spacings":    plate.EncodePNG(io.Discard, f, plate.PictureOptions{Dx: 1e308, Dy: 1e308}),
		"NewField of a size that wraps":   second(plate.NewField[float32](math.MaxInt/2+1, 4, plate.Edges{})),
		"NewField of fewer than no rows":  second(plate.NewField[float32](-3, -3, plate.Edges{})),
		"NewField with an edge of NaN":    second(plate.NewField[float32](3, 3, plate.Edges{Left: math.NaN()})),
		"NewField beyond float32's range": second(plate.NewField[float32](3, 3, plate.Edges{Left: 1e39})),
	} {
		if !errors.Is(err, device.ErrInvalid) {
			t.Errorf("%s: %v, want ErrInvalid", name, err)
		}
	}
}

// A number of launches is never negative, however many sweeps are allowed.
func TestWorkOfManySweeps(t *testing.T) {
	f := newField[float64](t, 5, 5, plate.Edges{Top: 1})
	for _, batch := range []int{0, 1, 64, 1 << 16} {
		w, err := plate.SteadyWork(f, plate.SteadyOptions{MaxSweeps: math.MaxInt, SweepsPerLaunch: batch})
		if err != nil || w.Launches < math.MaxInt>>16 {
			t.Errorf("batches of %d: %d launches, %v", batch, w.Launches, err)
		}
	}
}

// With a tolerance below the limit of the precision the run ends with an error and the
// best possible field.
func TestToleranceOutOfReach(t *testing.T) {
	d := open(t)
	want, _ := hotTop(t, d, 33)
	f := newField[float32](t, 33, 33, plate.Edges{Top: 100})
	r, err := plate.Steady(context.Background(), d, f, plate.SteadyOptions{Tol: 1e-10})
	if !errors.Is(err, plate.ErrNotConverged) || !strings.Contains(err.Error(), "f64") || r.Converged || r.Sweeps == 0 {
		t.Errorf("f32: %+v, %v; want ErrNotConverged with the advice to use f64", r, err)
	}
	for i, v := range f.T {
		if math.Abs(float64(v)-want.T[i]) > 5e-3 {
			t.Fatalf("f32: value %d is %g, f64 has %g", i, v, want.T[i])
		}
	}
	g := newField[float64](t, 33, 33, plate.Edges{Top: 100})
	r, err = plate.Steady(context.Background(), d, g, plate.SteadyOptions{Tol: 1e-18})
	if !errors.Is(err, plate.ErrNotConverged) || !strings.Contains(err.Error(), "larger tolerance") || r.Residual > 1e-12 {
		t.Errorf("f64: %+v, %v; want ErrNotConverged at the level of rounding", r, err)
	}
	if off := distance(g, want); off > 1e-7 {
		t.Errorf("f64: off by %g", off)
	}
}

func TestTooFewSweeps(t *testing.T) {
	f := newField[float64](t, 33, 33, plate.Edges{Top: 100})
	r, err := plate.Steady(context.Background(), open(t), f, plate.SteadyOptions{Tol: 1e-10, MaxSweeps: 100})
	if !errors.Is(err, plate.ErrNotConverged) || !strings.Contains(err.Error(), "more sweeps") || r.Sweeps != 100 || f.At(1, 1) == 0 {
		t.Errorf("%+v, %v; want ErrNotConverged after 100 sweeps", r, err)
	}
}

func TestCancellationKeepsTheLastBatch(t *testing.T) {
	d := open(t)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	f := newField[float64](t, 65, 65, plate.Edges{Top: 100})
	r, err := plate.Steady(ctx, d, f, plate.SteadyOptions{MaxSweeps: 1 << 30, Progress: func(n int, _ float64) {
		if n == 640 {
			cancel()
		}
	}})
	if !errors.Is(err, context.Canceled) || !strings.Contains(err.Error(), "640 sweeps") || r.Sweeps != 640 {
		t.Fatalf("%+v, %v; want a cancellation after 640 sweeps", r, err)
	}
	want := newField[float64](t, 65, 65, plate.Edges{Top: 100})
	if _, err := plate.Steady(context.Background(), d, want, plate.SteadyOptions{MaxSweeps: 640}); err != nil {
		t.Fatal(err)
	}
	if at := diff(f, want); at != "" {
		t.Errorf("what was kept is not sweep 640: %s", at)
	}
}

func TestCancellationWithinALaunch(t *testing.T) {
	for name, d := range devices(t) {
		ctx, cancel := context.WithTimeout(context.Background(), 30*time.Millisecond)
		defer cancel()
		f := newField[float64](t, 257, 257, plate.Edges{Top: 100})
		before, start := clone(f), time.Now()
		r, err := plate.Steady(ctx, d, f, plate.SteadyOptions{MaxSweeps: 1 << 30, SweepsPerLaunch: 1 << 16})
		if took := time.Since(start); !errors.Is(err, context.DeadlineExceeded) || r.Sweeps != 0 || took > 2*time.Second {
			t.Errorf("%s: %+v, %v after %v", name, r, err, took)
		}
		if at := diff(f, before); at != "" {
			t.Errorf("%s: half a launch was kept: %s", name, at)
		}
	}
}

// Every run frees all its memory and leaves no goroutine.
func TestNothingLeaks(t *testing.T) {
	const n = 65
	d := opened(t, cpu.Open, device.Options{Workers: 2, Memory: 2*n*n*8 + 2*n*8})
	before := 0
	for i := range 20 {
		if i == 1 { // the pool has started its workers
			before = runtime.NumGoroutine()
		}
		ctx, cancel := context.WithCancel(context.Background())
		f := newField[float64](t, n, n, plate.Edges{Top: 100})
		stop := func(int, float64) { cancel() }
		if _, err := plate.Steady(ctx, d, f, plate.SteadyOptions{Tol: 1e-3, Progress: stop}); !errors.Is(err, context.Canceled) {
			t.Fatal(err)
		}
		if _, err := plate.Steady(context.Background(), d, f, plate.SteadyOptions{Tol: 1}); err != nil {
			t.Fatal(err)
		}
		o := plate.TransientOptions{Diffusivity: 1, Dx: 1, Dy: 1, Time: 3}
		if _, err := plate.Transient(context.Background(), d, f, o); err != nil {
			t.Fatal(err)
		}
	}
	big := newField[float64](t, n+1, n, plate.Edges{Top: 100})
	if _, err := plate.Steady(context.Background(), d, big, plate.SteadyOptions{Tol: 1}); !errors.Is(err, device.ErrOutOfMemory) {
		t.Errorf("%v, want ErrOutOfMemory", err)
	}
	for wait := 0; runtime.NumGoroutine() > before && wait < 100; wait++ {
		time.Sleep(10 * time.Millisecond)
	}
	if now := runtime.NumGoroutine(); now > before {
		t.Errorf("%d goroutines, %d before", now, before)
	}
}

func TestDeviceClosedMidway(t *testing.T) {
	d := open(t)
	f := newField[float64](t, 33, 33, plate.Edges{Top: 100})
	before := clone(f)
	r, err := plate.Steady(context.Background(), d, f, plate.SteadyOptions{Tol: 1e-9, Progress: func(int, float64) { d.Close() }})
	if !errors.Is(err, device.ErrClosed) || r != (plate.SteadyResult{}) || diff(f, before) != "" {
		t.Errorf("%+v, %v; want ErrClosed and the field as it was", r, err)
	}
	if _, err := plate.Steady(context.Background(), d, f, plate.SteadyOptions{Tol: 1}); !errors.Is(err, device.ErrClosed) {
		t.Errorf("%v, want ErrClosed", err)
	}
}

// faulty changes one value of the output of its third launch.
type faulty struct {
	device.Device
	launches int
	value    float64
}

func (d *faulty) Launch(ctx context.Context, l *device.Launch) error {
	if err := d.Device.Launch(ctx, l); err != nil {
		return err
	}
	if d.launches++; d.launches == 3 {
		return l.Args[1].Buffer.Write(ctx, 10*33+20, device.Of([]float64{d.value}))
	}
	return nil
}

// failing is a device whose third launch fails after it was accepted.
type failing struct {
	device.Device
	launches int
}

func (d *failing) Launch(ctx context.Context, l *device.Launch) error {
	if d.launches++; d.launches != 3 {
		return d.Device.Launch(ctx, l)
	}
	k := *l.Kernel
	k.Contract, k.Host = func(*device.Tile) { panic("no more sweeps") }, nil
	return d.Device.Launch(ctx, &device.Launch{Kernel: &k, Args: l.Args, Rows: l.Rows})
}

// A launch that fails after it was accepted ends the run with its error and the state
// before it.
func TestFailedLaunch(t *testing.T) {
	want := newField[float64](t, 33, 33, plate.Edges{Top: 100})
	if _, err := plate.Steady(context.Background(), open(t), want, plate.SteadyOptions{MaxSweeps: 4}); err != nil {
		t.Fatal(err)
	}
	for name, d := range devices(t) {
		f := newField[float64](t, 33, 33, plate.Edges{Top: 100})
		r, err := plate.Steady(context.Background(), &failing{Device: d}, f, plate.SteadyOptions{MaxSweeps: 1000, SweepsPerLaunch: 2})
		if !errors.Is(err, device.ErrPanic) || !strings.Contains(err.Error(), "no more sweeps") || r.Sweeps != 4 || diff(f, want) != "" {
			t.Errorf("%s: %+v, %v; want the panic after 4 sweeps", name, r, err)
		}
		g := newField[float64](t, 33, 33, plate.Edges{Top: 100})
		o := plate.TransientOptions{Diffusivity: 1, Dx: 1, Dy: 1, Time: 3, StepsPerLaunch: 2}
		if s, err := plate.Transient(context.Background(), &failing{Device: d}, g, o); !errors.Is(err, device.ErrPanic) || s.Steps != 4 {
			t.Errorf("%s: %+v, %v; want the panic after 4 steps", name, s, err)
		}
	}
}

func TestDivergenceIsLocated(t *testing.T) {
	for _, value := range []float64{math.NaN(), math.Inf(1)} {
		f := newField[float64](t, 33, 33, plate.Edges{Top: 100})
		d := &faulty{Device: open(t), value: value}
		r, err := plate.Steady(context.Background(), d, f, plate.SteadyOptions{MaxSweeps: 1000, SweepsPerLaunch: 2})
		if !errors.Is(err, plate.ErrDiverged) || !strings.Contains(err.Error(), "between sweep 6 and 8 the point in row 8, column 20") {
			t.Errorf("%+v, %v; want ErrDiverged in row 8, column 20", r, err)
		}
		if r.Sweeps != 6 {
			t.Errorf("the last sweeps with a finite residual are 6, not %d", r.Sweeps)
		}
	}
}
