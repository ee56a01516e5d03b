package poisson

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"slices"
	"strings"
	"testing"
	"time"

	"offload/device"
	"offload/device/reference"
	"offload/kernels"
)

// balance returns the heat that is missing in each cell of p, and the sum of the
// conductances around its point, by the definition of the equations.
func (p *Problem) balance(i, j int, u []float64) (heat, diagonal float64) {
	dx, dy := p.spacing()
	wrapRows, wrapCols := p.Top.Kind == Periodic, p.Left.Kind == Periodic
	width, height := dx*share(j, p.Cols, wrapCols), dy*share(i, p.Rows, wrapRows)
	k := func(at int) float64 {
		if p.Conductivity == nil {
			return p.conductivity()
		}
		return p.Conductivity[at]
	}
	at := i*p.Cols + j
	lose := func(g, other float64) { heat, diagonal = heat+g*(other-u[at]), diagonal+g }
	side := func(e Edge, y, x int, outside bool, length, distance float64) {
		if outside && e.Kind != Periodic {
			switch e.Kind {
			case Flux:
				heat += e.Flux * length
			case Convection:
				lose(e.Transfer*length, e.Ambient)
			}
			return
		}
		q := (y+p.Rows)%p.Rows*p.Cols + (x+p.Cols)%p.Cols
		if a, b := k(at), k(q); a > 0 && b > 0 {
			lose(2*a*b/(a+b)*length/distance, u[q])
		}
	}
	side(p.Top, i-1, j, i == 0, width, dy)
	side(p.Bottom, i+1, j, i == p.Rows-1, width, dy)
	side(p.Left, i, j-1, j == 0, height, dx)
	side(p.Right, i, j+1, j == p.Cols-1, height, dx)
	if p.Reaction != nil {
		lose(p.Reaction[at]*width*height, 0)
	}
	if p.Source != nil {
		heat += p.Source[at] * width * height
	}
	return heat, diagonal
}

// mixedProblem returns a random problem of any kind.
func mixedProblem(r *rand.Rand) *Problem {
	p := &Problem{Rows: 2 + r.IntN(40), Cols: 2 + r.IntN(40), Dx: 0.5 + r.Float64(), Dy: 0.5 + r.Float64()}
	if r.IntN(3) == 0 {
		p.Dx *= 9
	}
	edge := func() Edge {
		return Edge{Kind: EdgeKind(r.IntN(4)), Flux: r.Float64() - 0.5, Transfer: math.Ldexp(1, r.IntN(20)-10), Ambient: 10 * r.Float64()}
	}
	p.Top, p.Bottom, p.Left, p.Right = edge(), edge(), edge(), edge()
	if r.IntN(3) == 0 {
		p.Top.Kind, p.Bottom.Kind = Periodic, Periodic
	}
	if r.IntN(3) == 0 {
		p.Left.Kind, p.Right.Kind = Periodic, Periodic
	}
	n := p.Rows * p.Cols
	fill := func(value func() float64) []float64 {
		if r.IntN(2) == 0 {
			return nil
		}
		all := make([]float64, n)
		for i := range all {
			all[i] = value()
		}
		return all
	}
	p.Source = fill(func() float64 { return r.Float64() - 0.3 })
	p.Conductivity = fill(func() float64 { return float64(r.IntN(6)) * 0.3 })
	p.Reaction = fill(func() float64 { return max(0, r.Float64()-0.9) })
	if r.IntN(2) == 0 {
		p.Held = make([]bool, n)
		for i := range p.Held {
			p.Held[i] = r.IntN(30) == 0
		}
	}
	return p
}

