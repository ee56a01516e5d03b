package gl

import (
	"context"
	"testing"

	"offload/device"
	"offload/device/devicetest"
	"offload/gl/internal/cache"
	"offload/gl/internal/driver"
	"offload/gl/internal/fake"
	"offload/kernels"
	"offload/kernels/gravity"
	"offload/kernels/grid"
	"offload/kernels/multigrid"
)

// opening opens devices on fake drivers.
type opening struct {
	shape   func(d *fake.Driver) // changes the driver; may be nil
	dir     string               // of the program cache; "": none
	drivers []*fake.Driver
}

func (o *opening) open(ctx context.Context, options device.Options) (device.Device, error) {
	var d *fake.Driver
	c := connection{
		name:  "software",
		class: device.Software,
		connect: func() (driver.Driver, []string, error) {
			d = fake.New()
			if o.shape != nil {
				o.shape(d)
			}
			o.drivers = append(o.drivers, d)
			return d, nil, nil
		},
		store:    cache.At(o.dir),
		compiled: func(k *device.Kernel, source string) { d.Learn(k, source) },
	}
	return c.open(ctx, options)
}

// check checks, after all devices are closed, that nothing is left and nothing was
// misused.
func (o *opening) check(t *testing.T) {
	t.Helper()
	for _, d := range o.drivers {
		if !d.Closed || d.Live() != 0 {
			t.Errorf("closed %v, %d objects were left", d.Closed, d.Live())
		}
		for _, m := range d.Misuse {
			t.Errorf("misuse: %s", m)
		}
	}
}

// TestCompliance runs the suite on drivers with different limits; with -short, on
// those that differ most. Limits that concern no kernel are tested with two of them.
func TestCompliance(t *testing.T) {
	all, two := kernels.All(), []*device.Kernel{gravity.Force(device.Float32), grid.Laplacian(device.Float32)}
	few := append(two[:2:2], grid.Heat(device.Float64), multigrid.Cycle(device.Float64), multigrid.Restrict())
	if testing.Short() {
		all = few
	}
	for i, c := range []struct {
		name    string
		shape   func(d *fake.Driver)
		kernels []*device.Kernel
	}{
		{"plain", nil, all},
		{"no staging", func(d *fake.Driver) { d.Limits.Staging = false }, two},
		{"few groups, coarse alignment", func(d *fake.Driver) { d.Limits.GroupsInRow, d.Limits.StorageAlign = 3, 4096 }, few},
		{"no doubles", func(d *fake.Driver) { d.Limits.Doubles = false }, all},
		{"no binaries", func(d *fake.Driver) { d.Limits.Binaries = false }, two},
		{"fine alignment", func(d *fake.Driver) { d.Limits.StorageAlign = 4 }, few},
		{"timers", func(d *fake.Driver) { d.GroupTime = 1e6 }, two},
	} {
		if testing.Short() && i > 1 {
			break
		}
		t.Run(c.name, func(t *testing.T) {
			o := &opening{shape: c.shape, dir: t.TempDir()}
			devicetest.Run(t, o.open, c.kernels...)
			o.check(t)
		})
	}
}
