package poisson

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"offload/cpu"
	"offload/device"
	"offload/device/hybrid"
	"offload/device/reference"
)

// openCPU returns a device with that many workers.
func openCPU(t testing.TB, workers int) device.Device {
	t.Helper()
	d, err := cpu.Open(context.Background(), device.Options{Workers: workers})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	return d
}

// hotTop returns a cold plate with an upper edge of 100 degrees.
func hotTop[T device.Float](rows, cols int) []T {
	u := make([]T, rows*cols)
	for j := range cols {
		u[j] = 100
	}
	return u
}

// roughEdges returns a plate with random edges of both signs.
func roughEdges[T device.Float](rows, cols int) []T {
	r := rand.New(rand.NewPCG(uint64(rows), uint64(cols)))
	u := make([]T, rows*cols)
	for i := range u {
		if row, col := i/cols, i%cols; row == 0 || row == rows-1 || col == 0 || col == cols-1 {
			u[i] = T(r.Float64()) - 0.5
		}
	}
	return u
}

// largestResidual returns the largest change that would satisfy the equation of a point.
func largestResidual[T device.Float](p *Problem, u []T) float64 {
	dx, dy := p.spacing()
	x, y := dx*dx, dy*dy
	largest, w := 0.0, p.Cols
	for i := 1; i < p.Rows-1; i++ {
		for j := 1; j < w-1; j++ {
			at := func(k int) float64 { return float64(u[k]) }
			k := i*w + j
			v := (x*(at(k-w)+at(k+w)) + y*(at(k-1)+at(k+1))) / (2 * (x + y))
			if p.Source != nil {
				v += p.Source[k] / p.conductivity() * x * y / (2 * (x + y))
			}
			largest = max(largest, math.Abs(v-at(k)))
		}
	}
	return largest
}

