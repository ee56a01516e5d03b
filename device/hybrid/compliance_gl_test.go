//go:build gl

package hybrid_test

import (
	"context"
	"testing"

	"offload/cpu"
	"offload/device"
	"offload/device/devicetest"
	"offload/gl"
	"offload/internal/gltest"
	"offload/kernels/gravity"
	"offload/kernels/grid"
	"offload/kernels/multigrid"
)

// TestComplianceWithOpenGL: the host's cores and a device of OpenGL compute as one.
func TestComplianceWithOpenGL(t *testing.T) {
	gltest.Open(t, device.Options{}) // skips, or fails, where there is none
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	open := func(ctx context.Context, o device.Options) (device.Device, error) {
		return gl.Open(ctx, gltest.Class(), 0, o)
	}
	few := []*device.Kernel{gravity.Force(device.Float32), grid.Laplacian(device.Float64), multigrid.Cycle(device.Float64), multigrid.Restrict()}
	for name, shares := range map[string][]float64{"measured shares": nil, "equal shares": {1, 1}} {
		t.Run(name, func(t *testing.T) {
			devicetest.Run(t, func(ctx context.Context, o device.Options) (device.Device, error) {
				return join(ctx, o, shares, cpu.Open, open)
			}, few...)
		})
	}
}
