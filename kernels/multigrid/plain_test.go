package multigrid

import (
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"testing"

	"offload/device"
	"offload/device/check"
	"offload/device/reference"
)

// Launches of a few rows each give the bits of one launch of all rows.
func TestRowsInPieces(t *testing.T) {
	for _, k := range Plain() {
		for _, n := range []int{2, 8, 30} {
			for _, whole := range k.Examples(n) {
				pieces := whole.Clone()
				if err := whole.Contract(); err != nil {
					t.Fatal(err)
				}
				for lo, size := whole.Rows.Lo, 1; lo < whole.Rows.Hi; lo, size = lo+size, size%3+1 {
					part := *pieces
					part.Rows = device.Range{Lo: lo, Hi: min(lo+size, whole.Rows.Hi)}
					if err := part.Contract(); err != nil {
						t.Fatal(err)
					}
				}
				for i, p := range k.Params {
					if p.Access.Writes() && string(whole.Args[i].Data.Bytes()) != string(pieces.Args[i].Data.Bytes()) {
						t.Errorf("%s (%s): %s depends on the tiles", k.Name, whole.Label, p.Name)
					}
				}
			}
		}
	}
}

// Launches read the rows that they declare, and no others.
func TestPlainHalos(t *testing.T) {
	d, err := reference.Open(context.Background(), device.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	for _, k := range Plain() {
		for _, n := range []int{4, 8, 40} {
			for _, c := range k.Examples(n) {
				for lo := c.Rows.Lo; lo < c.Rows.Hi; lo++ {
					part := c.Clone()
					part.Rows = device.Range{Lo: lo, Hi: min(lo+1+lo%3, c.Rows.Hi)}
					if err := part.Run(context.Background(), check.Debug(d)); err != nil {
						t.Errorf("%s (%s): %v", k.Name, c.Label, err)
					}
				}
			}
		}
	}
}

// Outputs have zeros behind the last points of rows and behind the last row, and coarse
// sides on their edges, too.
func TestPaddingIsZero(t *testing.T) {
	for _, k := range Plain() {
		for _, c := range k.Examples(20) {
			if err := c.Contract(); err != nil {
				t.Fatal(err)
			}
			l, err := c.Shape()
			if err != nil {
				t.Fatal(err)
			}
			n, m, _ := plainScalars(l, len(k.Params)-5)
			for i, p := range k.Params {
				if !p.Access.Writes() || p.Name == "norms" {
					continue
				}
				w := c.Args[i].Width
				for e, v := range numbers(c.Args[i].Data) {
					if I, e := e/w, e%w; I >= c.Rows.Lo && I < c.Rows.Hi && v != 0 && !isPoint(k, p.Name, n, m, I, e, w/2) {
						t.Errorf("%s (%s): element %d of row %d of %s is %g", k.Name, c.Label, e, I, p.Name, v)
					}
				}
			}
		}
	}
}

// isPoint reports whether element e of row I of an output, whose rows have two parts of
// width elements, belongs to a point that may differ from 0.
func isPoint(k *device.Kernel, output string, n, m, I, e, width int) bool {
	part, t := e/width, e%width
	i := 2*I + part
	switch {
	case output == "coarse":
		j := 2*t + (I+part)&1
		return I > 0 && I < n/2 && j > 0 && j < m/2
	case k == finish32 || k == finish64:
		return i <= n && t <= m
	}
	return i <= n && 2*t+1-i&1 <= m
}

func numbers(s device.Slice) []float64 {
	if s.Type() == device.Float64 {
		return device.As[float64](s)
	}
	var all []float64
	for _, v := range device.As[float32](s) {
		all = append(all, float64(v))
	}
	return all
}

// A V-cycle reduces the residual by a factor that hardly depends on the size.
func TestCycleReducesResidual(t *testing.T) {
	for _, c := range []struct {
		n, m   int
		dx, dy float64
		factor float64
	}{
		{64, 64, 1, 1, 0.06},
		{256, 256, 1, 1, 0.06},
		{32, 128, 1, 1, 0.06},
		{96, 160, 1, 1, 0.06},
		{128, 128, 1.25, 1, 0.09},
		{128, 128, 1, 1.33, 0.12},
	} {
		x, y := c.dx*c.dx, c.dy*c.dy
		g := Grid[float64]{N: c.n, M: c.m, Cx: y / (2 * (x + y)), Cy: x / (2 * (x + y))}
		if got := cycleFactor(t, g); got > c.factor {
			t.Errorf("%d × %d intervals of %g × %g: factor %.3f, want at most %g", c.n, c.m, c.dx, c.dy, got, c.factor)
		}
	}
}

// cycleFactor returns the geometric mean of the ratios of residuals of cycles on g for a
// random field between hot edges.
func cycleFactor(t *testing.T, g Grid[float64]) float64 {
	const cycles = 8
	rows, half := g.Rows(), HalfWidth(g.M)
	r := rand.New(rand.NewPCG(1, 2))
	guess, edges := random[float64](r, rows*half, false), random[float64](r, g.Edges(), false)
	var state [2][]float64
	state[0], state[1] = make([]float64, 2*rows*half), make([]float64, 2*rows*half)
	side, norms := make([]float64, 4*rows), make([]float64, NormsWidth*rows)
	coarseHalf := HalfWidth(g.M / 2)
	coarse := make([]float32, 2*rows*coarseHalf)
	g.Flags = HasEdges
	run(t, NewStart(g, matrix(guess, half), matrix(side, 4), matrix(edges, 1), matrix(state[0], 2*half), matrix(coarse, 2*coarseHalf), matrix(norms, 2)),
		device.Of(guess), device.Of(side), device.Of(edges), device.Of(state[0]), device.Of(coarse), device.Of(norms))
	first, _ := LargestNorms(norms)
	for k := range cycles {
		c := correction(t, g.N/2, g.M/2, float32(g.Cx), float32(g.Cy), coarse)
		in, out := state[k%2], state[(k+1)%2]
		run(t, NewCycle(g, matrix(in, 2*half), matrix(c, half), matrix(side, 4), matrix(edges, 1), matrix(out, 2*half), matrix(coarse, 2*coarseHalf), matrix(norms, 2)),
			device.Of(in), device.Of(c), device.Of(side), device.Of(edges), device.Of(out), device.Of(coarse), device.Of(norms))
	}
	last, _ := LargestNorms(norms)
	return math.Pow(last/first, 1./cycles)
}

// correction solves for a correction of n × m intervals by one V-cycle, or by many sweeps
// if n or m is odd or 2.
func correction(t *testing.T, n, m int, cx, cy float32, side []float32) []float32 {
	if n%2 != 0 || m%2 != 0 || n == 2 || m == 2 {
		return swept(n, m, cx, cy, side)
	}
	g := Grid[float32]{N: n, M: m, Cx: cx, Cy: cy, Flags: HasSource | FromZero}
	rows, half, coarseHalf := g.Rows(), HalfWidth(m), HalfWidth(m/2)
	side = append(side, make([]float32, 2*half)...) // the padding row
	none, norms := make([]float32, rows), make([]float32, NormsWidth*rows)
	state, coarse, out := make([]float32, 2*rows*half), make([]float32, 2*rows*coarseHalf), make([]float32, 2*rows*(m/2+1)*2)
	width := len(out) / rows
	run(t, NewStart(g, matrix(none, 1), matrix(side, 4*half), matrix(none, 1), matrix(state, 2*half), matrix(coarse, 2*coarseHalf), matrix(norms, 2)),
		device.Of(none), device.Of(side), device.Of(none), device.Of(state), device.Of(coarse), device.Of(norms))
	c := correction(t, n/2, m/2, cx, cy, coarse)
	run(t, NewFinish(g, matrix(state, 2*half), matrix(c, half), matrix(side, 4*half), matrix(none, 1), matrix(out, width), matrix(norms, 2)),
		device.Of(state), device.Of(c), device.Of(side), device.Of(none), device.Of(out), device.Of(norms))
	packed := make([]float32, 0, (n+1)*(m+1))
	for i := range n + 1 {
		packed = append(packed, out[i*width/2:][:m+1]...)
	}
	return packed
}

// swept solves by lexicographic sweeps.
func swept(n, m int, cx, cy float32, side []float32) []float32 {
	u, w, half := make([]float32, (n+1)*(m+1)), m+1, HalfWidth(m)
	for range 20 * max(n, m) {
		for i := 1; i < n; i++ {
			for j := 1; j < m; j++ {
				u[i*w+j] = cy*(u[(i-1)*w+j]+u[(i+1)*w+j]) + cx*(u[i*w+j-1]+u[i*w+j+1]) + side[(2*i+(i+j)&1)*half+j/2]
			}
		}
	}
	return u
}

func matrix[T device.Float](s []T, width int) device.Arg {
	return device.Arg{Len: len(s), Width: width}
}

func run(t *testing.T, l *device.Launch, data ...device.Slice) {
	t.Helper()
	s, err := NewSerial(l, new(Scratch), data...)
	if err == nil {
		err = s.Run(context.Background())
	}
	if err != nil {
		t.Fatal(err)
	}
}

func TestPlainRefuses(t *testing.T) {
	for _, k := range Plain() {
		first := len(k.Params) - 5
		scalar := func(i int, v device.HostArg) func(c *device.Call) {
			return func(c *device.Call) { c.Args[first+i] = v }
		}
		weight := func(v float64) device.HostArg {
			if k.Params[first+3].Type == device.Float32 {
				return device.HostVal(float32(v))
			}
			return device.HostVal(v)
		}
		for name, spoil := range map[string]func(c *device.Call){
			"an odd number of rows":    scalar(0, device.HostVal(int32(7))),
			"an odd number of columns": scalar(1, device.HostVal(int32(7))),
			"no intervals":             scalar(0, device.HostVal(int32(0))),
			"negative intervals":       scalar(1, device.HostVal(int32(-8))),
			"more columns than fit":    scalar(1, device.HostVal(int32(80))),
			"fewer rows than launched": scalar(0, device.HostVal(int32(6))),
			"an unknown flag":          scalar(2, device.HostVal(int32(8))),
			"weights above one":        scalar(3, weight(0.3)),
			"a NaN weight":             scalar(4, weight(math.NaN())),
			"unequal weights": func(c *device.Call) {
				c.Args[first+3], c.Args[first+4] = weight(0.4), weight(0.1)
			},
			"too few values on the edges": func(c *device.Call) {
				for i, p := range k.Params {
					if p.Name == "edges" {
						c.Args[i].Data = c.Args[i].Data.Sub(0, 35)
					}
				}
			},
			"norms of another width": func(c *device.Call) {
				for i, p := range k.Params {
					if p.Name == "norms" {
						c.Args[i].Width = 1
					}
				}
			},
		} {
			c := k.Examples(8)[0] // 8 × 8 intervals with edges
			spoil(c)
			if err := c.Contract(); !errors.Is(err, device.ErrInvalid) {
				t.Errorf("%s, %s: %v, want ErrInvalid", k.Name, name, err)
			}
		}
	}
}

// Serial does not need the matrices that the flags exclude, and refuses memory that is too
// small.
func TestSerialRefuses(t *testing.T) {
	g := Grid[float32]{N: 8, M: 8, Cx: 0.25, Cy: 0.25}
	small, state := make([]float32, 4), make([]float32, 50)
	_, err := NewSerial(NewFinish(g, matrix(state, 10), matrix(state[:25], 5), matrix(small, 4), matrix(small, 1), matrix(state, 18), matrix(state[:10], 2)), new(Scratch),
		device.Of(state), device.Of(state), device.Of(small), device.Of(small), device.Of(state), device.Of(state))
	if !errors.Is(err, device.ErrInvalid) {
		t.Errorf("too few rows: %v, want ErrInvalid", err)
	}
	if _, err := NewSerial(NewStart(g, device.Arg{}, device.Arg{}, device.Arg{}, device.Arg{}, device.Arg{}, device.Arg{}), new(Scratch)); !errors.Is(err, device.ErrInvalid) {
		t.Errorf("no memory: %v, want ErrInvalid", err)
	}
}
