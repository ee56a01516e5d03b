// Package gl is the device on compute shaders of OpenGL 4.3 and later: a graphics
// processor, or a rasteriser that does the same on the host's cores. It runs every
// kernel that has a shader, and knows none by name.
//
// Without the build tag gl there is no OpenGL in the program, and Open says so.
package gl

import (
	"context"
	"fmt"
	"slices"

	"offload/device"
	"offload/device/queue"
	"offload/gl/internal/cache"
	"offload/gl/internal/driver"
	"offload/gl/internal/native"
	"offload/gl/internal/opengl"
	"offload/internal/sysinfo"
)

// Open opens the graphics processor of that index (device.GPU), counted from 0, or
// a software rasteriser (device.Software). One is never taken for the other. What
// is not there is device.ErrUnavailable, with the reason for each way that was
// tried. Options.Workers must be 0 or 1; Options.Variant, which is about host code,
// is not used.
func Open(ctx context.Context, class device.Class, index int, o device.Options) (device.Device, error) {
	c := connection{
		name:  nameOf(class, index),
		class: class,
		connect: func() (driver.Driver, []string, error) {
			return opengl.Open(class == device.Software, index)
		},
		store: cache.User(),
	}
	return c.open(ctx, o)
}

// nameOf is the word that opens a device.
func nameOf(class device.Class, index int) string {
	if index == 0 {
		return string(class)
	}
	return fmt.Sprintf("%s:%d", class, index)
}

// connection is how a driver is reached, and what goes with it.
type connection struct {
	name     string // the word that opens the device
	class    device.Class
	connect  func() (driver.Driver, []string, error)
	store    *cache.Cache
	compiled func(k *device.Kernel, source string) // told before a shader is compiled
}

// Device is a device on a driver.
type Device struct {
	*queue.Device
	engine *engine
}

// Counters is what the device has done up to the last Sync.
func (d *Device) Counters() device.Counters {
	c := d.engine.counts.read()
	c.Progress += d.Device.Counters().Progress
	return c
}

func (c connection) open(ctx context.Context, o device.Options) (device.Device, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if o.Workers < 0 || o.Workers > 1 {
		return nil, device.Invalidf("%s: a driver has one queue; there cannot be %d workers", c.name, o.Workers)
	}
	d := new(Device)
	var err error
	d.Device, err = queue.OpenOnThread(func() (queue.Engine, device.Info, error) {
		drv, notes, err := c.connect()
		if err != nil {
			return nil, device.Info{}, fmt.Errorf("%s: %w: %w", c.name, device.ErrUnavailable, err)
		}
		if i := drv.Info(); i.Software != (c.class == device.Software) {
			drv.Close()
			return nil, device.Info{}, c.wrongClass(i)
		}
		d.engine = newEngine(drv, o.Math, c.store)
		d.engine.programs.compiled = c.compiled
		return d.engine, c.describe(drv.Info(), notes, o), nil
	})
	if err != nil {
		return nil, err
	}
	err = d.probe(ctx, o.Kernels)
	if err != nil {
		d.Close()
		return nil, err
	}
	d.Observe(o.Recorder)
	return d, nil
}

// probe finds out which operations of the driver are exact, for the shaders'
// arithmetic to use, and then which kernels are.
func (d *Device) probe(ctx context.Context, kernels []*device.Kernel) error {
	var exact capabilities
	for _, p := range native.Probes() {
		names, err := device.Probe(ctx, d, []*device.Kernel{p.Kernel})
		if err != nil {
			return err
		}
		if len(names) > 0 {
			exact = append(exact, p.Define)
		}
	}
	d.engine.dialect.exact = exact
	return d.Probe(ctx, kernels)
}

// describe is what is known of a device before its kernels are probed.
func (c connection) describe(i driver.Info, notes []string, o device.Options) device.Info {
	info := device.Info{
		Backend:    c.name,
		Name:       i.Renderer,
		Driver:     fmt.Sprintf("OpenGL %s, GLSL %s, %s", i.Version, i.Language, i.Provider),
		Class:      c.class,
		Precisions: []device.Type{device.Float32},
		Math:       device.Exact,
		Workers:    1,
		Memory:     o.Memory,
		Variant:    "glsl",
		Notes:      slices.Clone(o.Notes),
	}
	for _, n := range notes {
		info.Notes = append(info.Notes, c.name+": "+n)
	}
	if i.Doubles {
		info.Precisions = append(info.Precisions, device.Float64)
	}
	if o.Math == device.Fast {
		info.Math = device.Fast
	}
	if info.Memory == 0 {
		info.Memory = i.Memory
	}
	if info.Memory == 0 && i.Software {
		m := sysinfo.FreeMemory()
		info.Memory, info.Limit = m.Free, m.Limit
	}
	if !i.Robust {
		info.Notes = append(info.Notes, c.name+": the driver does not report resets")
	}
	return info
}

func (c connection) wrongClass(i driver.Info) error {
	kind := "a GPU"
	if i.Software {
		kind = "a rasteriser on the host's cores, no GPU"
	}
	return fmt.Errorf("%s: %w: %s is %s", c.name, device.ErrUnavailable, i.Renderer, kind)
}
