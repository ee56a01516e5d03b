package poisson

import (
	"math"
	"math/rand/v2"
	"testing"
)

// The direct solution satisfies the equation of every point.
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
