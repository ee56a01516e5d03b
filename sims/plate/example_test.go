package plate_test

import (
	"context"
	"fmt"

	"offload/cpu"
	"offload/device"
	"offload/sims/plate"
)

// The steady state of a square plate with one hot edge has a quarter of its temperature
// in the middle.
func Example() {
	ctx := context.Background()
	dev, err := cpu.Open(ctx, device.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer dev.Close()
	f, err := plate.NewField[float64](33, 33, plate.Edges{Top: 100})
	if err != nil {
		fmt.Println(err)
		return
	}
	r, err := plate.Steady(ctx, dev, f, plate.SteadyOptions{Tol: 1e-10})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("%d sweeps, centre %.6f\n", r.Sweeps, f.At(16, 16))
	// Output: 4480 sweeps, centre 25.000000
}

// An aluminium plate of 10 cm by 5 cm warms up from its left edge.
func ExampleTransient() {
	ctx := context.Background()
	dev, err := cpu.Open(ctx, device.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer dev.Close()
	f, err := plate.NewField[float64](26, 51, plate.Edges{Left: 100})
	if err != nil {
		fmt.Println(err)
		return
	}
	r, err := plate.Transient(ctx, dev, f, plate.TransientOptions{
		Diffusivity: 9.7e-5, Dx: 0.002, Dy: 0.002, Time: 2,
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("%d steps to %g s, 2 cm from the edge %.3f\n", r.Steps, r.Time, f.At(13, 10))
	// Output: 216 steps to 2 s, 2 cm from the edge 25.807
}
