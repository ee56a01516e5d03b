package cpu

import (
	"context"
	"fmt"
	"sync"
	"time"

	"offload/device"
	"offload/internal/sysinfo"
)

// executor runs one launch at a time on a pool, cut into tiles or as the
// kernel's plan says. All it needs is kept from launch to launch.
type executor struct {
	pool    *Pool
	owned   bool // the pool is closed with the device
	variant string

	body    func(worker, task int) // e.task, made once
	loop    loop
	binding *device.Binding
	run     func(*device.Tile)
	planned bool
	phase   int
	tasks   int
	plan    device.Plan

	tiles  []device.Tile // of each worker
	locals [][]uint64    // scratch of each worker
	shared []uint64

	mu     sync.Mutex
	failed error // first panic of a task

	recorder device.Recorder // nil: nobody watches
	number   int             // of the device, for the recorder
}

func (e *executor) init(o device.Options) {
	e.variant = o.Variant
	e.body = e.task
	e.tiles = make([]device.Tile, e.pool.workers)
	e.locals = make([][]uint64, e.pool.workers)
}

// Inline is true for launches that a hand-over to other goroutines would slow
// down; see inlineOps.
func (e *executor) Inline(_ context.Context, l *device.Launch) bool {
	return device.CostOf(l).Ops < inlineOps
}

// Close closes the pool if it belongs to the device.
func (e *executor) Close() {
	if e.owned {
		e.pool.Close()
	}
}

// Execute runs the bound launch.
func (e *executor) Execute(b *device.Binding) error {
	l := b.Launch
	e.binding, e.failed = b, nil
	e.plan = device.Plan{Tasks: e.plan.Tasks[:0]}
	code := e.choose(l.Kernel)
	switch {
	case code == nil:
		e.run, e.planned = l.Kernel.Contract, false
	default:
		e.run, e.planned = code.Run, code.Plan != nil
	}
	if e.planned {
		code.Plan(l, e.pool.workers, &e.plan)
	} else {
		e.plan.Tasks = append(e.plan.Tasks, tiles(l, e.pool.workers))
	}
	if err := e.reserve(); err != nil {
		return err
	}
	b.Shared = e.shared
	for phase, tasks := range e.plan.Tasks {
		if e.failed != nil || b.Ctx.Err() != nil {
			break
		}
		e.phase, e.tasks = phase, tasks
		e.pool.run(&e.loop, tasks, e.body)
	}
	e.binding, e.run = nil, nil
	return e.failed
}

// choose returns the host code to use for k; nil stands for its contract.
func (e *executor) choose(k *device.Kernel) *device.HostCode {
	if e.variant == contract {
		return nil
	}
	for i := range k.Host {
		if h := &k.Host[i]; (e.variant == "" || e.variant == h.Name) && ready(*h) {
			return h
		}
	}
	return nil
}

// task runs one task of the current phase.
func (e *executor) task(worker, task int) {
	finished := false
	defer func() {
		if !finished {
			e.fail(device.Caught("kernel "+e.binding.Launch.Kernel.Name, recover()))
		}
	}()
	t := &e.tiles[worker]
	rows := e.binding.Launch.Rows
	if !e.planned {
		rows = rows.Part(task, e.tasks)
	}
	e.binding.Tile(t, rows, worker, e.locals[worker])
	t.Phase, t.Task, t.Tasks = e.phase, task, e.tasks
	if !t.Done() {
		e.compute(t)
	}
	finished = true
}

// compute runs the task t, and tells the recorder when.
func (e *executor) compute(t *device.Tile) {
	if e.recorder == nil {
		e.run(t)
		return
	}
	start := time.Now()
	e.run(t)
	v := device.Event{
		Kind: device.EventTile, Device: e.number, Worker: t.Worker, Start: start, End: time.Now(),
		Kernel: t.Kernel, Phase: t.Phase, Task: t.Task,
	}
	if !e.planned {
		v.Rows = t.Rows
	}
	e.recorder.Record(v)
}

// fail keeps the first panic of a launch and leaves out what has not begun.
func (e *executor) fail(err error) {
	e.loop.stop()
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.failed == nil {
		e.failed = err
	}
}

// reserve makes the scratch at least as large as the plan asks for.
func (e *executor) reserve() error {
	var err error
	if e.shared, err = grow(e.shared, e.plan.Shared); err != nil {
		return err
	}
	for w := range e.locals {
		if e.locals[w], err = grow(e.locals[w], e.plan.Local); err != nil {
			return err
		}
	}
	return nil
}

func grow(words []uint64, bytes int) ([]uint64, error) {
	n := (bytes + 7) / 8
	if n <= len(words) {
		return words, nil
	}
	if free := sysinfo.Available(); free > 0 && int64(bytes) > free {
		return words, fmt.Errorf("%w: scratch of %d MiB was asked for, %d MiB are left",
			device.ErrOutOfMemory, bytes>>20, free>>20)
	}
	return make([]uint64, n), nil
}
