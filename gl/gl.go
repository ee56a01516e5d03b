// Package gl is the device for OpenGL compute shaders, version 4.3 or later: on a
// GPU, or on a software rasteriser, which runs them on the host's cores. It runs
// every kernel that has a shader.
//
// Without the build tag gl the program contains no OpenGL, and Open fails.
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

// Open opens the GPU (device.GPU) or the software rasteriser (device.Software) with
// the given index, counted from 0. It never opens a device of the other class.
// If there is no such device, the error wraps device.ErrUnavailable and gives the
// reason for each provider tried. Options.Workers must be 0 or 1; Options.Variant,
// which selects host code, is ignored.
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

// nameOf returns the name that opens a device.
func nameOf(class device.Class, index int) string {
	if index == 0 {
		return string(class)
	}
	return fmt.Sprintf("%s:%d", class, index)
}

// connection describes how to open a device.
type connection struct {
	name     string // the name that opens the device
	class    device.Class
	connect  func() (driver.Driver, []string, error)
	store    *cache.Cache
	compiled func(k *device.Kernel, source string) // called before a shader is compiled
}

// Device is a device.Device that runs kernels on an OpenGL driver.
type Device struct {
	*queue.Device
	engine *engine
}

// Counters returns what the device has done up to the last Sync.
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

// probe determines which operations of the driver are exact, so that the shaders'
// arithmetic can use them, and then which kernels are.
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

// describe returns the device.Info of a device before its kernels are probed.
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
		kind = "a software rasteriser, not a GPU"
	}
	return fmt.Errorf("%s: %w: %s is %s", c.name, device.ErrUnavailable, i.Renderer, kind)
}
