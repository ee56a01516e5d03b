package solar

import (
	"context"
	"fmt"
	"math"
)

// newton is direct summation over pairs, on the calling goroutine.
type newton struct{ gm []float64 }

// Newton returns the serial Field of point masses gm (au³/day²):
//
//	a[i] = Σ_{j≠i} gm[j]·(x[j]-x[i]) / |x[j]-x[i]|³
//
// Each pair's distance is computed once. Pairs are added in the order (0,1), (0,2) … (1,2) …, so the result is the
// same on every processor.
func Newton(gm []float64) Field { return &newton{gm: append([]float64(nil), gm...)} }

func (f *newton) Accelerate(_ context.Context, x, a []float64) error {
	n := len(f.gm)
	if len(x) != 3*n || len(a) != 3*n {
		return fmt.Errorf("%w: %d positions and %d accelerations for %d bodies", ErrInput, len(x), len(a), n)
	}
	clear(a)
	for i := range n {
		f.pairs(i, x, a)
	}
	return nil
}

// pairs adds the pull between body i and every later one.
func (f *newton) pairs(i int, x, a []float64) {
	gi := f.gm[i]
	xi, yi, zi := x[3*i], x[3*i+1], x[3*i+2]
	ax, ay, az := a[3*i], a[3*i+1], a[3*i+2]
	for j := i + 1; j < len(f.gm); j++ {
		xj, aj := x[3*j:3*j+3:3*j+3], a[3*j:3*j+3:3*j+3]
		dx, dy, dz := xj[0]-xi, xj[1]-yi, xj[2]-zi
		r2 := float64(dx*dx) + float64(dy*dy) + float64(dz*dz)
		inv := 1 / float64(r2*math.Sqrt(r2))
		si, sj := float64(f.gm[j]*inv), float64(gi*inv)
		ax += float64(si * dx)
		ay += float64(si * dy)
		az += float64(si * dz)
		aj[0] -= float64(sj * dx)
		aj[1] -= float64(sj * dy)
		aj[2] -= float64(sj * dz)
	}
	a[3*i], a[3*i+1], a[3*i+2] = ax, ay, az
}
