package check

import (
	"context"
	"fmt"
	"math/rand/v2"

	"offload/device"
)

// Debug returns d with each launch examined before it runs: whether the kernel's contract
// and host code obey the rule of a launch (see Breach), and whether all forms and d give
// the same result. Launch, and later reads of and waits for its outputs, may return a
// *Broken.
//
// The contract and each form of host code run on copies of the data, in small tiles, with
// all elements that a tile may not read set to values that would spoil any result. That
// takes hundreds of times as long as the launch, and Launch waits for it. Results of a
// device with fast arithmetic are not compared. All NaNs count as equal.
func Debug(d device.Device) device.Device { return wrap(d, &debug{dev: d, info: d.Info()}) }

// Kernel runs k's examples of size n on d and examines each like Debug. It returns the
// first error, which may be a *Broken.
func Kernel(ctx context.Context, d device.Device, k *device.Kernel, n int) error {
	if d == nil || k == nil {
		return device.Invalidf("a kernel and a device are needed")
	}
	if k.Examples == nil {
		return device.Invalidf("kernel %s has no examples", k.Name)
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

// load reads the matrix of argument i, or only the part that the launch reads if another
// part is spoiled. ok is false if there is nothing to examine, because the launch will
// fail.
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

// launched compares the device's results with the contract's.
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

// garbage is the content of scratch before a trial: NaNs in float32 and float64.
const garbage = 0x7ffca5a5_7ffca5a5

// mostScratch is the largest size in bytes of a plan's scratch.
const mostScratch int64 = 1 << 36

// execute runs t on copies of the data with the given elements poisoned. Rows of outputs
// before those of t hold their expected results.
func (x *examination) execute(t *trial, poisoned places) error {
	for i, p := range x.launch.Kernel.Params {
		if p.Access == device.Value {
			continue
		}
		w := x.work[i]
		w.Copy(x.data[i])
		if p.Access.Writes() {
			done := w.Sub(0, t.rows.Lo*x.launch.Args[i].Width)
			done.Copy(x.want[i].Sub(0, done.Len()))
		}
		for _, r := range poisoned[i] {
			fill(w, r, i, t.poison)
		}
		x.before[i].Copy(w)
	}
	return x.guard(func() error {
		b := device.Binding{Launch: t.launch, Ctx: x.ctx, Views: x.work}
		if t.form.plan != nil {
			return x.planned(t, &b)
		}
		tile := device.Tile{Tasks: 1}
		b.Tile(&tile, t.rows, 0, nil)
		t.form.run(&tile)
		return nil
	})
}

// planned runs the tasks of a plan; those of a phase in a shuffled order, on random
// workers.
func (x *examination) planned(t *trial, b *device.Binding) error {
	var p device.Plan
	t.form.plan(t.launch, t.workers, &p)
	if p.Shared < 0 || p.Local < 0 || int64(max(p.Shared, p.Local)) > mostScratch {
		return device.Invalidf("plan with scratch of %d bytes, and %d for each worker", p.Shared, p.Local)
	}
	order := rand.New(rand.NewPCG(uint64(t.workers), uint64(t.rows.Lo))) // the same if t is run again
	b.Shared = scratch(p.Shared)
	locals := make([][]uint64, t.workers)
	for w := range locals {
		locals[w] = scratch(p.Local)
	}
	for phase, tasks := range p.Tasks {
		if tasks < 0 {
			return device.Invalidf("plan with %d tasks in phase %d", tasks, phase)
		}
		for _, task := range order.Perm(tasks) {
			w := order.IntN(t.workers)
			tile := device.Tile{Phase: phase, Task: task, Tasks: tasks}
			b.Tile(&tile, t.launch.Rows, w, locals[w])
			t.form.run(&tile)
		}
	}
	return nil
}

func scratch(bytes int) []uint64 {
	words := make([]uint64, (bytes+7)/8)
	for i := range words {
		words[i] = garbage
	}
	return words
}

// guard calls code of the kernel on a new goroutine. A panic or runtime.Goexit becomes an
// error; code that does not end is abandoned when the context ends.
func (x *examination) guard(f func() error) error {
	done := make(chan error, 1)
	go func() { done <- device.Guard("kernel "+x.launch.Kernel.Name, f) }()
	select {
	case err := <-done:
		if x.ctx.Err() != nil { // it may have given up
			return x.ctx.Err()
		}
		return err
	case <-x.ctx.Done():
		return x.ctx.Err()
	}
}

// ended returns the error err of t with the form and rows of t, or the context's error.
func (x *examination) ended(t *trial, err error) error {
	if x.ctx.Err() != nil {
		return x.ctx.Err()
	}
	return fmt.Errorf("%s, rows %d to %d: %w", t.form.name, t.rows.Lo, t.rows.Hi, err)
}
