package solar

import (
	"context"
	"fmt"

	"offload/device"
	"offload/kernels/gravity"
)

// DeviceField is a Field computed by the force kernel on a device, in float64 and without softening. Close frees its
// buffers; the device stays open. It is not safe for concurrent use.
type DeviceField struct {
	bodies []float64 // rows (x, y, z, gm), kept between calls
	in     device.Buffer
	out    device.Buffer
	dev    device.Device
	force  *device.Launch
}

// NewDeviceField prepares the field of bodies with the given gm (au³/day²) on dev.
func NewDeviceField(dev device.Device, gm []float64) (*DeviceField, error) {
	if dev == nil {
		return nil, device.Invalidf("no device")
	}
	f := &DeviceField{dev: dev, bodies: make([]float64, gravity.BodyWidth*len(gm))}
	for i, g := range gm {
		f.bodies[gravity.BodyWidth*i+3] = g
	}
	if err := gravity.CheckBodies(f.bodies); err != nil {
		return nil, err
	}
	var err error
	if f.in, err = dev.Alloc(device.Float64, len(f.bodies)); err != nil {
		return nil, err
	}
	if f.out, err = dev.Alloc(device.Float64, gravity.AccelWidth*len(gm)); err != nil {
		f.in.Free()
		return nil, err
	}
	bodies := device.Mat(f.in, gravity.BodyWidth)
	f.force = gravity.NewForce(bodies, bodies, device.Mat(f.out, gravity.AccelWidth), 0.0, 0)
	return f, nil
}

// Accelerate runs the kernel once; see Field.
func (f *DeviceField) Accelerate(ctx context.Context, x, a []float64) error {
	if n := f.force.Rows.Len(); len(x) != 3*n || len(a) != 3*n {
		return device.Invalidf("%d positions and %d accelerations for %d bodies", len(x)/3, len(a)/3, n)
	}
	for i := 0; i < len(x); i += 3 {
		copy(f.bodies[i/3*gravity.BodyWidth:][:3], x[i:i+3])
	}
	if err := f.in.Write(ctx, 0, device.Of(f.bodies)); err != nil {
		return fmt.Errorf("upload of positions: %w", err)
	}
	if err := f.dev.Launch(ctx, f.force); err != nil {
		return err
	}
	return f.out.Read(ctx, 0, device.Of(a))
}

// Close frees the buffers.
func (f *DeviceField) Close() error {
	f.out.Free()
	return f.in.Free()
}
