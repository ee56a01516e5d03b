package multigrid

import (
	"context"
	"math"
	"testing"

	"offload/device"
	"offload/internal/gltest"
	"offload/shaders/shadertest"
)

// Grids around the sizes of tiles, and launches of some rows.
func TestPlainShaders(t *testing.T) {
	d := gltest.Open(t, device.Options{})
	for _, k := range Plain() {
		t.Run(k.Name, func(t *testing.T) {
			gltest.Verify(t, d, k, 2, 4, 6, 8, 30, 48, 54, 56, 62, 98, 112, 118, 120, 122, 240, 460)
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

// Fast arithmetic changes no bit.
func TestFastShadersAreExact(t *testing.T) {
	d := gltest.Open(t, device.Options{Math: device.Fast})
	for _, k := range append(Plain(), General()...) {
		gltest.Verify(t, d, k, 66)
	}
}

// Shaders read the rows that their kernels declare, and no others.
func TestShaderHalos(t *testing.T) {
	d := gltest.Open(t, device.Options{})
	for _, k := range append(Plain(), General()...) {
		for _, n := range []int{4, 16, 130} {
			for _, c := range k.Examples(n) {
				for lo, some := c.Rows.Lo, 1+c.Rows.Len()/4; lo < c.Rows.Hi; lo += some {
					part := c.Clone()
					part.Rows = device.Range{Lo: lo, Hi: min(lo+some, c.Rows.Hi)}
					if err := spoil(part); err != nil {
						t.Fatal(err)
					}
					if err := part.Verify(context.Background(), d); err != nil {
						t.Errorf("%s (%s), rows %d to %d: %v", k.Name, c.Label, part.Rows.Lo, part.Rows.Hi, err)
					}
				}
			}
		}
	}
}

// spoil sets what a launch may not read to NaN.
func spoil(c *device.Call) error {
	l, err := c.Shape()
	if err != nil {
		return err
	}
	for i, p := range c.Kernel.Params {
		if p.Access != device.ReadRows {
			continue
		}
		halo := 0
		if p.Halo != nil {
			halo = p.Halo(l)
		}
		rows, width := c.Rows.Grow(halo, l.Args[i].NumRows()), l.Args[i].Width
		if data := c.Args[i].Data; p.Type == device.Float32 {
			spoilRows(device.As[float32](data), rows.Lo*width, rows.Hi*width)
		} else {
			spoilRows(device.As[float64](data), rows.Lo*width, rows.Hi*width)
		}
	}
	return nil
}

func spoilRows[T device.Float](s []T, lo, hi int) {
	for i := range s {
		if i < lo || i >= hi {
			s[i] = T(math.NaN())
		}
	}
}

// With a driver that narrows doubles otherwise the shaders give the same bits.
func TestNarrowingIsCorrected(t *testing.T) {
	d := gltest.Open(t, device.Options{})
	for _, k := range []*device.Kernel{start64, cycle64, step64} {
		for _, factor := range []string{"1.0000019", "0.9999981"} {
			c := gltest.Altered(k, func(s *device.Shader) {
				s.Source = shadertest.Corrected(s.Source, shadertest.Off(factor))
			})
			gltest.Verify(t, d, c, 3, 66)
		}
	}
}
