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
	"offload/kernels/gravity"
	"offload/kernels/grid"
	"offload/kernels/multigrid"
)

// open opens the device that the environment requires.
func open(ctx context.Context, o device.Options) (device.Device, error) {
	return gl.Open(ctx, gltest.Class(), 0, o)
}

// needsGL skips the test if there is no OpenGL and none is required. It leaves no
// context open, because drivers keep some resources until the last one is closed.
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
	all := kernels.All()
	if testing.Short() {
		all = []*device.Kernel{gravity.Force(device.Float32), grid.Laplacian(device.Float64), multigrid.Cycle(device.Float64), multigrid.Restrict()}
	}
	devicetest.Run(t, open, all...)
}

// Launches that are too large for the driver's storage blocks give the same bits.
func TestBandsEqualContractsOnOpenGL(t *testing.T) {
	needsGL(t)
	gl.VerifyBands(t, func(t *testing.T, limit int) device.Device {
		return gl.OpenWithBlocks(t, gltest.Class(), limit)
	})
}

func BenchmarkOpenGL(b *testing.B) {
	needsGL(b)
	devicetest.Bench(b, open, kernels.All()...)
}
