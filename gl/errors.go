package gl

import (
	"errors"
	"fmt"
	"strings"

	"offload/device"
	"offload/gl/internal/driver"
)

// lost makes an error that ends the device of one that the driver reports on
// commands that it has taken already. Without memory for those the device is lost
// too, and the error says both.
func lost(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, driver.ErrOutOfMemory):
		return fmt.Errorf("%w: %w: %w", device.ErrLost, device.ErrOutOfMemory, err)
	}
	return fmt.Errorf("%w: %w", device.ErrLost, err)
}

// refused is the error of a request that the driver turned down as a whole.
func refused(err error) error {
	if errors.Is(err, driver.ErrOutOfMemory) {
		return fmt.Errorf("%w: %w", device.ErrOutOfMemory, err)
	}
	return lost(err)
}

// notCompiled names the kernel whose shader the driver did not take.
func notCompiled(kernel string, err error) error {
	var s *driver.ShaderError
	if errors.As(err, &s) {
		return fmt.Errorf("kernel %s: %w: the driver does not %s it: %s",
			kernel, device.ErrShader, s.Stage, strings.TrimSpace(s.Log))
	}
	return fmt.Errorf("kernel %s: %w", kernel, refused(err))
}
