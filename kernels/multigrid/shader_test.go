package multigrid

import (
	"testing"

	"offload/device"
	"offload/internal/gltest"
)

// Grids around the sizes of tiles, and launches of some rows.
func TestPlainShaders(t *testing.T) {
	d := gltest.Open(t, device.Options{})
	for _, k := range Plain() {
		t.Run(k.Name, func(t *testing.T) {
			gltest.Verify(t, d, k, 2, 4, 6, 8, 30, 48, 54, 56, 62, 98, 112, 118, 120, 122, 240)
		})
	}
}

// Networks around the sizes of tiles and segments.
func TestGeneralShaders(t *testing.T) {
	d := gltest.Open(t, device.Options{})
	for _, k := range General() {
		t.Run(k.Name, func(t *testing.T) {
			gltest.Verify(t, d, k, 0, 1, 2, 3, 5, 16, 17, 62, 63, 64, 65, 85, 127, 130, 255, 257)
		})
	}
}
