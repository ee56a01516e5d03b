package check

import (
	"context"
	"fmt"

	"offload/device"
)

// Debug is d with each launch examined before it runs: whether the kernel's contract
// and its host code keep the rule of a launch, and whether all of them and d give the
// same result. Errors of Launch may be a *Broken, and so are those of the outputs then.
//
// The contract is run on copies of the data, in small tiles, with everything that a tile
// may not read set to values that no result survives, and so is each form of host code.
// That takes hundreds of times as long as the launch itself, and Launch waits for all of
// it. Results of a device with fast arithmetic are not compared. NaNs are equal, whatever
// their bits.
func Debug(d device.Device) device.Device { return wrap(d, &debug{dev: d, info: d.Info()}) }

// Kernel runs k's examples of size n on d and examines each as Debug does.
func Kernel(ctx context.Context, d device.Device, k *device.Kernel, n int) error {
	if d == nil || k == nil || k.Examples == nil {
		return device.Invalidf("a kernel with examples and a device are needed")
	}
	var calls []*device.Call
	err := device.Guard("examples of kernel "+k.Name, func() error {
		calls = k.Examples(n)
		return nil
	})
	if err != nil {
		return err
	}
	d = Debug(d)
	for _, c := range calls {
		if err := c.Clone().Run(ctx, d); err != nil {
			return fmt.Errorf("example %q: %w", c.Label, err)
		}
	}
	return nil
}

// debug examines launches.
type debug struct {
	passive
	dev  device.Device
	info device.Info
}

func (d *debug) launching(ctx context.Context, c *call) error {
	err := device.Guard("kernel "+c.Kernel.Name, func() error { return device.Validate(&c.Launch) })
	if err != nil {
		return nil // the device refuses it
	}
	x := newExamination(ctx, &c.Launch)
	for i, p := range c.Kernel.Params {
		if p.Access == device.Value {
			continue
		}
		if c.outer[i] == nil {
			return nil // the device refuses it
		}
		if ok, err := x.load(i); !ok {
			return err
		}
	}
	if err := x.contract(); err != nil {
		return err
	}
	if err := x.host(); err != nil {
		return err
	}
	c.examined = x
	return nil
}

// load reads the matrix of argument i, or the part that the launch reads if some other is
// spoiled. It is not ok if there is nothing to examine: the device will tell why.
func (x *examination) load(i int) (ok bool, err error) {
	a, r := &x.launch.Args[i], x.launch.ReadRange(i)
	x.data[i] = device.MakeSlice(a.Buffer.Type(), a.Len)
	err = a.Buffer.Read(x.ctx, a.Offset, x.data[i])
	if err != nil && x.ctx.Err() == nil {
		x.partial[i], err = true, nil
		if r.Len() > 0 {
			err = a.Buffer.Read(x.ctx, r.Lo, x.data[i].Sub(r.Lo-a.Offset, r.Hi-a.Offset))
		}
	}
	return err == nil, x.ctx.Err()
}

// launched compares what the device made of the launch.
func (d *debug) launched(ctx context.Context, c *call) error {
	x := c.examined
	if x == nil {
		return nil
	}
	t := &trial{form: &form{name: "device " + d.info.Backend}, launch: x.launch, rows: c.Rows}
	for i, p := range c.Kernel.Params {
		a := &c.Args[i]
		if p.Access == device.Value {
			continue
		}
		x.work[i].Copy(x.want[i])
		r := device.Range{Lo: a.Offset, Hi: a.Offset + a.Len}
		if x.partial[i] {
			r = c.WriteRange(i)
		}
		if r.Len() > 0 {
			if err := a.Buffer.Read(ctx, r.Lo, x.work[i].Sub(r.Lo-a.Offset, r.Hi-a.Offset)); err != nil {
				return err
			}
		}
		x.before[i].Copy(x.want[i])
	}
	b := x.untouched(t)
	if b == nil && d.info.Math != device.Fast {
		b = x.compare(t, Differs, &x.work, &x.want)
	}
	if b == nil {
		return nil
	}
	b.Device = true
	return b
}
