package plate_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"reflect"
	"slices"
	"testing"

	"offload/cpu"
	"offload/device"
	"offload/kernels"
	"offload/sims/plate"
	"offload/sims/poisson"
)

// frame is what a run hands out on its way, or what it returns.
type frame[T device.Float] struct {
	state json.RawMessage
	field []T
}

// way is one way to compute a plate. run continues from a frame unless from is nil, hands out
// frames to each unless that is nil, and returns its result.
type way[T device.Float] struct {
	name string
	run  func(ctx context.Context, d device.Device, f *plate.Field[T], from json.RawMessage, each func(state any) error) (any, error)
}

// steady, transient and implicit return ways with options.
func steady[T device.Float](name string, o plate.SteadyOptions) way[T] {
	return way[T]{name, func(ctx context.Context, d device.Device, f *plate.Field[T], from json.RawMessage, each func(any) error) (any, error) {
		o := o
		if each != nil {
			o.Frame = func(s plate.SteadyState) error { return each(s) }
		}
		if err := stateFrom(from, &o.From); err != nil {
			return nil, err
		}
		return plate.Steady(ctx, d, f, o)
	}}
}

func transient[T device.Float](name string, o plate.TransientOptions) way[T] {
	return way[T]{name, func(ctx context.Context, d device.Device, f *plate.Field[T], from json.RawMessage, each func(any) error) (any, error) {
		o := o
		if each != nil {
			o.Frame = func(s plate.TransientResult) error { return each(s) }
		}
		if err := stateFrom(from, &o.From); err != nil {
			return nil, err
		}
		return plate.Transient(ctx, d, f, o)
	}}
}

func implicit[T device.Float](name string, o plate.ImplicitOptions) way[T] {
	return way[T]{name, func(ctx context.Context, d device.Device, f *plate.Field[T], from json.RawMessage, each func(any) error) (any, error) {
		o := o
		if each != nil {
			o.Frame = func(s plate.ImplicitResult) error { return each(s) }
		}
		if err := stateFrom(from, &o.From); err != nil {
			return nil, err
		}
		return plate.Implicit(ctx, d, f, o)
	}}
}

// stateFrom sets *to to a state, or leaves it nil.
func stateFrom[S any](from json.RawMessage, to **S) error {
	if from == nil {
		return nil
	}
	*to = new(S)
	return json.Unmarshal(from, *to)
}

const rows, cols = 23, 33

// ways returns all ways, with edges of all kinds where they allow them.
func ways[T device.Float]() []way[T] {
	materials := make([]float64, rows*cols)
	for i := range materials {
		materials[i] = 1 + float64(i*7%5)
	}
	fixed := poisson.Problem{Rows: rows, Cols: cols, Dx: 0.01, Dy: 0.013, K: 3}
	general := fixed
	general.Left = poisson.Edge{Kind: poisson.Convection, Transfer: 25, Ambient: 20}
	general.Right = poisson.Edge{Kind: poisson.Flux, Flux: 500}
	varied := fixed
	varied.K, varied.Conductivity, varied.Top = 0, materials, poisson.Edge{Kind: poisson.Insulated}
	steps := func(p poisson.Problem, s plate.Scheme) plate.ImplicitOptions {
		return plate.ImplicitOptions{Problem: p, Capacity: 3e4, Time: 7, Dt: 0.7, Scheme: s, Every: 1.9}
	}
	tolerance := 1e-3
	if device.TypeOf[T]() == device.Float64 {
		tolerance = 1e-6
	}
	return []way[T]{
		steady[T]("sweeps until converged", plate.SteadyOptions{Tol: tolerance, Dx: 1, Dy: 1.3, Every: 300}),
		steady[T]("sweeps until stuck", plate.SteadyOptions{Tol: 1e-30, Dx: 1, Dy: 1.3, SweepsPerLaunch: 50, Every: 700}),
		steady[T]("a number of sweeps", plate.SteadyOptions{MaxSweeps: 211, SweepsPerLaunch: 20, Every: 50}),
		steady[T]("too few sweeps", plate.SteadyOptions{Tol: tolerance, MaxSweeps: 90, SweepsPerLaunch: 7, Every: 20}),
		transient[T]("explicit steps", plate.TransientOptions{Diffusivity: 1e-4, Dx: 0.01, Dy: 0.013, Time: 60, Every: 7.3}),
		implicit[T]("Crank-Nicolson, fixed edges", steps(fixed, plate.CrankNicolson)),
		implicit[T]("Crank-Nicolson, general edges", steps(general, plate.CrankNicolson)),
		implicit[T]("Crank-Nicolson, materials", steps(varied, plate.CrankNicolson)),
		implicit[T]("Euler, general edges", steps(general, plate.BackwardEuler)),
	}
}

