package sched

import (
	"context"

	"offload/device"
)

// Task is work that ends in a value of type T. A simulation is a task, and so is one
// launch on slices of the host. Only Run is needed; a task without kernels is a plain
// Go function and runs on the host's pool.
type Task[T any] struct {
	Name  string
	Needs Needs
	Work  []Work   // launches, as far as they are known before
	Up    Transfer // to the device
	Down  Transfer // from the device

	// Steps is how many times Run calls Alive. A device must not be silent for longer
	// than one of them may take.
	Steps int

	// Run computes the value on d. It may be called again on another device, even while
	// an earlier call is stuck on a dead one: it reads what belongs to the task, and
	// changes nothing that lives longer than the call. It returns soon after ctx is
	// done, and frees its buffers.
	Run func(ctx context.Context, d device.Device) (T, error)

	// Check refuses a value that cannot be right. The device is then treated as one
	// that computes wrongly, and the task runs again on the next.
	Check func(T) error

	call *device.Call
}

// Needs is what a device must offer.
type Needs struct {
	Kernels []*device.Kernel
	Memory  int64 // bytes of buffers that are alive at once
	// Exact asks for results that equal the kernels' contracts bit for bit. Devices that
	// were not shown to do so are left out.
	Exact bool
}

// Work is a number of launches of one kernel with the same cost.
type Work struct {
	Kernel   *device.Kernel
	Cost     device.Cost // of one launch
	Launches int
}

// WorkOf is that many launches like l, whose buffers need not be there.
func WorkOf(l *device.Launch, launches int) Work {
	return Work{Kernel: l.Kernel, Cost: device.CostOf(l), Launches: launches}
}

// amount is what a launch is measured by.
func amount(c device.Cost) float64 {
	if c.Ops > 0 {
		return c.Ops
	}
	return c.Items
}

// Transfer is a number of copies between host and device, with their bytes together.
type Transfer struct {
	Count int
	Bytes int64
}

// add counts one more copy.
func (t *Transfer) add(bytes int64) {
	t.Count++
	t.Bytes += bytes
}

// spec is what the scheduler looks at in a task, whatever its type.
type spec struct {
	name     string
	needs    Needs
	work     []Work
	up, down Transfer
	steps    int
	call     *device.Call // to measure kernels without examples by
}

func (t *Task[T]) spec() spec {
	return spec{t.Name, t.Needs, t.Work, t.Up, t.Down, t.Steps, t.call}
}

// valid refuses a task without Run, and amounts of work that are none.
func (t *Task[T]) valid() error {
	if t.Run == nil {
		return device.Invalidf("task %q has no Run", t.Name)
	}
	for _, k := range t.Needs.Kernels {
		if k == nil {
			return device.Invalidf("task %q needs a kernel that is nil", t.Name)
		}
	}
	for _, w := range t.Work {
		if w.Kernel == nil || !w.Cost.Valid() || w.Launches < 0 {
			return device.Invalidf("task %q: %d launches of %g operations", t.Name, w.Launches, w.Cost.Ops)
		}
	}
	if min(t.Steps, t.Up.Count, t.Down.Count) < 0 || min(t.Up.Bytes, t.Down.Bytes, t.Needs.Memory) < 0 {
		return device.Invalidf("task %q: a negative number of steps, transfers or bytes", t.Name)
	}
	return nil
}

// plain tells whether a task is a Go function, with no interest in devices.
func (p *spec) plain() bool { return len(p.needs.Kernels) == 0 && len(p.work) == 0 }
