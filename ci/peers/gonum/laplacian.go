package main

import (
	"math"

	"gonum.org/v1/gonum/mat"
)

// laplacian is Jacobi sweeps over the rows of two gonum matrices, with the
// largest change of the last sweep.
func laplacian(n, sweeps int) work {
	u, v := mat.NewDense(n, n, nil), mat.NewDense(n, n, nil)
	for i := range n {
		for j := range n {
			t := float64((i*7+j*13)%100) + 1
			if i == 0 {
				t = 100
			} else if i == n-1 || j == 0 || j == n-1 {
				t = 0
			}
			u.Set(i, j, t)
			v.Set(i, j, t)
		}
	}
	residual := 0.0
	return work{
		run: func() error {
			for range sweeps {
				sweep(u, v)
				u, v = v, u
			}
			residual = change(u, v)
			return nil
		},
		items: float64(n) * float64(n) * float64(sweeps),
		check: func() float64 { return residual },
	}
}

func sweep(u, v *mat.Dense) {
	n, _ := u.Dims()
	for i := 1; i < n-1; i++ {
		up, mid, down, to := u.RawRowView(i-1), u.RawRowView(i), u.RawRowView(i+1), v.RawRowView(i)
		for j := 1; j < n-1; j++ {
			to[j] = 0.25*(up[j]+down[j]) + 0.25*(mid[j-1]+mid[j+1])
		}
	}
}

// change is the largest difference of two matrices.
func change(u, v *mat.Dense) float64 {
	most := 0.0
	n, _ := u.Dims()
	for i := range n {
		a, b := u.RawRowView(i), v.RawRowView(i)
		for j := range a {
			most = max(most, math.Abs(a[j]-b[j]))
		}
	}
	return most
}
