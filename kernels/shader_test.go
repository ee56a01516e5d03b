package kernels_test

import (
	"offload/device"
	"offload/internal/gltest"
	"offload/kernels"
	"offload/shaders/shadertest"
	"testing"
)

// Shaders give the bits of the contracts at sizes around those of tiles, lanes,
// squares and segments; the examples have 1, 2, 3, 16 and 33 sweeps and ranges of
// rows.
func TestShadersEqualContracts(t *testing.T) {
	d := gltest.Open(t, device.Options{})
	for _, k := range kernels.All() {
		t.Run(k.Name, func(t *testing.T) {
			gltest.Verify(t, d, k, 0, 1, 2, 3, 7, 8, 9, 63, 64, 65, 257, 513)
			if !testing.Short() {
				gltest.Verify(t, d, k, 1000)
			}
		})
	}
}

// With a driver whose operations are neither fused nor exact the shaders give the
// same bits.
func TestCorrectedShadersEqualContracts(t *testing.T) {
	d := gltest.Open(t, device.Options{})
	for _, k := range kernels.All() {
		c := gltest.Altered(k, func(s *device.Shader) {
			s.Source = shadertest.Corrected(s.Source, shadertest.Off("1.0000019"))
		})
		t.Run(k.Name, func(t *testing.T) { gltest.Verify(t, d, c, 3, 65, 300) })
	}
}
