// Package gl is the place of the OpenGL backend: a device on compute shaders of
// OpenGL 4.3 and later. This version has none, and says so when it is asked.
package gl

import (
	"context"
	"fmt"

	"offload/device"
)

// Open opens the graphics processor (device.GPU) or a software rasteriser
// (device.Software). It fails with device.ErrUnavailable.
func Open(_ context.Context, class device.Class, _ device.Options) (device.Device, error) {
	return nil, fmt.Errorf("%s: %w: this version of offload has no OpenGL backend yet", class, device.ErrUnavailable)
}
