package offload_test

import (
	"context"
	"fmt"
	"log"

	"offload"
	"offload/cpu"
	"offload/device"
	"offload/kernels/gravity"
)

// Gravity among three bodies on the best available device.
func Example() {
	ctx := context.Background()
	dev, err := offload.Open(ctx, "auto", device.Options{})
	if err != nil {
		log.Fatal(err)
	}
	defer dev.Close()

	bodies := []float64{ // x, y, z, gm
		0, 0, 0, 4,
		2, 0, 0, 1,
		0, 4, 0, 1,
	}
	in, err := device.Upload(ctx, dev, bodies)
	if err != nil {
		log.Fatal(err)
	}
	out, err := dev.Alloc(device.Float64, 9)
	if err != nil {
		log.Fatal(err)
	}
	rows, acc := device.Mat(in, gravity.BodyWidth), device.Mat(out, gravity.AccelWidth)
	if err := dev.Launch(ctx, gravity.NewForce(rows, rows, acc, 0.0, 0)); err != nil {
		log.Fatal(err)
	}
	a, err := device.Download[float64](ctx, out) // waits, and returns the launch's error, if any
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%.4f\n", a[:3])
	// Output: [0.2500 0.0625 0.0000]
}

// A custom kernel is a Go function and a description of its parameters: here smoothing in
// one dimension, which reads one neighbour on each side.
func Example_kernel() {
	smooth := &device.Kernel{
		Name: "smooth",
		Params: []device.Param{
			{Name: "x", Type: device.Float64, Access: device.ReadRows, Halo: func(*device.Launch) int { return 1 }},
			{Name: "y", Type: device.Float64, Access: device.WriteRows},
		},
		Contract: func(t *device.Tile) {
			x, y := device.View[float64](t, 0), device.View[float64](t, 1)
			for i := t.Rows.Lo; i < t.Rows.Hi; i++ {
				y[i] = (x[max(i-1, 0)] + x[i] + x[min(i+1, len(x)-1)]) / 3
			}
		},
	}
	ctx := context.Background()
	for _, name := range []string{"reference", "cpu"} {
		dev, err := offload.Open(ctx, name, device.Options{})
		if err != nil {
			log.Fatal(err)
		}
		y := make([]float64, 5)
		call := &device.Call{Kernel: smooth, Rows: device.Range{Hi: 5}, Args: []device.HostArg{
			device.HostVec([]float64{0, 3, 9, 3, 0}), device.HostVec(y)}}
		if err := call.Run(ctx, dev); err != nil {
			log.Fatal(err)
		}
		fmt.Println(name, y)
		dev.Close()
	}
	// Output:
	// reference [1 4 5 4 1]
	// cpu [1 4 5 4 1]
}

// A map on the pool of workers, with results in the order of the input.
func Example_pool() {
	pool, err := cpu.NewPool(0) // one worker for each available CPU
	if err != nil {
		log.Fatal(err)
	}
	defer pool.Close()
	squares, err := cpu.Map(context.Background(), pool, []int{1, 2, 3, 4},
		func(_ context.Context, x int) (int, error) { return x * x, nil })
	fmt.Println(squares, err)
	// Output: [1 4 9 16] <nil>
}
