//go:build gl

package gl_test

import (
	"context"
	"testing"

	"offload/device"
	"offload/device/devicetest"
	"offload/gl"
	"offload/internal/gltest"
)

// open opens the device that the environment asks for.
func open(ctx context.Context, o device.Options) (device.Device, error) {
	return gl.Open(ctx, gltest.Class(), 0, o)
}

// needsGL skips where there is no OpenGL and none is required.
func needsGL(t testing.TB) {
	t.Helper()
	gltest.Open(t, device.Options{})
}

func TestComplianceOnOpenGL(t *testing.T) {
	needsGL(t)
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	devicetest.Run(t, open)
}

func BenchmarkOpenGL(b *testing.B) {
	needsGL(b)
	devicetest.Bench(b, open)
}