func start[T device.Float](t *testing.T) *plate.Field[T] {
	f := newField[T](t, rows, cols, plate.Edges{Top: 100, Left: -7, Right: 1e-3})
	for i := range f.T {
		if r, c := i/cols, i%cols; r > 0 && c > 0 && r < rows-1 && c < cols-1 {
			f.T[i] = T(i % 17)
		}
	}
	return f
}

// outcome runs a way with frames, and returns those and its result.
func (w way[T]) outcome(t *testing.T, d device.Device, f *plate.Field[T], from json.RawMessage) (frames []frame[T], result any, says string) {
	t.Helper()
	result, err := w.run(context.Background(), d, f, from, func(state any) error {
		encoded, err := json.Marshal(state)
		frames = append(frames, frame[T]{encoded, clone(f).T})
		return err
	})
	return frames, result, fmt.Sprint(err)
}

// A run that continues from a frame, on any device, has the same later frames and the same end
// as one in one piece. Frames change nothing.
func TestContinue(t *testing.T) {
	t.Run("f32", testContinue[float32])
	t.Run("f64", testContinue[float64])
}

func testContinue[T device.Float](t *testing.T) {
	all := devices(t)
	all["cpu of 2"] = opened(t, cpu.Open, device.Options{Workers: 2, Variant: "go", Kernels: kernels.All()})
	for _, w := range ways[T]() {
		plain := start[T](t)
		alone, err := w.run(context.Background(), all["cpu of 3"], plain, nil, nil)
		says := fmt.Sprint(err)
		want := start[T](t)
		frames, result, said := w.outcome(t, all["cpu of 1"], want, nil)
		if at := diff(want, plain); at != "" || result != alone || said != says {
			t.Fatalf("%s: frames change the result: %+v, %s; without %+v, %s; %s", w.name, result, said, alone, says, at)
		}
		if len(frames) < 4 {
			t.Fatalf("%s: %d frames", w.name, len(frames))
		}
		for _, k := range []int{0, len(frames) / 2, len(frames) - 2, len(frames) - 1} {
			for where, d := range all {
				f := &plate.Field[T]{Rows: rows, Cols: cols, T: slices.Clone(frames[k].field)}
				later, r, said := w.outcome(t, d, f, frames[k].state)
				if at := diff(f, want); at != "" || r != result || said != says {
					t.Errorf("%s from frame %d of %d on %s: %+v, %s; want %+v, %s; %s", w.name, k, len(frames), where, r, said, result, says, at)
				}
				if !reflect.DeepEqual(later, append([]frame[T](nil), frames[k+1:]...)) {
					t.Errorf("%s from frame %d of %d on %s: %d other frames", w.name, k, len(frames), where, len(later))
				}
			}
		}
	}
}

// A run that is cancelled between frames continues from the last one.
func TestContinueAfterCancellation(t *testing.T) {
	d := open(t)
	for _, w := range ways[float64]() {
		want := start[float64](t)
		frames, result, says := w.outcome(t, d, want, nil)
		ctx, cancel := context.WithCancel(context.Background())
		var last frame[float64]
		f, n := start[float64](t), 0
		_, err := w.run(ctx, d, f, nil, func(state any) error {
			if n++; n == len(frames)-1 {
				cancel()
			}
			encoded, err := json.Marshal(state)
			last = frame[float64]{encoded, clone(f).T}
			return err
		})
		cancel()
		if !errors.Is(err, context.Canceled) {
			t.Fatalf("%s: %v", w.name, err)
		}
		f.T = last.field
		if _, r, said := w.outcome(t, d, f, last.state); r != result || said != says || diff(f, want) != "" {
			t.Errorf("%s: %+v, %s; want %+v, %s; %s", w.name, r, said, result, says, diff(f, want))
		}
	}
}

