package poisson

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"testing"

	"offload/device"
	"offload/device/hybrid"
	"offload/device/reference"
	"offload/kernels/multigrid"
)

// Results are the same bit for bit on the reference device, with any number of workers, on
// a device of two, and wherever the border between device and host lies.
func TestPlainBits(t *testing.T) {
	t.Run("f32", testPlainBits[float32])
	t.Run("f64", testPlainBits[float64])
}

func testPlainBits[T device.Float](t *testing.T) {
	ctx := context.Background()
	serial, err := reference.Open(ctx, device.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer serial.Close()
	devices := map[string]device.Device{"reference": serial}
	for _, workers := range []int{1, 2, 3, 7} {
		devices[fmt.Sprint(workers, " workers")] = openCPU(t, workers)
	}
	both, err := hybrid.Open(ctx, []device.Device{openCPU(t, 2), openCPU(t, 1)}, hybrid.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer both.Close()
	devices["hybrid"] = both
	devices["memory of its own"] = struct{ device.Device }{serial} // without Wrap
	p := &Problem{Rows: 97, Cols: 161, Dx: 1, Dy: 1.25}
	source := make([]T, p.Rows*p.Cols)
	for i := range source {
		source[i] = T(i%7) * 1e-3
	}
	var want []T
	var result Result
	for name, d := range devices {
		for _, border := range []int{0, 500, 1000, 10_000, 1 << 16} {
			s, err := openPlain[T](ctx, d, p, border)
			if err != nil {
				t.Fatal(err)
			}
			for range 2 { // with another problem before
				if _, err := s.Solve(ctx, hotTop[T](p.Rows, p.Cols), nil, Options{}); err != nil {
					t.Fatal(err)
				}
				u := roughEdges[T](p.Rows, p.Cols)
				r, err := s.Solve(ctx, u, source, Options{})
				if err != nil {
					t.Fatal(err)
				}
				if want == nil {
					want, result = u, r
				}
				if !slices.Equal(u, want) || r != result {
					t.Errorf("%s, border %d: other bits; %+v, want %+v", name, border, r, result)
				}
			}
			s.Close()
		}
	}
}

// A problem of other magnitude, by a power of two, has the same bits but for that.
func TestPlainScale(t *testing.T) {
	d := openCPU(t, 2)
	p := &Problem{Rows: 33, Cols: 33}
	u := roughEdges[float32](33, 33)
	v := slices.Clone(u)
	for i := range v {
		v[i] *= 0x1p90
	}
	r, err := Solve(context.Background(), d, p, u, Options{})
	s, err2 := Solve(context.Background(), d, p, v, Options{})
	if err != nil || err2 != nil || s.Residual != 0x1p90*r.Residual || s.Relative != r.Relative {
		t.Errorf("%+v, %v; with a factor of 2^90: %+v, %v", r, err, s, err2)
	}
	for i := range u {
		if v[i] != 0x1p90*u[i] {
			t.Fatalf("value %d: %g and %g", i, u[i], v[i])
		}
	}
}

// A limit on cycles gives the state that they reach.
func TestPlainMaxCycles(t *testing.T) {
	d := openCPU(t, 2)
	p := &Problem{Rows: 129, Cols: 129}
	for _, cycles := range []int{1, 2, 3} {
		u, calls := hotTop[float64](129, 129), 0
		r, err := Solve(context.Background(), d, p, u, Options{MaxCycles: cycles, Progress: func(cycle int, residual float64) {
			if calls++; cycle != calls || !(residual > 0) {
				t.Errorf("call %d: cycle %d, residual %g", calls, cycle, residual)
			}
		}})
		if !errors.Is(err, ErrNotConverged) || r.Converged || !r.Resolved || r.Cycles != cycles || calls != cycles {
			t.Errorf("%d cycles: %+v, %v after %d calls", cycles, r, err, calls)
		}
		if got := largestResidual(p, u); math.Abs(got/r.Residual-1) > 1e-6 {
			t.Errorf("%d cycles: residual %g, reported %g", cycles, got, r.Residual)
		}
	}
}

// A tolerance that float32 does not resolve ends with the best state and an error.
func TestPlainUnresolved(t *testing.T) {
	d := openCPU(t, 2)
	u := hotTop[float32](129, 129)
	r, err := Solve(context.Background(), d, &Problem{Rows: 129, Cols: 129}, u, Options{Tol: 1e-10})
	if !errors.Is(err, ErrNotConverged) || r.Converged || r.Resolved || r.Cycles > 8 || r.Relative > 0x1p-20 {
		t.Errorf("%+v, %v", r, err)
	}
}

// A cancelled solution leaves the last complete state, and before one the first guess.
func TestPlainCancelled(t *testing.T) {
	p := &Problem{Rows: 129, Cols: 129}
	for _, border := range []int{0, 1 << 16} {
		for stop := range 4 {
			ctx, cancel := context.WithCancelCause(context.Background())
			s, err := openPlain[float64](ctx, openCPU(t, 2), p, border)
			if err != nil {
				t.Fatal(err)
			}
			if stop == 0 {
				cancel(nil)
			}
			u := hotTop[float64](129, 129)
			r, err := s.Solve(ctx, u, nil, Options{Progress: func(cycle int, _ float64) {
				if cycle == stop {
					cancel(nil)
				}
			}})
			if !errors.Is(err, context.Canceled) || r.Cycles != stop {
				t.Fatalf("after cycle %d: %+v, %v", stop, r, err)
			}
			if stop == 0 {
				if !slices.Equal(u, hotTop[float64](129, 129)) {
					t.Error("u changed before the first cycle")
				}
			} else if got := largestResidual(p, u); math.Abs(got/r.Residual-1) > 1e-6 || got > 0.1*math.Pow(0.06, float64(stop)) {
				t.Errorf("after cycle %d: residual %g, reported %g", stop, got, r.Residual)
			}
			s.Close()
		}
	}
}

// ending is a device that cancels a context with the launch that computes the solution.
type ending struct {
	device.Device
	cancel func()
	rows   int // of that launch
}

func (d ending) Wrap(s device.Slice) (device.Buffer, error) { return device.Wrap(d.Device, s) }

func (d ending) Launch(ctx context.Context, l *device.Launch) error {
	if l.Kernel == multigrid.Finish(device.Float64) && l.Rows.Hi >= d.rows {
		defer d.cancel()
	}
	return d.Device.Launch(ctx, l)
}

// A solution that is cancelled while it is written keeps the last complete state, or is
// complete.
func TestPlainCancelledAtTheEnd(t *testing.T) {
	p := &Problem{Rows: 513, Cols: 513}
	for range 20 {
		ctx, cancel := context.WithCancel(context.Background())
		d := ending{openCPU(t, 2), cancel, 256}
		u := hotTop[float64](p.Rows, p.Cols)
		r, err := Solve(ctx, d, p, u, Options{})
		if err != nil && !errors.Is(err, context.Canceled) || r.Cycles < 4 {
			t.Fatalf("%+v, %v", r, err)
		}
		if got := largestResidual(p, u); math.Abs(got/r.Residual-1) > 1e-3 {
			t.Errorf("residual %g, reported %g, %v", got, r.Residual, err)
		}
	}
}

func TestPlainRefuses(t *testing.T) {
	d, p := openCPU(t, 1), &Problem{Rows: 9, Cols: 9}
	with := func(i int, v float32) []float32 {
		u := hotTop[float32](9, 9)
		u[i] = v
		return u
	}
	sources := make([]float32, 81)
	sources[40] = float32(math.Inf(1))
	huge := make([]float32, 81)
	huge[40] = math.MaxFloat32
	tiny := make([]float32, 81)
	tiny[3] = 1e-20
	for name, c := range map[string]struct {
		u, source []float32
		o         Options
	}{
		"too few values":       {u: make([]float32, 80)},
		"too few sources":      {u: with(0, 1), source: make([]float32, 80)},
		"NaN on an edge":       {u: with(9, float32(math.NaN()))},
		"Inf on an edge":       {u: with(17, float32(math.Inf(-1)))},
		"an infinite source":   {u: with(0, 1), source: sources},
		"a huge source":        {u: with(0, 1), source: huge},
		"tiny values":          {u: tiny},
		"huge values":          {u: with(5, math.MaxFloat32)},
		"a negative tolerance": {u: with(0, 1), o: Options{Tol: -1}},
		"a NaN tolerance":      {u: with(0, 1), o: Options{Tol: math.NaN()}},
		"negative cycles":      {u: with(0, 1), o: Options{MaxCycles: -1}},
	} {
		s, err := newPlain[float32](context.Background(), d, p)
		if err != nil {
			t.Fatal(err)
		}
		before := slices.Clone(c.u)
		if r, err := s.Solve(context.Background(), c.u, c.source, c.o); !errors.Is(err, device.ErrInvalid) || r != (Result{}) {
			t.Errorf("%s: %+v, %v; want ErrInvalid", name, r, err)
		}
		if fmt.Sprint(c.u) != fmt.Sprint(before) {
			t.Errorf("%s: u changed", name)
		}
		s.Close()
	}
}

// Cycles do not allocate, unless the kernels' code does.
func TestCyclesDoNotAllocate(t *testing.T) {
	s, err := openPlain[float64](context.Background(), openCPU(t, 1), &Problem{Rows: 65, Cols: 65}, 1<<16)
	if err != nil {
		t.Fatal(err)
	}
	f := s.finest()
	f.onDevice = false
	for _, a := range append(f.arrays(1, 2), &f.side) {
		a.host = device.MakeSlice(a.typ, a.len)
	}
	if err := s.prepare(false); err != nil {
		t.Fatal(err)
	}
	norms := device.As[float64](f.norms.host)
	halve := func(context.Context) error {
		for i := range norms {
			norms[i] *= 0.3
		}
		return nil
	}
	s.visit, s.cycle, s.finish = []step{s.correctDirectly}, [2]step{halve, halve}, [2]step{halve, halve}
	u := make([]float64, 65*65)
	allocations := func(tol float64) float64 {
		return testing.AllocsPerRun(10, func() {
			for i := range norms {
				norms[i] = 1
			}
			if _, err := s.iterate(context.Background(), u, scaling{1, 1}, progress{tol: tol, first: 1, residual: 1}, Options{MaxCycles: 100}); err != nil {
				t.Fatal(err)
			}
		})
	}
	if few, many := allocations(0.5), allocations(1e-20); few != many {
		t.Errorf("%v allocations with few cycles, %v with many", few, many)
	}
}

// reading is a device that keeps the most elements that a launch reads of matrices which are read whole.
type reading struct {
	device.Device
	most *int
}

func (d reading) Wrap(s device.Slice) (device.Buffer, error) { return device.Wrap(d.Device, s) }

func (d reading) Launch(ctx context.Context, l *device.Launch) error {
	for i, p := range l.Kernel.Params {
		if p.Access == device.ReadAll {
			*d.most = max(*d.most, l.ReadRange(i).Len())
		}
	}
	return d.Device.Launch(ctx, l)
}

// No launch reads more than the edges whole: where several devices share the work, all that is read whole travels to each.
func TestReadWhole(t *testing.T) {
	const n = 1025
	most := 0
	if _, err := Solve(context.Background(), reading{openCPU(t, 2), &most}, &Problem{Rows: n, Cols: n}, hotTop[float64](n, n), Options{}); err != nil {
		t.Fatal(err)
	}
	if want := 4 * n; most != want {
		t.Errorf("a launch reads %d elements whole; the edges are %d", most, want)
	}
}
