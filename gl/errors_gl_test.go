//go:build gl

package gl_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"offload/device"
	"offload/internal/gltest"
)

// An error of the driver's compiler gives the kernel and the line of its source.
func TestCompileErrorsNameTheLine(t *testing.T) {
	d := gltest.Open(t, device.Options{})
	y, err := d.Alloc(device.Int32, 1)
	if err != nil {
		t.Fatal(err)
	}
	k := ones()
	k.Name = "broken"
	k.Shader.Source = "void main()\n{\n\ty_at(0) = no_such_thing;\n}\n"
	l := &device.Launch{Kernel: k, Rows: device.Range{Hi: 1}, Args: []device.Arg{device.Vec(y)}}
	err = d.Launch(context.Background(), l)
	if !errors.Is(err, device.ErrShader) {
		t.Fatalf("%v, want ErrShader", err)
	}
	place := strings.Contains(err.Error(), "0:3(") || strings.Contains(err.Error(), "0(3)") // as Mesa or NVIDIA write it
	if !place || !strings.Contains(err.Error(), "kernel broken") || !strings.Contains(err.Error(), "no_such_thing") {
		t.Errorf("the error does not name kernel, line and word: %v", err)
	}
	k = ones()
	l.Kernel = k
	if err := d.Launch(context.Background(), l); err != nil {
		t.Errorf("the device is not usable after a shader that does not compile: %v", err)
	}
}

// An allocation larger than the machine's memory fails, and the device still works.
func TestTooMuchMemory(t *testing.T) {
	d := gltest.Open(t, device.Options{})
	if _, err := d.Alloc(device.Float32, 1<<45); !errors.Is(err, device.ErrOutOfMemory) {
		t.Errorf("128 TiB: %v, want ErrOutOfMemory", err)
	}
	if _, err := device.Upload(context.Background(), d, []int32{1, 2, 3}); err != nil {
		t.Error(err)
	}
}
