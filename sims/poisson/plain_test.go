package poisson

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"offload/cpu"
	"offload/device"
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
		if all := largestResidual(p, u); all > 0.5*1e-10 && all > 0.5*0x1p-20 || r.Relative > DefaultTol[T]() {
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

// Right sides of coarse levels are those of the finest one at the same points, times the
// square of the distance in its intervals.
func TestCoarseSides(t *testing.T) {
	d := openCPU(t, 1)
	p := &Problem{Rows: 25, Cols: 41, K: 2, Source: make([]float64, 25*41)}
	for i := range p.Source {
		p.Source[i] = float64(i + 1)
	}
	for _, border := range []int{0, 1 << 16} {
		s, err := openPlain[float64](context.Background(), d, p, border)
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		if err := s.prepare(true); err != nil {
			t.Fatal(err)
		}
		if err := s.load(context.Background(), make([]float64, 25*41), nil, 0.5); err != nil {
			t.Fatal(err)
		}
		for k, l := range s.levels {
			f, every := make([]float64, l.side.len), 1<<(len(s.levels)-1-k)
			if l.onDevice {
				err = l.side.buffer.Read(context.Background(), 0, device.Of(f))
			} else {
				copy(f, device.As[float64](l.side.host))
			}
			if err != nil {
				t.Fatal(err)
			}
			points := 0
			for i := 1; i < l.n; i++ {
				for j := 1; j < l.m; j++ {
					got := f[(2*i+(i+j)&1)*l.half+j/2]
					if want := p.Source[(i*41+j)*every] / 16 * float64(every*every); got != want {
						t.Errorf("%d × %d: point %d, %d is %g, want %g", l.n, l.m, i, j, got, want)
					}
					if got != 0 {
						points++
					}
				}
			}
			for _, v := range f {
				if v != 0 {
					points--
				}
			}
			if points != 0 {
				t.Errorf("%d × %d: %d values are not inside", l.n, l.m, -points)
			}
		}
	}
}
