package poisson

import (
	"context"
	"math"
	"testing"

	"offload/device"
)

// The error of a smooth field falls to a quarter when distances are halved, at every kind
// of edge.
func TestGeneralSecondOrder(t *testing.T) {
	d := openCPU(t, 2)
	const k, width, height = 3.5, 1.0, 1.5
	const transfer, ambient = 6.0, 1.25
	type field struct {
		u, dx, dy, laplacian func(x, y float64) float64
	}
	smooth := field{
		u:         func(x, y float64) float64 { return math.Sin(2.3*x+0.2) * math.Exp(y) },
		dx:        func(x, y float64) float64 { return 2.3 * math.Cos(2.3*x+0.2) * math.Exp(y) },
		dy:        func(x, y float64) float64 { return math.Sin(2.3*x+0.2) * math.Exp(y) },
		laplacian: func(x, y float64) float64 { return (1 - 2.3*2.3) * math.Sin(2.3*x+0.2) * math.Exp(y) },
	}
	ring := field{
		u: func(x, y float64) float64 { return math.Sin(2*math.Pi*x+1) * math.Cos(math.Pi*y/height) },
		laplacian: func(x, y float64) float64 {
			return -(4 + 1/height/height) * math.Pi * math.Pi * math.Sin(2*math.Pi*x+1) * math.Cos(math.Pi*y/height)
		},
	}
	edge := func(kind EdgeKind) Edge {
		if kind == Convection {
			return Edge{Kind: kind, Transfer: transfer, Ambient: ambient}
		}
		return Edge{Kind: kind}
	}
	for _, c := range []struct {
		name                     string
		field                    field
		top, bottom, left, right EdgeKind
		reaction                 float64
	}{
		{"flux all round but at the top", smooth, Fixed, Flux, Flux, Flux, 0},
		{"flux at the top and left", smooth, Flux, Fixed, Flux, Fixed, 0},
		{"convection all round", smooth, Convection, Convection, Convection, Convection, 0},
		{"convection at the left and bottom", smooth, Fixed, Convection, Convection, Insulated, 0},
		{"convection and flux in turn, reaction", smooth, Convection, Convection, Flux, Flux, 2},
		{"reaction, flux all round", smooth, Flux, Flux, Flux, Flux, 2},
		{"periodic columns, insulated rows", ring, Insulated, Insulated, Periodic, Periodic, 0},
		{"periodic columns, reaction", ring, Insulated, Insulated, Periodic, Periodic, 3},
		{"periodic columns, one fixed row", ring, Fixed, Insulated, Periodic, Periodic, 0},
	} {
		before := 0.0
		for _, n := range []int{12, 24, 48} {
			p := &Problem{Rows: n + 1, Cols: n + 1, Dx: width / float64(n), Dy: height / float64(n), K: k,
				Top: edge(c.top), Bottom: edge(c.bottom), Left: edge(c.left), Right: edge(c.right)}
			if c.left == Periodic {
				p.Cols = n
			}
			want, u := make([]float64, p.Rows*p.Cols), make([]float64, p.Rows*p.Cols)
			p.Source = make([]float64, len(u))
			if c.reaction > 0 {
				p.Reaction = make([]float64, len(u))
			}
			var total, all float64
			for i := range p.Rows {
				for j := range p.Cols {
					at, x, y := i*p.Cols+j, float64(j)*p.Dx, float64(i)*p.Dy
					want[at] = c.field.u(x, y)
					p.Source[at] = -k*c.field.laplacian(x, y) + c.reaction*want[at]
					if c.reaction > 0 {
						p.Reaction[at] = c.reaction
					}
					// What enters differs along an edge: what the edge itself does not let in
					// is a source in the cells there.
					flux := func(kind EdgeKind, here bool, outward, distance float64) float64 {
						enters := k * outward
						switch {
						case kind == Fixed || !here:
							return 0
						case kind == Convection:
							enters -= transfer * (ambient - want[at])
						}
						return 2 * enters / distance
					}
					if c.field.dx != nil {
						p.Source[at] += flux(c.left, j == 0, -c.field.dx(x, y), p.Dx) + flux(c.right, j == n, c.field.dx(x, y), p.Dx) +
							flux(c.top, i == 0, -c.field.dy(x, y), p.Dy) + flux(c.bottom, i == n, c.field.dy(x, y), p.Dy)
					}
					area := share(i, p.Rows, false) * share(j, p.Cols, c.left == Periodic)
					total, all = total+want[at]*area, all+area
					if p.keeps(i, j) {
						u[at] = want[at]
					}
				}
			}
			closed := c.left == Periodic && c.top == Insulated && c.reaction == 0
			if closed {
				balanceSource(p)
				for at := range u {
					u[at] = total / all
				}
			}
			r, err := Solve(context.Background(), d, p, u, Options{})
			if err != nil {
				t.Fatalf("%s, %d: %+v, %v", c.name, n, r, err)
			}
			off := 0.0
			for i := range u {
				off = max(off, math.Abs(u[i]-want[i]))
			}
			if ratio := before / off; before != 0 && !(ratio > 3.7 && ratio < 4.3) {
				t.Errorf("%s, %d intervals: error %g, %.3g times less than with half as many, want 4", c.name, n, off, ratio)
			}
			before = off
		}
	}
}