// Any problem is refused, or solved such that heat is balanced at every point.
func TestAnyProblem(t *testing.T) {
	d := openCPU(t, 1)
	solved := 0
	for seed := range uint64(400) {
		r := rand.New(rand.NewPCG(seed, 1))
		p := mixedProblem(r)
		u := make([]float64, p.Rows*p.Cols)
		for i := range u {
			u[i] = 5 * r.Float64()
		}
		given := slices.Clone(u)
		s, err := NewSolver[float64](context.Background(), d, p)
		if errors.Is(err, device.ErrInvalid) && p.check() != nil {
			continue
		}
		if err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		res, err := s.Solve(context.Background(), u, nil, Options{})
		s.Close()
		if errors.Is(err, ErrIncompatible) {
			continue
		}
		if err != nil || res.Cycles > 40 || res.Relative > 1e-10 {
			t.Errorf("seed %d, %d × %d: %+v, %v", seed, p.Rows, p.Cols, res, err)
			continue
		}
		solved++
		pins := map[int]bool{}
		if g, ok := s.method.(*general[float64]); ok {
			for _, part := range g.eqs.parts {
				pins[part.pin] = true
			}
		}
		for at := range u {
			i, j := at/p.Cols, at%p.Cols
			if p.keeps(i, j) {
				if u[at] != given[at] {
					t.Fatalf("seed %d: point %d, %d did not keep its value", seed, i, j)
				}
				continue
			}
			heat, diagonal := p.balance(i, j, u)
			limit := 1.01*res.Residual + 1e-12*(1+math.Abs(u[at]))
			if pins[at] {
				limit *= float64(len(u)) * 100
			}
			if diagonal > 0 && !(math.Abs(heat)/diagonal <= limit) {
				t.Fatalf("seed %d: point %d, %d of %d × %d misses %g, residual %g", seed, i, j, p.Rows, p.Cols, heat/diagonal, res.Residual)
			}
		}
	}
	if solved < 200 {
		t.Errorf("%d problems were solved", solved)
	}
}

// bitCases are problems that use every part of the method.
func bitCases() []*Problem {
	p := (&plateCase{rows: 150, cols: 131, dx: 1, dy: 3, edges: "ncff", transfer: 2, k: checkerboard, held: discs}).problem()
	q := (&plateCase{rows: 97, cols: 121, dx: 1, dy: 1, edges: "pppp"}).problem()
	q.Source[5] += 3
	q.Source[700] -= 3
	return []*Problem{p, q}
}

// Results are the same on all devices, for any number of workers, and wherever the border
// between device and host lies.
func TestGeneralBits(t *testing.T) {
	t.Run("f32", testGeneralBits[float32])
	t.Run("f64", testGeneralBits[float64])
}

func testGeneralBits[T device.Float](t *testing.T) {
	ref, err := reference.Open(context.Background(), device.Options{Kernels: kernels.All()})
	if err != nil {
		t.Fatal(err)
	}
	defer ref.Close()
	for k, p := range bitCases() {
		solve := func(d device.Device, border int) ([]T, Result) {
			s, err := openGeneral[T](context.Background(), d, p, border)
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			u := make([]T, p.Rows*p.Cols)
			for i := range u {
				u[i] = T(i % 9)
			}
			r, err := s.Solve(context.Background(), u, nil, Options{})
			if err != nil {
				t.Fatal(err)
			}
			return u, r
		}
		want, result := solve(ref, hostPoints)
		for _, workers := range []int{1, 2, 3, 7} {
			for _, border := range []int{0, 3000, hostPoints} {
				if border != hostPoints && workers != 3 {
					continue
				}
				got, r := solve(openCPU(t, workers), border)
				if !slices.Equal(got, want) || r != result {
					t.Errorf("problem %d, %d workers, border %d: other bits; %+v, want %+v", k, workers, border, r, result)
				}
			}
		}
	}
}

// A plate that heat cannot leave keeps its mean, part by part.
func TestClosedParts(t *testing.T) {
	t.Run("f32", testClosedParts[float32])
	t.Run("f64", testClosedParts[float64])
}

