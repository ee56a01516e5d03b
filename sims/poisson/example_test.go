package poisson_test

import (
	"context"
	"fmt"
	"time"

	"gonum.org/v1/gonum/mat"

	"offload/cpu"
	"offload/device"
	"offload/sims/poisson"
)

// A square plate with one hot edge has a quarter of its temperature in the middle.
func ExampleSolveDense() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	dev, err := cpu.Open(ctx, device.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer dev.Close()

	const n = 129
	u := mat.NewDense(n, n, nil)
	for j := range n {
		u.Set(0, j, 100)
	}
	r, err := poisson.SolveDense(ctx, dev, u, nil, 1, 1, poisson.Options{
		Progress: func(cycle int, residual float64) { fmt.Printf("cycle %d: residual %.0e\n", cycle, residual) },
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("%d cycles, error below %.0e, centre %.6f\n", r.Cycles, r.Error, u.At(n/2, n/2))
	// Output:
	// cycle 1: residual 7e-04
	// cycle 2: residual 1e-05
	// cycle 3: residual 3e-07
	// cycle 4: residual 1e-08
	// cycle 5: residual 2e-09
	// 5 cycles, error below 1e-08, centre 25.000000
}
