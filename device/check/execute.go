package check

import (
	"fmt"
	"math/rand/v2"

	"offload/device"
)

// garbage is what scratch holds before a trial: NaNs, as numbers of either size.
const garbage = 0x7ffca5a5_7ffca5a5

// mostScratch is the number of bytes of scratch that a plan may ask for here.
const mostScratch int64 = 1 << 36

// execute runs t on copies of the data in which those elements are poisoned. Rows of
// outputs before those of t are as if they had been computed.
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

// planned runs the tasks of a plan, those of a phase in a shuffled order and by one
// worker or another.
func (x *examination) planned(t *trial, b *device.Binding) error {
	var p device.Plan
	t.form.plan(t.launch, t.workers, &p)
	if p.Shared < 0 || p.Local < 0 || int64(max(p.Shared, p.Local)) > mostScratch {
		return device.Invalidf("its plan asks for scratch of %d bytes, and %d for each worker", p.Shared, p.Local)
	}
	order := rand.New(rand.NewPCG(uint64(t.workers), uint64(t.rows.Lo))) // the same if t is run again
	b.Shared = scratch(p.Shared)
	locals := make([][]uint64, t.workers)
	for w := range locals {
		locals[w] = scratch(p.Local)
	}
	for phase, tasks := range p.Tasks {
		if tasks < 0 {
			return device.Invalidf("its plan has %d tasks in phase %d", tasks, phase)
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

// guard calls code of the kernel on a goroutine of its own. What panics or calls
// runtime.Goexit in it is an error; what does not end is left behind when the context
// ends.
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

// ended makes an error of the one that t ended with.
func (x *examination) ended(t *trial, err error) error {
	if x.ctx.Err() != nil {
		return x.ctx.Err()
	}
	return fmt.Errorf("%s, rows %d to %d: %w", t.form.name, t.rows.Lo, t.rows.Hi, err)
}