func testClosedParts[T device.Float](t *testing.T) {
	const rows, cols = 60, 75
	d := openCPU(t, 2)
	insulated := Edge{Kind: Insulated}
	p := &Problem{Rows: rows, Cols: cols, Top: insulated, Bottom: insulated, Left: Edge{Kind: Flux, Flux: 2}, Right: Edge{Kind: Flux, Flux: -2},
		Conductivity: make([]float64, rows*cols)}
	u := make([]T, rows*cols)
	for i := range u {
		p.Conductivity[i] = 1
		u[i] = 300
		if i/cols == 20 { // a row of insulation
			p.Conductivity[i], u[i] = 0, T(math.NaN())
		} else if i/cols > 20 {
			u[i] = 500
		}
	}
	r, err := Solve(context.Background(), d, p, u, Options{})
	if err != nil {
		t.Fatal(err)
	}
	for i, v := range u {
		want := 300.0
		if i/cols > 20 {
			want = 500
		}
		want += 2 * (float64(cols-1)/2 - float64(i%cols))
		if i/cols == 20 {
			if v == v {
				t.Fatalf("insulation has got the value %g", v)
			}
		} else if off := math.Abs(float64(v) - want); !(off <= r.Error) || r.Error > 0.1 {
			t.Fatalf("point %d: %g, want %g; %+v", i, v, want, r)
		}
	}
	p.Right.Flux = -1.99
	if _, err := Solve(context.Background(), d, p, u, Options{}); !errors.Is(err, ErrIncompatible) || !strings.HasSuffix(err.Error(), " around row 0, column 0") {
		t.Errorf("more heat enters than leaves: %v", err)
	}
	p.Left, p.Right = insulated, insulated
	if r, err := Solve(context.Background(), d, p, u, Options{}); err != nil || r.Cycles != 0 || math.Abs(float64(u[0])-300) > 1e-3 {
		t.Errorf("nothing is given: %+v, %v; %g, want 300", r, err, u[0])
	}
}

// A solver serves several sources and guesses; a good guess saves iterations.
func TestGeneralSources(t *testing.T) {
	d := openCPU(t, 2)
	p := (&plateCase{rows: 90, cols: 110, dx: 1, dy: 1, edges: "fncn", transfer: 1}).problem()
	s, err := NewSolver[float64](context.Background(), d, p)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	u := make([]float64, 90*110)
	first, err := s.Solve(context.Background(), u, nil, Options{})
	if err != nil {
		t.Fatal(err)
	}
	again, err := s.Solve(context.Background(), slices.Clone(u), nil, Options{})
	if err != nil || again.Cycles >= first.Cycles {
		t.Errorf("from the solution: %+v, %v", again, err)
	}
	twice, double := make([]float64, len(u)), slices.Clone(p.Source)
	for i := range double {
		double[i] *= 2
	}
	if _, err := s.Solve(context.Background(), twice, double, Options{Tol: 1e-12}); err != nil {
		t.Error(err)
	}
	var calls int
	r, err := s.Solve(context.Background(), make([]float64, len(u)), nil, Options{MaxCycles: 2, Progress: func(cycle int, residual float64) {
		if calls++; cycle != calls {
			t.Errorf("cycle %d in call %d", cycle, calls)
		}
	}})
	if !errors.Is(err, ErrNotConverged) || !r.Resolved || r.Converged || r.Cycles != 2 || calls != 2 {
		t.Errorf("two cycles: %+v, %v, %d calls", r, err, calls)
	}
	r, err = s.Solve(context.Background(), make([]float64, len(u)), nil, Options{Tol: 1e-19})
	if !errors.Is(err, ErrNotConverged) || r.Resolved || r.Converged {
		t.Errorf("tolerance 1e-19: %+v, %v", r, err)
	}
}

