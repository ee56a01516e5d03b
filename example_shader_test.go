package offload_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"os"
	"slices"
	"testing"

	"offload"
	"offload/device"
	"offload/internal/gltest"
)

// smooth is a custom kernel for all devices: a Go function, which defines the result, and
// a shader, which gives the same bits.
func smooth() *device.Kernel {
	return &device.Kernel{
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
		Shader: &device.Shader{
			Local: 64,
			Source: `
				void main()
				{
					int i = row_lo + group_index * LOCAL + int(gl_LocalInvocationIndex);
					if (i < row_hi) {
						double left = x_at(max(i - 1, 0)), right = x_at(min(i + 1, x_rows - 1));
						y_at(i) = exact_div(exact_add(exact_add(left, x_at(i)), right), 3.0lf);
					}
				}`,
		},
	}
}

// runSmooth smooths x on the named device.
func runSmooth(name string, x []float64) ([]float64, error) {
	ctx := context.Background()
	k := smooth()
	dev, err := offload.Open(ctx, name, device.Options{Kernels: []*device.Kernel{k}})
	if err != nil {
		return nil, err
	}
	defer dev.Close()
	y := make([]float64, len(x))
	call := &device.Call{Kernel: k, Rows: device.Range{Hi: len(x)}, Args: []device.HostArg{device.HostVec(x), device.HostVec(y)}}
	return y, call.Run(ctx, dev)
}

// A custom kernel with a shader runs on GPUs too. The example uses a software rasteriser,
// which programs built with -tags gl have on machines with Mesa.
func Example_shader() {
	x := []float64{0, 3, 9, 3, 0.5}
	want, err := runSmooth("reference", x)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(want)
	for _, name := range []string{"cpu", "software"} {
		y, err := runSmooth(name, x)
		switch {
		case errors.Is(err, device.ErrUnavailable): // not on this machine
		case err != nil:
			log.Fatal(err)
		case !slices.Equal(y, want):
			fmt.Println(name, "differs:", y)
		}
	}
	// Output: [1 4 5 4.166666666666667 1.3333333333333333]
}

// The example skips an unavailable device; this test fails if OpenGL is required.
func TestExampleShaderEverywhere(t *testing.T) {
	x := make([]float64, 1000)
	for i := range x {
		x[i] = 1 / float64(i+1)
	}
	want, err := runSmooth("reference", x)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"cpu", string(gltest.Class())} {
		y, err := runSmooth(name, x)
		if errors.Is(err, device.ErrUnavailable) && os.Getenv(gltest.Required) == "" {
			t.Skip(err)
		}
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(y, want) {
			t.Errorf("%s differs from the contract", name)
		}
	}
}
