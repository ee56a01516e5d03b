package check_test

import (
	"context"
	"fmt"
	"log"

	"offload/cpu"
	"offload/device"
	"offload/device/check"
)

// ring is a kernel that looks at the rows before and after, and at the ends of the matrix
// at those of the other end. Its halo says one row: the other end is not within it. A
// device that has all rows in one memory computes it rightly; one that is made of several
// does not, since it brings each the declared rows alone.
var ring = &device.Kernel{
	Name: "ring",
	Params: []device.Param{
		{Name: "x", Type: device.Float64, Access: device.ReadRows, Halo: func(*device.Launch) int { return 1 }},
		{Name: "y", Type: device.Float64, Access: device.WriteRows},
	},
	Contract: func(t *device.Tile) {
		x, y := device.View[float64](t, 0), device.View[float64](t, 1)
		n := len(x)
		for i := t.Rows.Lo; i < t.Rows.Hi; i++ {
			y[i] = x[(i+n-1)%n] + x[(i+1)%n]
		}
	},
}

func ExampleDebug() {
	ctx := context.Background()
	dev, err := cpu.Open(ctx, device.Options{})
	if err != nil {
		log.Fatal(err)
	}
	defer dev.Close()
	call := &device.Call{Kernel: ring, Args: []device.HostArg{
		device.HostVec([]float64{1, 2, 3, 4, 5, 6}), device.HostVec(make([]float64, 6))}}
	fmt.Println(call.Run(ctx, dev))
	fmt.Println(call.Run(ctx, check.Debug(dev)))
	// Output:
	// <nil>
	// the rule of a launch is broken: kernel ring, contract, rows 0 to 1: it reads what it does not declare: row 5, column 0 of x, of which it may read rows 0 to 2; then row 0, column 0 of y is NaN, not 8
}