// An error of Frame ends the run, with the field of that frame.
func TestFrameEndsTheRun(t *testing.T) {
	d, full := open(t), errors.New("no space left")
	for _, w := range ways[float32]() {
		frames, _, _ := w.outcome(t, d, start[float32](t), nil)
		for k := range frames {
			f, n := start[float32](t), 0
			_, err := w.run(context.Background(), d, f, nil, func(any) error {
				if n++; n == k+1 {
					return full
				}
				return nil
			})
			if !errors.Is(err, full) || n != k+1 || !reflect.DeepEqual(f.T, frames[k].field) {
				t.Errorf("%s: %v in frame %d of %d", w.name, err, n, k+1)
			}
		}
	}
}

// Frames come after the first steps that reach a multiple of Every.
func TestFrameTimes(t *testing.T) {
	for _, c := range []struct {
		every float64
		want  []int
	}{
		{0.3, []int{0, 3, 6, 9, 10}}, {0.25, []int{0, 3, 5, 8, 10}}, {0.1, []int{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10}},
		{0.04, []int{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10}}, {1, []int{0, 10}}, {0.5, []int{0, 5, 10}}, {0.95, []int{0, 10}},
		{5e-324, []int{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10}}, {math.MaxFloat64, []int{0, 10}}, {math.Inf(1), []int{0, 10}}, {0, nil},
	} {
		var explicit, implicit []int
		f := newField[float64](t, 5, 5, plate.Edges{Top: 1})
		if _, err := plate.Transient(context.Background(), open(t), f, plate.TransientOptions{
			Diffusivity: 1, Dx: 1, Dy: 1, Time: 1, Dt: 0.1, Every: c.every,
			Frame: func(r plate.TransientResult) error { explicit = append(explicit, r.Steps); return nil },
		}); err != nil {
			t.Fatal(err)
		}
		if _, err := plate.Implicit(context.Background(), open(t), f, plate.ImplicitOptions{
			Problem: poisson.Problem{Rows: 5, Cols: 5}, Capacity: 1, Time: 1, Dt: 0.1, Every: c.every,
			Frame: func(r plate.ImplicitResult) error { implicit = append(implicit, r.Steps); return nil },
		}); err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(explicit, c.want) || !reflect.DeepEqual(implicit, c.want) {
			t.Errorf("every %g s: frames after steps %v and %v, want %v", c.every, explicit, implicit, c.want)
		}
	}
}

