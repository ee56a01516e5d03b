package poisson

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
	"offload/device/hybrid"
	"offload/device/reference"
	"offload/kernels"
)

// solutionFrame is what a solution hands out.
type solutionFrame[T device.Float] struct {
	state *State
	u     []T
}

// stored returns the state as it comes back from JSON, with its matrices beside it.
func stored(t *testing.T, s *State) *State {
	t.Helper()
	encoded, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	back := &State{}
	if err := json.Unmarshal(encoded, back); err != nil {
		t.Fatal(err)
	}
	back.Vectors = s.Vectors
	return back
}

// sameState reports whether two states have the same numbers and matrices.
func sameState(a, b *State) bool {
	v, w := a.Vectors, b.Vectors
	x, y := *a, *b
	x.Vectors, y.Vectors = nil, nil
	return reflect.DeepEqual(x, y) && slices.EqualFunc(v, w, func(v, w device.Slice) bool {
		return v.Type() == w.Type() && slices.Equal(v.Bytes(), w.Bytes())
	})
}

// stateCase is a problem with the options of its solution.
type stateCase struct {
	name string
	p    *Problem
	o    Options
}

func stateCases[T device.Float]() []stateCase {
	fixed := &Problem{Rows: 65, Cols: 33, Dx: 1, Dy: 1.2}
	heated := &Problem{Rows: 41, Cols: 81, Source: make([]float64, 41*81)}
	for i := range heated.Source {
		heated.Source[i] = float64(i % 7)
	}
	general := (&plateCase{rows: 45, cols: 37, dx: 1, dy: 1, edges: "fncn", transfer: 1}).problem()
	materials := (&plateCase{rows: 50, cols: 41, dx: 1, dy: 3, edges: "ncff", transfer: 2, held: discs}).problem()
	materials.Conductivity = make([]float64, 50*41)
	for i := range materials.Conductivity {
		if i%31 > 0 { // others are holes
			materials.Conductivity[i] = float64(1 + i*7%5)
		}
	}
	closed := (&plateCase{rows: 33, cols: 40, dx: 1, dy: 1, edges: "pppp"}).problem()
	closed.Source[5] += 3
	closed.Source[700] -= 3
	hot := &Problem{Rows: 33, Cols: 33, Source: make([]float64, 33*33)}
	for i := range hot.Source {
		hot.Source[i] = 1e9 // scaled in the plain method
	}
	return []stateCase{
		{"fixed edges", fixed, Options{Every: 1}},
		{"fixed edges, every second cycle", fixed, Options{Every: 2}},
		{"a source", heated, Options{Every: 1}},
		{"a large source", hot, Options{Every: 1}},
		{"beyond what rounding allows", fixed, Options{Every: 1, Tol: 1e-25}},
		{"too few cycles", fixed, Options{Every: 1, MaxCycles: 3, Tol: 1e-25}},
		{"general edges", general, Options{Every: 1}},
		{"materials", materials, Options{Every: 3}},
		{"no way out", closed, Options{Every: 1}},
		{"general edges, beyond what rounding allows", general, Options{Every: 2, Tol: 1e-25}},
		{"general edges, too few cycles", general, Options{Every: 2, MaxCycles: 3}},
	}
}

// firstGuess has rough edges, and points inside that count in the general method alone.
func firstGuess[T device.Float](p *Problem) []T {
	u := roughEdges[T](p.Rows, p.Cols)
	for i := range u {
		if !p.keeps(i/p.Cols, i%p.Cols) {
			u[i] = T(i%9) / 8
		}
	}
	return u
}

// solveWithFrames returns the frames of a solution, its result, and its error.
func solveWithFrames[T device.Float](ctx context.Context, m method[T], u []T, o Options) (frames []solutionFrame[T], r Result, says string) {
	o.Frame = func(s *State) error {
		frames = append(frames, solutionFrame[T]{s, slices.Clone(u)})
		return nil
	}
	r, err := m.Solve(ctx, u, nil, o)
	return frames, r, fmt.Sprint(err)
}

// A solution that continues from a frame, on any device, has the same later frames and the same
// result as one in one piece. Frames change nothing.
func TestContinue(t *testing.T) {
	t.Run("f32", testContinue[float32])
	t.Run("f64", testContinue[float64])
}

