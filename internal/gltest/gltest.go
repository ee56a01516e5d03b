// Package gltest opens the OpenGL device for tests.
package gltest

import (
	"context"
	"errors"
	"os"
	"testing"

	"offload/device"
	"offload/gl"
)

// Required is the environment variable that makes a missing device a failure: “gpu”
// requires a GPU, any other word a software rasteriser. If it is empty, tests use a
// rasteriser, and are skipped if there is none.
const Required = "OFFLOAD_REQUIRE_GL"

// Open opens the device. It is closed when the test ends.
func Open(t testing.TB, o device.Options) device.Device {
	t.Helper()
	d, err := gl.Open(context.Background(), Class(), 0, o)
	if errors.Is(err, device.ErrUnavailable) && os.Getenv(Required) == "" {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	})
	return d
}

// Class returns the class of the device for tests.
func Class() device.Class {
	if os.Getenv(Required) == "gpu" {
		return device.GPU
	}
	return device.Software
}

// Verify compares the results of k for its examples of these sizes with its contract,
// bit for bit.
func Verify(t testing.TB, d device.Device, k *device.Kernel, sizes ...int) {
	t.Helper()
	for _, n := range sizes {
		if err := device.Verify(context.Background(), d, k, n); err != nil {
			t.Fatalf("n = %d: %v", n, err)
		}
	}
}

// Altered returns a copy of k with a changed shader.
func Altered(k *device.Kernel, alter func(*device.Shader)) *device.Kernel {
	a, shader := *k, *k.Shader
	a.Name += " altered"
	a.Shader = &shader
	alter(&shader)
	a.Examples = func(n int) []*device.Call {
		calls := k.Examples(n)
		for _, c := range calls {
			c.Kernel = &a
		}
		return calls
	}
	return &a
}
