//go:build gl && glfw && cgo && !darwin

package window

import (
	"errors"
	"os"
	"runtime"
)

// display tells whether there is a desktop to be asked. GLFW would say so itself,
// on the program's log.
func display() error {
	if runtime.GOOS == "windows" || os.Getenv("DISPLAY") != "" || os.Getenv("WAYLAND_DISPLAY") != "" {
		return nil
	}
	return errors.New("no display: DISPLAY is not set")
}