func testContinue[T device.Float](t *testing.T) {
	ctx := context.Background()
	ref, err := reference.Open(ctx, device.Options{Kernels: kernels.All()})
	if err != nil {
		t.Fatal(err)
	}
	defer ref.Close()
	contract, err := cpu.Open(ctx, device.Options{Workers: 2, Variant: "contract"})
	if err != nil {
		t.Fatal(err)
	}
	defer contract.Close()
	both, err := hybrid.Open(ctx, []device.Device{openCPU(t, 2), openCPU(t, 1)}, hybrid.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer both.Close()
	all := map[string]device.Device{"reference": ref, "memory of its own": struct{ device.Device }{ref}, "contract": contract, "hybrid": both}
	for workers := 1; workers <= 3; workers++ {
		all[fmt.Sprint(workers, " workers")] = openCPU(t, workers)
	}
	solvers := func(p *Problem) map[string]method[T] {
		made := map[string]method[T]{}
		for name, d := range all {
			s, err := NewSolver[T](ctx, d, p)
			if err != nil {
				t.Fatal(err)
			}
			made[name] = s
		}
		return made
	}
	for _, c := range stateCases[T]() {
		made := solvers(c.p)
		if plainHierarchy(c.p) != nil { // with all levels but one on the device
			if made["border 0"], err = openPlain[T](ctx, all["2 workers"], c.p, 0); err != nil {
				t.Fatal(err)
			}
		} else if made["border 0"], err = openGeneral[T](ctx, all["2 workers"], c.p, 0); err != nil {
			t.Fatal(err)
		}
		alone := firstGuess[T](c.p)
		result, err := made["3 workers"].Solve(ctx, alone, nil, c.o)
		says := fmt.Sprint(err)
		for first, s := range made {
			want := firstGuess[T](c.p)
			frames, r, said := solveWithFrames(ctx, s, want, c.o)
			if r != result || said != says || !slices.Equal(want, alone) || len(frames) < 2 {
				t.Fatalf("%s on %s: %d frames change the result: %+v, %s; without %+v, %s", c.name, first, len(frames), r, said, result, says)
			}
			if first != "1 workers" && first != "memory of its own" {
				continue
			}
			for _, k := range []int{0, (len(frames) - 1) / 2, len(frames) - 1} {
				for where, s := range made {
					u := slices.Clone(frames[k].u)
					later, r, said := solveWithFrames(ctx, s, u, func() Options { o := c.o; o.From = stored(t, frames[k].state); return o }())
					if r != result || said != says || !slices.Equal(u, want) {
						t.Errorf("%s from frame %d of %d on %s: %+v, %s; want %+v, %s", c.name, k, len(frames), where, r, said, result, says)
					}
					if !slices.EqualFunc(later, frames[k+1:], func(a, b solutionFrame[T]) bool {
						return sameState(a.state, b.state) && slices.Equal(a.u, b.u)
					}) {
						t.Errorf("%s from frame %d of %d on %s: %d other frames", c.name, k, len(frames), where, len(later))
					}
				}
			}
		}
		for _, s := range made {
			s.Close()
		}
	}
}

// A solution that is cancelled continues from its last frame.
func TestContinueAfterCancellation(t *testing.T) {
	d := openCPU(t, 2)
	for _, c := range stateCases[float64]() {
		s, err := NewSolver[float64](context.Background(), d, c.p)
		if err != nil {
			t.Fatal(err)
		}
		want := firstGuess[float64](c.p)
		_, result, says := solveWithFrames(context.Background(), s.method, want, c.o)
		ctx, cancel := context.WithCancel(context.Background())
		u := firstGuess[float64](c.p)
		o := c.o
		o.Progress = func(cycle int, _ float64) {
			if cycle == c.o.Every+1 {
				cancel()
			}
		}
		frames, _, said := solveWithFrames(ctx, s.method, u, o)
		cancel()
		if len(frames) == 0 {
			t.Fatalf("%s: no frame; %s", c.name, said)
		}
		last := frames[len(frames)-1]
		u, o = slices.Clone(last.u), c.o
		o.From = last.state
		if _, r, said := solveWithFrames(context.Background(), s.method, u, o); r != result || said != says || !slices.Equal(u, want) {
			t.Errorf("%s: %+v, %s; want %+v, %s", c.name, r, said, result, says)
		}
		s.Close()
	}
}

// An error of Frame ends the solution with what it was handed, and a result that describes it.
func TestFrameEndsTheSolution(t *testing.T) {
	d, full := openCPU(t, 2), errors.New("no space left")
	for _, c := range stateCases[float64]() {
		frames, result, _ := func() ([]solutionFrame[float64], Result, string) {
			s, err := NewSolver[float64](context.Background(), d, c.p)
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			return solveWithFrames(context.Background(), s.method, firstGuess[float64](c.p), c.o)
		}()
		for k, want := range frames {
			o, n := c.o, 0
			o.Frame = func(*State) error {
				if n++; n == k+1 {
					return full
				}
				return nil
			}
			u := firstGuess[float64](c.p)
			r, err := Solve(context.Background(), d, c.p, u, o)
			if !errors.Is(err, full) || n != k+1 || !slices.Equal(u, want.u) || r.Cycles != want.state.Cycles {
				t.Errorf("%s, frame %d of %d: %+v, %v", c.name, k, len(frames), r, err)
			}
			if k == len(frames)-1 && r != result {
				t.Errorf("%s, the last frame: %+v, want %+v", c.name, r, result)
			}
		}
	}
}

// States that cannot be those of the solution are refused.
func TestRefusedStates(t *testing.T) {
	d := openCPU(t, 1)
	nan := math.NaN()
	for _, c := range []stateCase{stateCases[float64]()[0], stateCases[float64]()[6]} {
		s, err := NewSolver[float64](context.Background(), d, c.p)
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		frames, _, _ := solveWithFrames(context.Background(), s.method, firstGuess[float64](c.p), c.o)
		for name, change := range map[string]func(s *State, o *Options){
			"no cycles":             func(s *State, _ *Options) { s.Cycles = 0 },
			"negative cycles":       func(s *State, _ *Options) { s.Cycles = -2 },
			"too many cycles":       func(s *State, o *Options) { s.Cycles = 101 },
			"NaN":                   func(s *State, _ *Options) { s.Residual = nan },
			"a negative residual":   func(s *State, _ *Options) { s.First = -1 },
			"infinite":              func(s *State, _ *Options) { s.Correction = math.Inf(1) },
			"another problem":       func(s *State, _ *Options) { s.Largest *= 2 },
			"no matrices":           func(s *State, _ *Options) { s.Vectors = nil },
			"a matrix missing":      func(s *State, _ *Options) { s.Vectors = s.Vectors[:1] },
			"a shorter matrix":      func(s *State, _ *Options) { s.Vectors[0] = device.Of(make([]float64, 3)) },
			"a matrix of integers":  func(s *State, _ *Options) { s.Vectors[1] = device.Of(make([]int32, s.Vectors[1].Len())) },
			"no matrix":             func(s *State, _ *Options) { s.Vectors[0] = device.Slice{} },
			"NaN in a matrix":       func(s *State, _ *Options) { device.As[float64](s.Vectors[0])[7] = nan },
			"frames before a start": func(_ *State, o *Options) { o.Every = -1 },
		} {
			state := stored(t, frames[0].state)
			state.Vectors = slices.Clone(state.Vectors)
			state.Vectors[0] = device.Of(slices.Clone(device.As[float64](state.Vectors[0])))
			o := c.o
			o.From = state
			change(state, &o)
			u := slices.Clone(frames[0].u)
			if r, err := s.Solve(context.Background(), u, nil, o); !errors.Is(err, device.ErrInvalid) || r != (Result{}) || !slices.Equal(u, frames[0].u) {
				t.Errorf("%s, %s: %+v, %v; want ErrInvalid", c.name, name, r, err)
			}
		}
	}
	general, o := stateCases[float64]()[6].p, Options{Every: 1}
	s, err := NewSolver[float64](context.Background(), d, general)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	frames, _, _ := solveWithFrames(context.Background(), s.method, firstGuess[float64](general), o)
	for name, change := range map[string]func(s *State){
		"a scale of 3":        func(s *State) { s.Scale = 3 },
		"no curvature":        func(s *State) { s.Curvature = 0 },
		"NaN":                 func(s *State) { s.Alpha = nan },
		"means of no part":    func(s *State) { s.Means = []float64{1} },
		"too few residuals":   func(s *State) { s.Least = s.Least[1:] },
		"another residual":    func(s *State) { s.Residual *= 1.5 },
		"the other method":    func(s *State) { s.Ended = true },
		"an infinite product": func(s *State) { s.Least[2] = math.Inf(1) },
	} {
		state := stored(t, frames[1].state)
		change(state)
		o.From = state
		if r, err := s.Solve(context.Background(), slices.Clone(frames[1].u), nil, o); !errors.Is(err, device.ErrInvalid) || r != (Result{}) {
			t.Errorf("%s: %+v, %v; want ErrInvalid", name, r, err)
		}
	}
}
