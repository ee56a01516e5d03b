//go:build !gl || !cgo

package opengl

import (
	"errors"
	"testing"

	"offload/gl/internal/driver"
)

func TestOpenSaysHowToBuild(t *testing.T) {
	if d, _, err := Open(false, 0); d != nil || !errors.Is(err, driver.ErrNotBuilt) {
		t.Errorf("Open = %v, %v; want ErrNotBuilt", d, err)
	}
}