func TestPlainHierarchy(t *testing.T) {
	fixed := func(rows, cols int) *Problem { return &Problem{Rows: rows, Cols: cols} }
	for _, c := range []struct {
		name string
		p    *Problem
		want string
	}{
		{"a power of two", fixed(9, 9), "[{2 2} {4 4} {8 8}]"},
		{"the smallest", fixed(5, 5), "[{2 2} {4 4}]"},
		{"too small", fixed(3, 3), "[]"},
		{"three times a power of two", fixed(13, 13), "[{3 3} {6 6} {12 12}]"},
		{"oblong", fixed(11, 81), "[{5 40} {10 80}]"},
		{"narrow", fixed(5, 129), "[{2 64} {4 128}]"},
		{"odd", fixed(10, 9), "[]"},
		{"coarsest grid too wide", fixed(2*67+1, 2*67+1), "[]"},
		{"coarsest grid too long", fixed(2*63+1, 2*501+1), "[]"},
		{"as unequal as possible", &Problem{Rows: 5, Cols: 5, Dx: 4, Dy: 3}, "[{2 2} {4 4}]"},
		{"too unequal", &Problem{Rows: 5, Cols: 5, Dx: 1, Dy: 1.4}, "[]"},
		{"an insulated edge", &Problem{Rows: 5, Cols: 5, Left: Edge{Kind: Insulated}}, "[]"},
		{"materials", &Problem{Rows: 5, Cols: 5, Conductivity: make([]float64, 25)}, "[]"},
		{"held points", &Problem{Rows: 5, Cols: 5, Held: make([]bool, 25)}, "[]"},
		{"a reaction", &Problem{Rows: 5, Cols: 5, Reaction: make([]float64, 25)}, "[]"},
	} {
		if got := fmt.Sprint(plainHierarchy(c.p)); got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
}

// The centre of a square plate with one hot edge has a quarter of its temperature.
func TestHotEdge(t *testing.T) {
	d := openCPU(t, 2)
	u := hotTop[float64](257, 257)
	r, err := Solve(context.Background(), d, &Problem{Rows: 257, Cols: 257}, u, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if centre := u[128*257+128]; math.Abs(centre-25) > 1e-10 {
		t.Errorf("centre %.15g, want 25", centre)
	}
	if !r.Converged || !r.Resolved || r.Cycles > 5 || r.Factor > 0.06 {
		t.Errorf("%+v; want convergence within 5 cycles of a factor of at most 0.06", r)
	}
	single := hotTop[float32](257, 257)
	r, err = Solve(context.Background(), d, &Problem{Rows: 257, Cols: 257}, single, Options{})
	if centre := float64(single[128*257+128]); err != nil || math.Abs(centre-25) > r.Error || r.Error > 0.01 {
		t.Errorf("f32: centre %g, %+v, %v", centre, r, err)
	}
}

// Any grid that halves to a small one is solved in a few cycles, to the tolerance at every
// point and the estimated error.
func TestPlainSizes(t *testing.T) {
	t.Run("f32", testPlainSizes[float32])
	t.Run("f64", testPlainSizes[float64])
}

func testPlainSizes[T device.Float](t *testing.T) {
	d := openCPU(t, 2)
	for _, c := range []struct {
		n, m   int
		dx, dy float64
	}{
		{4, 4, 1, 1}, {8, 8, 1, 1}, {64, 64, 1, 1}, {512, 512, 1, 1},
		{96, 96, 1, 1}, {80, 80, 0.01, 0.01}, {6, 6, 1, 1}, {10, 10, 1, 1}, {126, 126, 1, 1},
		{16, 128, 1, 1}, {160, 96, 1, 1}, {4, 128, 1, 1}, {128, 4, 1, 1}, {40, 320, 1, 1},
		{128, 128, 1.25, 1}, {64, 192, 1, 1.25}, {96, 96, 3, 4},
	} {
		rows, cols := c.n+1, c.m+1
		p := &Problem{Rows: rows, Cols: cols, Dx: c.dx, Dy: c.dy}
		u, exact := roughEdges[T](rows, cols), roughEdges[float64](rows, cols)
		for i, v := range u {
			exact[i] = float64(v)
		}
		if _, err := Solve(context.Background(), d, p, exact, Options{Tol: 1e-14}); err != nil {
			t.Errorf("%+v, tolerance 1e-14: %v", c, err)
		}
		r, err := Solve(context.Background(), d, p, u, Options{})
		if err != nil || !r.Converged || r.Cycles > 9 || r.Factor > 0.12 {
			t.Errorf("%+v: %+v, %v", c, r, err)
		}
		if all := largestResidual(p, u); all > 0.5*1e-10 && all > 0.5*0x1p-20 || r.Relative > plainTol[T]() {
			t.Errorf("%+v: residual %g, %+v", c, all, r)
		}
		off := 0.0
		for i, v := range u {
			off = max(off, math.Abs(float64(v)-exact[i]))
		}
		if off > r.Error {
			t.Errorf("%+v: off by %g, estimate %g", c, off, r.Error)
		}
	}
}

// The discretisation is of second order: half the distance, a quarter of the error.
func TestSecondOrder(t *testing.T) {
	d := openCPU(t, 2)
	const k = 3.5
	field := func(x, y float64) float64 { return math.Sin(2.3*x+0.2)*math.Exp(y) + x*x*x }
	source := func(x, y float64) float64 { return -k * ((1-2.3*2.3)*math.Sin(2.3*x+0.2)*math.Exp(y) + 6*x) }
	var before float64
	for _, n := range []int{16, 32, 64, 128} {
		p := &Problem{Rows: n + 1, Cols: 2*n + 1, Dx: 1 / float64(n), Dy: 1.2 / float64(n), K: k}
		u, want := make([]float64, p.Rows*p.Cols), make([]float64, p.Rows*p.Cols)
		p.Source = make([]float64, len(u))
		for i := range p.Rows {
			for j := range p.Cols {
				at, x, y := i*p.Cols+j, float64(j)*p.Dx, float64(i)*p.Dy
				want[at], p.Source[at] = field(x, y), source(x, y)
				if i == 0 || i == n || j == 0 || j == 2*n {
					u[at] = want[at]
				}
			}
		}
		r, err := Solve(context.Background(), d, p, u, Options{})
		if err != nil || r.Relative > 1e-10 || largestResidual(p, u) > 1.01*r.Residual+1e-14 {
			t.Fatalf("%d: %+v, %v, residual %g", n, r, err, largestResidual(p, u))
		}
		off := 0.0
		for i := range u {
			off = max(off, math.Abs(u[i]-want[i]))
		}
		if ratio := before / off; before != 0 && !(ratio > 3.8 && ratio < 4.2) {
			t.Errorf("%d intervals: error %g, %.3g times less than with half as many, want 4", n, off, ratio)
		}
		before = off
	}
}

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

// A linear field and a plate of zeros are solutions at once.
func TestPlainTrivial(t *testing.T) {
	d := openCPU(t, 1)
	p := &Problem{Rows: 65, Cols: 33, Dx: 2, Dy: 2}
	u := make([]float64, 65*33)
	u[17*33+5] = math.NaN() // not read
	r, err := Solve(context.Background(), d, p, u, Options{})
	if err != nil || !r.Converged || r.Cycles != 0 || slices.ContainsFunc(u, func(v float64) bool { return v != 0 }) {
		t.Errorf("zeros: %+v, %v", r, err)
	}
	for i := range u {
		u[i] = float64(i/33) - 2*float64(i%33)
	}
	want := slices.Clone(u)
	if r, err = Solve(context.Background(), d, p, u, Options{}); err != nil || r.Cycles != 1 || r.Factor != 0 {
		t.Errorf("a plane: %+v, %v", r, err)
	}
	for i := range u {
		if math.Abs(u[i]-want[i]) > 1e-12 {
			t.Fatalf("a plane: value %d is %g, want %g", i, u[i], want[i])
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
	if err := s.prepare(false); err != nil {
		t.Fatal(err)
	}
	norms := device.As[float64](s.finest().norms.host)
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
			if _, err := s.iterate(context.Background(), u, scaling{1, 1}, Options{Tol: tol, MaxCycles: 100}); err != nil {
				t.Fatal(err)
			}
		})
	}
	if few, many := allocations(0.5), allocations(1e-20); few != many {
		t.Errorf("%v allocations with few cycles, %v with many", few, many)
	}
}

func TestDirect(t *testing.T) {
	for _, c := range []struct{ n, m int }{{2, 2}, {3, 3}, {2, 9}, {9, 2}, {5, 8}, {8, 5}, {31, 17}} {
		d := newDirect(c.n, c.m, 0.3, 0.2)
		r := rand.New(rand.NewPCG(1, 2))
		half, width := c.m/2+2, c.m+3
		f, edges := make([]float64, 2*(c.n+1)*half), make([]float64, 2*(c.n+c.m+2))
		for i := range f {
			f[i] = r.Float64()
		}
		for i := range edges {
			edges[i] = r.Float64()
		}
		u := make([]float64, (c.n+1)*width)
		solveDirect(d, f, half, edges, u, width)
		for i := 1; i < c.n; i++ {
			for j := 1; j < c.m; j++ {
				k := i*width + j
				want := 0.2*(u[k-width]+u[k+width]) + 0.3*(u[k-1]+u[k+1]) + f[(2*i+(i+j)&1)*half+j/2]
				if math.Abs(u[k]-want) > 1e-13 {
					t.Errorf("%d × %d: point %d, %d is %g, want %g", c.n, c.m, i, j, u[k], want)
				}
			}
		}
	}
}
