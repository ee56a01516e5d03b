//go:build gl

package gl_test

import (
	"context"
	"errors"
	"os"
	"testing"

	"offload/device"
	"offload/device/devicetest"
	"offload/gl"
	"offload/internal/gltest"
	"offload/kernels"
)

// open opens the device that the environment asks for.
func open(ctx context.Context, o device.Options) (device.Device, error) {
	return gl.Open(ctx, gltest.Class(), 0, o)
}

// needsGL skips where there is no OpenGL and none is required. It leaves nothing
// open: what a driver keeps for its last context would be kept for the test, too.
func needsGL(t testing.TB) {
	t.Helper()
	d, err := open(context.Background(), device.Options{})
	switch {
	case err == nil:
		d.Close()
	case errors.Is(err, device.ErrUnavailable) && os.Getenv(gltest.Required) == "":
		t.Skip(err)
	default:
		t.Fatal(err)
	}
}

func TestComplianceOnOpenGL(t *testing.T) {
	needsGL(t)
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	devicetest.Run(t, open, kernels.All()...)
}

func BenchmarkOpenGL(b *testing.B) {
	needsGL(b)
	devicetest.Bench(b, open, kernels.All()...)
}