// A wall of two materials between a given flux, or air, and a fixed temperature has
// straight profiles; the middle between two points is the border of the materials.
func TestTwoMaterials(t *testing.T) {
	t.Run("f32", testTwoMaterials[float32])
	t.Run("f64", testTwoMaterials[float64])
}

func testTwoMaterials[T device.Float](t *testing.T) {
	const rows, cols, dx, left, right, cold = 9, 50, 0.01, 0.04, 16.0, 5.0
	for _, c := range []struct {
		name string
		edge Edge
		flux float64
	}{
		{"flux", Edge{Kind: Flux, Flux: 30}, 30},
		{"air", Edge{Kind: Convection, Transfer: 8, Ambient: 60}, (60 - cold) / (1./8 + 24.5*dx/left + 24.5*dx/right)},
	} {
		p := &Problem{Rows: rows, Cols: cols, Dx: dx, Dy: 0.02, Top: Edge{Kind: Insulated}, Bottom: Edge{Kind: Insulated}, Left: c.edge}
		p.Conductivity = make([]float64, rows*cols)
		u := make([]T, rows*cols)
		for i := range u {
			p.Conductivity[i] = left
			if i%cols >= cols/2 {
				p.Conductivity[i] = right
			}
			u[i] = cold
		}
		r, err := Solve(context.Background(), openCPU(t, 2), p, u, Options{})
		if err != nil {
			t.Fatal(err)
		}
		hottest := cold + c.flux*24.5*dx*(1/left+1/right)
		for i, v := range u {
			x := float64(i % cols)
			want := cold + c.flux*dx*(cols-1-x)/right
			if x < cols/2 {
				want = cold + c.flux*dx*(24.5/right+(24.5-x)/left)
			}
			if off := math.Abs(float64(v) - want); off > r.Error+1e-9*hottest && off > 1e-5*hottest || off > r.Error+1e-4*hottest {
				t.Fatalf("%s: column %g has %g, want %g within %g; %+v", c.name, x, v, want, r.Error, r)
			}
		}
	}
}

// A fin that loses heat to the air along its length follows a hyperbolic cosine: the
// discrete one, whose argument grows by acosh(1 + a·dx²/(2k)) from point to point.
func TestFin(t *testing.T) {
	const rows, cols, dx, k, a = 7, 120, 0.005, 40.0, 9e3
	p := &Problem{Rows: rows, Cols: cols, Dx: dx, Dy: 0.004, K: k, Reaction: make([]float64, rows*cols),
		Top: Edge{Kind: Insulated}, Bottom: Edge{Kind: Insulated}, Right: Edge{Kind: Insulated}}
	u := make([]float64, rows*cols)
	for i := range u {
		p.Reaction[i] = a
		if i%cols == 0 {
			u[i] = 80
		}
	}
	r, err := Solve(context.Background(), openCPU(t, 2), p, u, Options{})
	if err != nil || r.Cycles > 10 {
		t.Fatalf("%+v, %v", r, err)
	}
	m := math.Acosh(1 + a*dx*dx/(2*k))
	for i, v := range u {
		want := 80 * math.Cosh(m*float64(cols-1-i%cols)) / math.Cosh(m*(cols-1))
		if math.Abs(v-want) > r.Error+1e-10 {
			t.Fatalf("point %d: %g, want %g within %g", i, v, want, r.Error)
		}
	}
}
