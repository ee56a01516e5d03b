package poisson

import (
	"context"
	"math"
	"testing"
)

// hash returns a number in [0, 1) for a place.
func hash(a, b int, seed uint64) float64 {
	z := uint64(a)*0x9E3779B97F4A7C15 + uint64(b)*0xC2B2AE3D27D4EB4F + seed*0x165667B19E3779F9
	z = (z ^ z>>29) * 0xBF58476D1CE4E5B9
	z = (z ^ z>>29) * 0x94D049BB133111EB
	return float64((z^z>>29)>>11) * 0x1p-53
}

// plateCase is a problem with a smooth source.
type plateCase struct {
	name       string
	rows, cols int
	dx, dy     float64
	edges      string // kinds of the top, bottom, left and right edge: f, n, p, or c for convection
	transfer   float64
	k          func(p *plateCase, x, y int) float64
	held       func(p *plateCase, x, y int) bool
	limit      int // of iterations
}

// checkerboard has fields of 64 points.
func checkerboard(_ *plateCase, x, y int) float64 {
	if (x/64+y/64)%2 == 1 {
		return 1000
	}
	return 1
}

func (c *plateCase) problem() *Problem {
	p := &Problem{Rows: c.rows, Cols: c.cols, Dx: c.dx, Dy: c.dy}
	for i, e := range []*Edge{&p.Top, &p.Bottom, &p.Left, &p.Right} {
		switch c.edges[i] {
		case 'n':
			e.Kind = Insulated
		case 'p':
			e.Kind = Periodic
		case 'c':
			*e = Edge{Kind: Convection, Transfer: c.transfer, Ambient: 10}
		}
	}
	if c.k != nil {
		p.Conductivity = make([]float64, c.rows*c.cols)
	}
	if c.held != nil {
		p.Held = make([]bool, c.rows*c.cols)
	}
	p.Source = make([]float64, c.rows*c.cols)
	for i := range p.Source {
		x, y := i%c.cols, i/c.cols
		if c.k != nil {
			p.Conductivity[i] = c.k(c, x, y)
		}
		if c.held != nil {
			p.Held[i] = c.held(c, x, y)
		}
		p.Source[i] = math.Sin(3*float64(x)/float64(c.cols)) + math.Cos(5*float64(y)/float64(c.rows))
	}
	if c.edges == "nnnn" || c.edges == "pppp" {
		balanceSource(p)
	}
	return p
}

// balanceSource takes the mean off the source of each point that conducts.
func balanceSource(p *Problem) {
	a, err := assemble(context.Background(), 1, p)
	if err != nil {
		panic(err)
	}
	for _, part := range a.parts {
		m := mean(a.area, part.points, func(at int) float64 { return p.Source[at] })
		for _, at := range part.points {
			p.Source[at] -= m
		}
	}
}

// discs reports whether a point lies in one of many discs.
func discs(_ *plateCase, x, y int) bool {
	a, b := x%61-30, y%47-23
	return a*a+b*b < 64
}

