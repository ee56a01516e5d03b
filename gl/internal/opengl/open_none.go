//go:build !gl || !cgo

package opengl

import "offload/gl/internal/driver"

// Open returns driver.ErrNotBuilt.
func Open(software bool, index int) (driver.Driver, []string, error) {
	return nil, nil, driver.ErrNotBuilt
}
