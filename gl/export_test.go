package gl

import (
	"context"
	"testing"

	"offload/device"
	"offload/gl/internal/cache"
	"offload/gl/internal/driver"
	"offload/gl/internal/opengl"
)

// Left returns the number of objects of the driver that a closed device left behind.
func Left(d device.Device) int { return d.(*Device).engine.left }

// VerifyBands is verifyBands.
var VerifyBands = verifyBands

// OpenWithBlocks opens a device with storage blocks of at most limit bytes. The test
// fails if a larger one is bound.
func OpenWithBlocks(t *testing.T, class device.Class, limit int) device.Device {
	t.Helper()
	c := connection{
		name:  string(class),
		class: class,
		connect: func() (driver.Driver, []string, error) {
			d, notes, err := opengl.Open(class == device.Software, 0)
			if err != nil {
				return nil, nil, err
			}
			return limited{d, t, min(limit, d.Info().StorageBytes)}, notes, nil
		},
		store: cache.At(t.TempDir()),
	}
	d, err := c.open(context.Background(), device.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	return d
}

// limited is a driver with smaller storage blocks.
type limited struct {
	driver.Driver
	t     *testing.T
	limit int
}

func (d limited) Info() driver.Info {
	i := d.Driver.Info()
	i.StorageBytes = d.limit
	return i
}

func (d limited) Bind(index int, b driver.Buffer, offset, bytes int) {
	if bytes > d.limit || offset%d.Info().StorageAlign != 0 {
		d.t.Errorf("a block of %d bytes is bound at %d; the limit is %d", bytes, offset, d.limit)
	}
	d.Driver.Bind(index, b, offset, bytes)
}