// plateCases are the sizes, edges and materials that coarse grids find difficult.
var plateCases = []plateCase{
	{name: "fixed 258", rows: 258, cols: 258, dx: 1, dy: 1, edges: "ffff", limit: 8},
	{name: "fixed 150x211", rows: 150, cols: 211, dx: 1, dy: 1, edges: "ffff", limit: 8},
	{name: "fixed 5x2049", rows: 5, cols: 2049, dx: 1, dy: 1, edges: "ffff", limit: 8},
	{name: "2:1", rows: 129, cols: 129, dx: 2, dy: 1, edges: "ffff", limit: 9},
	{name: "10:1", rows: 129, cols: 129, dx: 10, dy: 1, edges: "ffff", limit: 9},
	{name: "convection 1", rows: 129, cols: 130, dx: 1. / 128, dy: 1. / 128, edges: "cccc", transfer: 1, limit: 9},
	{name: "convection 1e4", rows: 130, cols: 130, dx: 1. / 128, dy: 1. / 128, edges: "cccc", transfer: 1e4, limit: 9},
	{name: "insulated", rows: 150, cols: 200, dx: 1, dy: 1, edges: "nnnn", limit: 10},
	{name: "periodic both odd", rows: 129, cols: 127, dx: 1, dy: 1, edges: "pppp", limit: 12},
	{name: "periodic cols", rows: 129, cols: 129, dx: 1, dy: 1, edges: "ffpp", limit: 11},
	{name: "periodic rows", rows: 129, cols: 129, dx: 1, dy: 1, edges: "ppnf", limit: 11},
	{name: "checker f", rows: 257, cols: 257, dx: 1, dy: 1, edges: "ffff", k: checkerboard, limit: 13},
	{name: "checker n", rows: 250, cols: 375, dx: 1, dy: 1, edges: "nnnn", k: checkerboard, limit: 14},
	{name: "sheet h", rows: 257, cols: 257, dx: 1, dy: 1, edges: "nfnn", k: func(p *plateCase, x, y int) float64 {
		if y == p.rows/2 || y == p.rows/2+1 {
			return 1e-3
		}
		return 1
	}, limit: 10},
	{name: "ring", rows: 300, cols: 300, dx: 1, dy: 1, edges: "nfnn", k: func(p *plateCase, x, y int) float64 {
		a, b := float64(x)/300-.5, float64(y)/300-.5
		if math.Abs(math.Sqrt(a*a+b*b)-.3) < 1./300 {
			return 1e-3
		}
		return 1
	}, limit: 12},
	{name: "45°", rows: 300, cols: 300, dx: 1, dy: 1, edges: "ffff", k: func(p *plateCase, x, y int) float64 {
		if (x+y)%97 < 2 {
			return 1e-3
		}
		return 1
	}, limit: 13},
	{name: "random blocks", rows: 300, cols: 450, dx: 1, dy: 1, edges: "ffff", k: func(p *plateCase, x, y int) float64 { return math.Pow(10, 3*hash(x/13, y/9, 7)) }, limit: 15},
	{name: "random points", rows: 129, cols: 129, dx: 1, dy: 1, edges: "ffff", k: func(p *plateCase, x, y int) float64 { return math.Pow(10, 3*hash(x, y, 3)) }, limit: 28},
	{name: "held discs", rows: 257, cols: 257, dx: 1, dy: 1, edges: "ffff", held: discs, limit: 12},
	{name: "held 1%", rows: 200, cols: 200, dx: 1, dy: 1, edges: "nnnn", held: func(p *plateCase, x, y int) bool { return hash(x, y, 11) < .01 }, limit: 12},
	{name: "held line", rows: 257, cols: 257, dx: 1, dy: 1, edges: "nnnn", held: func(p *plateCase, x, y int) bool { return x == p.cols/2 && y > p.rows/5 && y < p.rows*4/5 }, limit: 12},
	{name: "insulating discs", rows: 300, cols: 300, dx: 1, dy: 1, edges: "ffff", k: func(p *plateCase, x, y int) float64 {
		if discs(p, x, y) {
			return 0
		}
		return 1
	}, limit: 12},
	{name: "checker insulating discs n", rows: 201, cols: 202, dx: 1, dy: 1, edges: "nnnn", k: func(p *plateCase, x, y int) float64 {
		if discs(p, x, y) {
			return 0
		}
		return checkerboard(p, x, y)
	}, limit: 15},
	{name: "10:1 checker", rows: 211, cols: 300, dx: 10, dy: 1, edges: "ffff", k: checkerboard, limit: 10},
	{name: "10:1 blocks", rows: 211, cols: 300, dx: 1, dy: 10, edges: "ncnn", transfer: 100, k: func(p *plateCase, x, y int) float64 { return math.Pow(10, 3*hash(x/13, y/9, 7)) }, limit: 15},
}

// Few iterations suffice for any size, edge and material, and no error exceeds its estimate.
func TestGeneralIterations(t *testing.T) {
	d := openCPU(t, 2)
	for _, c := range plateCases {
		p := c.problem()
		u := make([]float64, c.rows*c.cols)
		r, err := Solve(context.Background(), d, p, u, Options{})
		t.Logf("%-28s %d iterations, factor %.3f", c.name, r.Cycles, r.Factor)
		if err != nil || r.Cycles > c.limit {
			t.Errorf("%s: %+v, %v", c.name, r, err)
		}
		if len(u) > 45000 {
			continue
		}
		exact, single := make([]float64, len(u)), make([]float32, len(u))
		if _, err := Solve(context.Background(), d, p, exact, Options{Tol: 1e-13}); err != nil {
			t.Errorf("%s, tolerance 1e-13: %v", c.name, err)
		}
		r32, err := Solve(context.Background(), d, p, single, Options{})
		if err != nil || r32.Cycles > c.limit {
			t.Errorf("%s, f32: %+v, %v", c.name, r32, err)
		}
		for i, want := range exact {
			if off := math.Abs(u[i] - want); off > r.Error {
				t.Fatalf("%s: off by %g, estimate %g", c.name, off, r.Error)
			}
			if off := math.Abs(float64(single[i]) - want); off > r32.Error {
				t.Fatalf("%s, f32: off by %g, estimate %g", c.name, off, r32.Error)
			}
		}
	}
}