// After an end of the context, u holds the state of the last complete cycle.
func TestGeneralCancelled(t *testing.T) {
	d := openCPU(t, 2)
	p := (&plateCase{rows: 90, cols: 110, dx: 1, dy: 1, edges: "fncn", transfer: 1}).problem()
	for _, cycles := range []int{1, 3} {
		ctx, cancel := context.WithCancel(context.Background())
		defer cancel()
		u, want := make([]float64, 90*110), make([]float64, 90*110)
		r, err := Solve(ctx, d, p, u, Options{Progress: func(cycle int, _ float64) {
			if cycle == cycles {
				cancel()
			}
		}})
		stopped, _ := Solve(context.Background(), d, p, want, Options{MaxCycles: cycles})
		if !errors.Is(err, context.Canceled) || r != stopped || !slices.Equal(u, want) {
			t.Errorf("cancelled after %d cycles: %+v, %v; want %+v", cycles, r, err, stopped)
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	u := make([]float64, 90*110)
	u[777] = 4
	if _, err := Solve(ctx, d, p, u, Options{}); !errors.Is(err, context.Canceled) || u[777] != 4 {
		t.Errorf("cancelled before: %v, %g", err, u[777])
	}
}

func TestGeneralInvalid(t *testing.T) {
	d := openCPU(t, 1)
	base := func() *Problem { return &Problem{Rows: 20, Cols: 30, Top: Edge{Kind: Insulated}} }
	for name, change := range map[string]func(p *Problem, u *[]float64, o *Options){
		"rows":                  func(p *Problem, _ *[]float64, _ *Options) { p.Rows = 1 },
		"a small distance":      func(p *Problem, _ *[]float64, _ *Options) { p.Dx, p.Dy = 0x1p-512, 1 },
		"a large distance":      func(p *Problem, _ *[]float64, _ *Options) { p.Dx, p.Dy = 1, 0x1p512 },
		"not a distance":        func(p *Problem, _ *[]float64, _ *Options) { p.Dx, p.Dy = math.NaN(), 1 },
		"one distance":          func(p *Problem, _ *[]float64, _ *Options) { p.Dx = 1 },
		"unequal distances":     func(p *Problem, _ *[]float64, _ *Options) { p.Dx, p.Dy = 1e-9, 1 },
		"one periodic edge":     func(p *Problem, _ *[]float64, _ *Options) { p.Top.Kind = Periodic },
		"a negative transfer":   func(p *Problem, _ *[]float64, _ *Options) { p.Left = Edge{Kind: Convection, Transfer: -1} },
		"a negative reaction":   func(p *Problem, _ *[]float64, _ *Options) { p.Reaction = make([]float64, 600); p.Reaction[8] = -1 },
		"conductivity":          func(p *Problem, _ *[]float64, _ *Options) { p.Conductivity = make([]float64, 599) },
		"no point that changes": func(p *Problem, _ *[]float64, _ *Options) { p.Held = slices.Repeat([]bool{true}, 600) },
		"an infinite source":    func(p *Problem, _ *[]float64, _ *Options) { p.Source = make([]float64, 600); p.Source[0] = math.Inf(1) },
		"too large a source":    func(p *Problem, _ *[]float64, _ *Options) { p.Source = slices.Repeat([]float64{1e308}, 600) },
		"too few values":        func(_ *Problem, u *[]float64, _ *Options) { *u = (*u)[1:] },
		"a guess":               func(_ *Problem, u *[]float64, _ *Options) { (*u)[99] = math.NaN() },
		"a tolerance":           func(_ *Problem, _ *[]float64, o *Options) { o.Tol = -1 },
		"cycles":                func(_ *Problem, _ *[]float64, o *Options) { o.MaxCycles = -1 },
	} {
		p, u, o := base(), make([]float64, 600), Options{}
		change(p, &u, &o)
		if r, err := Solve(context.Background(), d, p, u, o); !errors.Is(err, device.ErrInvalid) {
			t.Errorf("%s: %+v, %v", name, r, err)
		}
	}
	if _, err := Solve(context.Background(), d, base(), slices.Repeat([]float32{1e38}, 600), Options{}); !errors.Is(err, device.ErrInvalid) {
		t.Errorf("too large for float32: %v", err)
	}
}

// The predicted memory is what a solver allocates, also where one direction couples more.
func TestGeneralWork(t *testing.T) {
	d := openCPU(t, 1)
	for _, p := range []*Problem{
		{Rows: 40, Cols: 50, Top: Edge{Kind: Insulated}},
		{Rows: 300, Cols: 521, Top: Edge{Kind: Insulated}},
		{Rows: 3, Cols: 1000, Dx: 1, Dy: 3, Top: Edge{Kind: Periodic}, Bottom: Edge{Kind: Periodic}},
		{Rows: 300, Cols: 521, Dx: 10, Dy: 1, Top: Edge{Kind: Insulated}},
		{Rows: 513, Cols: 301, Dx: 1, Dy: 10, Top: Edge{Kind: Insulated}},
		{Rows: 300, Cols: 521, Dx: 1, Dy: 100, Left: Edge{Kind: Insulated}},
		{Rows: 400, Cols: 400, Dx: 1, Dy: 1.5, Left: Edge{Kind: Insulated}},
		{Rows: 400, Cols: 400, Dx: 2, Dy: 1, Left: Edge{Kind: Periodic}, Right: Edge{Kind: Periodic}},
		{Rows: 400, Cols: 400, Dx: 1000, Dy: 1, Left: Edge{Kind: Periodic}, Right: Edge{Kind: Periodic}},
	} {
		w, err := WorkOf[float64](p)
		if err != nil {
			t.Fatal(err)
		}
		s, err := openGeneral[float64](context.Background(), d, p, hostPoints)
		if err != nil {
			t.Fatal(err)
		}
		var memory int64
		for _, b := range s.buffers {
			memory += int64(b.Len() * b.Type().Size())
		}
		s.Close()
		name := fmt.Sprintf("%d × %d, %g × %g", p.Rows, p.Cols, p.Dx, p.Dy)
		if got := float64(w.Memory) / float64(memory); got < 0.99 || got > 1.02 {
			t.Errorf("%s: %d bytes, predicted %d", name, memory, w.Memory)
		}
		if err := w.Launch.Kernel.Check(w.Launch); err != nil || w.Launch.Rows.Hi != p.Rows || len(w.Kernels) != 6 {
			t.Errorf("%s: %v, %v", name, w, err)
		}
	}
}

// The predicted memory, with that of the host, is what there is at most, but for what waits
// for the garbage collector.
func TestGeneralHostMemory(t *testing.T) {
	t.Run("squares", func(t *testing.T) { testGeneralHostMemory(t, 1) })
	t.Run("oblongs", func(t *testing.T) { testGeneralHostMemory(t, 10) })
}

func testGeneralHostMemory(t *testing.T, dx float64) {
	defer debug.SetGCPercent(debug.SetGCPercent(10))
	const n = 701
	p := &Problem{Rows: n, Cols: n, Dx: dx, Dy: 1, Left: Edge{Kind: Insulated}}
	w, err := WorkOf[float64](p)
	if err != nil {
		t.Fatal(err)
	}
	heap := func() uint64 {
		s := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
		metrics.Read(s)
		return s[0].Value.Uint64()
	}
	d, u := openCPU(t, 1), hotTop[float64](n, n)
	runtime.GC()
	before, most := heap(), uint64(0)
	done, watched := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(watched)
		for {
			most = max(most, heap())
			select {
			case <-done:
				return
			case <-time.After(time.Millisecond):
			}
		}
	}()
	_, err = Solve(context.Background(), d, p, u, Options{})
	close(done)
	<-watched
	used, predicted := float64(most-before), float64(w.Memory+w.Host)
	if err != nil || used > 1.25*predicted || used < predicted/2 {
		t.Errorf("%.0f bytes a point, predicted %.0f, %v", used/(n*n), predicted/(n*n), err)
	}
}

// Conductivities that are too different are refused wherever the small one is.
func TestConductivitiesTooDifferent(t *testing.T) {
	for _, column := range []int{0, 4, 8} {
		p := &Problem{Rows: 9, Cols: 9, Top: Edge{Kind: Insulated}, Bottom: Edge{Kind: Insulated}, Conductivity: make([]float64, 81)}
		for i := range p.Conductivity {
			if p.Conductivity[i] = 1; i%9 == column {
				p.Conductivity[i] = 1e-20
			}
		}
		u := make([]float64, 81)
		u[0] = 1
		if _, err := Solve(context.Background(), openCPU(t, 1), p, u, Options{}); !errors.Is(err, device.ErrInvalid) {
			t.Errorf("column %d: %v", column, err)
		}
	}
}