// States that cannot be those of the run are refused.
func TestRefusedStates(t *testing.T) {
	nan, inf, d := math.NaN(), math.Inf(1), open(t)
	refused := func(name string, f *plate.Field[float64], run func() (any, error)) {
		t.Helper()
		before := clone(f)
		if r, err := run(); !errors.Is(err, device.ErrInvalid) || diff(f, before) != "" {
			t.Errorf("%s: %+v, %v; want ErrInvalid and the field as it was", name, r, err)
		}
	}
	for name, s := range map[string]plate.SteadyState{
		"negative sweeps": {Sweeps: -1, Limit: 100}, "sweeps beyond the limit": {Sweeps: 101, Limit: 100}, "no limit": {Sweeps: 1},
		"NaN": {Sweeps: 1, Limit: 100, Residual: nan}, "infinite mark": {Sweeps: 1, Limit: 100, Mark: inf},
		"negative norm": {Sweeps: 1, Limit: 100, Norm2: -1}, "a later mark": {Sweeps: 1, Limit: 100, Since: 2}, "an earlier mark": {Sweeps: 1, Limit: 100, Since: -2},
	} {
		f := start[float64](t)
		refused(name, f, func() (any, error) {
			return plate.Steady(context.Background(), d, f, plate.SteadyOptions{Tol: 1e-3, From: &s})
		})
	}
	for name, s := range map[string]plate.TransientResult{
		"negative steps": {Steps: -1, Dt: 0.1}, "steps beyond the end": {Steps: 11, Dt: 0.1}, "another step": {Steps: 1, Dt: 0.2},
		"NaN step": {Steps: 1, Dt: nan}, "NaN": {Steps: 1, Dt: 0.1, Change: nan}, "infinite norm": {Steps: 1, Dt: 0.1, Norm2: inf},
	} {
		f := start[float64](t)
		refused(name, f, func() (any, error) {
			return plate.Transient(context.Background(), d, f, plate.TransientOptions{Diffusivity: 1, Dx: 1, Dy: 1, Time: 1, Dt: 0.1, From: &s})
		})
	}
	for name, s := range map[string]plate.ImplicitResult{
		"negative steps": {Steps: -1, Dt: 0.1}, "steps beyond the end": {Steps: 11, Dt: 0.1}, "another step": {Steps: 1, Dt: 0.2},
		"negative cycles": {Steps: 1, Dt: 0.1, Cycles: -1}, "NaN heat": {Steps: 1, Dt: 0.1, Energy: plate.Energy{Held: nan}},
		"infinite heat": {Steps: 1, Dt: 0.1, Energy: plate.Energy{Stored: inf}},
	} {
		f := start[float64](t)
		refused(name, f, func() (any, error) {
			return plate.Implicit(context.Background(), d, f, plate.ImplicitOptions{
				Problem: poisson.Problem{Rows: rows, Cols: cols}, Capacity: 1, Time: 1, Dt: 0.1, From: &s})
		})
	}
	wrong, state := start[float64](t), plate.TransientResult{Steps: 1, Dt: 0.1}
	wrong.T[40] = nan
	if _, err := plate.Transient(context.Background(), d, wrong, plate.TransientOptions{Diffusivity: 1, Dx: 1, Dy: 1, Time: 1, Dt: 0.1, From: &state}); !errors.Is(err, device.ErrInvalid) {
		t.Errorf("a field with NaN: %v", err)
	}
	wrong.T = wrong.T[:40]
	if _, err := plate.Transient(context.Background(), d, wrong, plate.TransientOptions{Diffusivity: 1, Dx: 1, Dy: 1, Time: 1, Dt: 0.1, From: &state}); !errors.Is(err, device.ErrInvalid) {
		t.Errorf("a field of another shape: %v", err)
	}
	for _, every := range []float64{-1, nan} {
		f := start[float64](t)
		refused("frames", f, func() (any, error) {
			return plate.Transient(context.Background(), d, f, plate.TransientOptions{Diffusivity: 1, Dx: 1, Dy: 1, Time: 1, Dt: 0.1, Every: every})
		})
		refused("frames", f, func() (any, error) {
			return plate.Implicit(context.Background(), d, f, plate.ImplicitOptions{
				Problem: poisson.Problem{Rows: rows, Cols: cols}, Capacity: 1, Time: 1, Dt: 0.1, Every: every})
		})
	}
	f := start[float64](t)
	refused("frames", f, func() (any, error) {
		return plate.Steady(context.Background(), d, f, plate.SteadyOptions{Tol: 1, Every: -1})
	})
}

// States with values below those with which a run may start continue with the same bits: of
// plates that have decayed, and far from a hot point.
func TestContinueTinyValues(t *testing.T) {
	d := open(t)
	for _, c := range []struct {
		name              string
		capacity, dt, hot float64
		spot              bool // one point is hot, else all inside
		tiny              func(v []float64) bool
	}{
		{"decayed", 1, 8, 0x1p-838, false, func(v []float64) bool { return slices.Max(v) < 0x1p-840 }},
		{"far", 1024, 1, 0x1p-820, true, func(v []float64) bool {
			return slices.ContainsFunc(v, func(v float64) bool { return v != 0 && math.Abs(v) < 0x1p-900 })
		}},
	} {
		w := implicit[float64](c.name, plate.ImplicitOptions{
			Problem: poisson.Problem{Rows: rows, Cols: cols}, Capacity: c.capacity, Time: 8 * c.dt, Dt: c.dt, Every: c.dt,
		})
		f := newField[float64](t, rows, cols, plate.Edges{})
		for i := range f.T {
			if r, col := i/cols, i%cols; r > 0 && col > 0 && r < rows-1 && col < cols-1 && (!c.spot || i == 11*cols+4) {
				f.T[i] = c.hot
			}
		}
		frames, result, says := w.outcome(t, d, f, nil)
		if says != "<nil>" || !slices.ContainsFunc(frames, func(f frame[float64]) bool { return c.tiny(f.field) }) {
			t.Fatalf("%s: no tiny values in %d frames, %s", c.name, len(frames), says)
		}
		for k := range frames {
			g := &plate.Field[float64]{Rows: rows, Cols: cols, T: slices.Clone(frames[k].field)}
			if _, r, said := w.outcome(t, d, g, frames[k].state); r != result || said != says || diff(g, f) != "" {
				t.Errorf("%s, frame %d of %d: %+v, %s; want %+v, %s", c.name, k, len(frames), r, said, result, says)
			}
		}
	}
}
