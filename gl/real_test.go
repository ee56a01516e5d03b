//go:build gl

package gl

import (
	"context"
	"errors"
	"os"
	"testing"

	"offload/device"
	"offload/device/devicetest"
)

// requireVariable makes a missing OpenGL a failure instead of a skip: with gpu, a
// missing GPU; with any other word, a missing software rasteriser.
const requireVariable = "OFFLOAD_REQUIRE_GL"

// realClass is the class of device that the tests run on.
func realClass() device.Class {
	if os.Getenv(requireVariable) == "gpu" {
		return device.GPU
	}
	return device.Software
}

func openReal(ctx context.Context, o device.Options) (device.Device, error) {
	return Open(ctx, realClass(), 0, o)
}

// needsGL skips where there is no OpenGL and none is required.
func needsGL(t testing.TB) {
	t.Helper()
	d, err := openReal(context.Background(), device.Options{})
	if err == nil {
		d.Close()
		return
	}
	if errors.Is(err, device.ErrUnavailable) && os.Getenv(requireVariable) == "" {
		t.Skip(err)
	}
	t.Fatal(err)
}

func TestRealCompliance(t *testing.T) {
	needsGL(t)
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	devicetest.Run(t, openReal)
}

func BenchmarkRealDevice(b *testing.B) {
	needsGL(b)
	devicetest.Bench(b, openReal)
}
