package cpu

import (
	"context"
	"fmt"
	"math"
	"sync"
	"sync/atomic"
	"time"

	"offload/device"
	"offload/internal/sysinfo"
)

// engine runs one launch at a time on a pool, divided into tiles or by the kernel's plan.
// Its memory is reused from launch to launch.
type engine struct {
	pool    *Pool
	owned   bool // the pool is closed with the device
	variant string

	place    place // of the launch
	inline   bool  // the launch runs in its caller
	borrowed bool  // the launch runs in its caller's place

	body    func(pl *place, worker, task int) // e.task, made once
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

	ops   float64      // predicted operations of the launch
	rates rates        // of kernels without Cost
	count uint         // of launches
	done  atomic.Int64 // tasks
	timed bool         // the launch is measured
	spent atomic.Int64 // nanoseconds of the launch's tasks

	recorder device.Recorder // may be nil
	number   int             // of the device, for the recorder
}

func (e *engine) init(o device.Options) {
	e.variant, e.place.pool, e.rates = o.Variant, e.pool, rates{}
	e.body = e.task
	e.tiles = make([]device.Tile, e.pool.workers)
	e.locals = make([][]uint64, e.pool.workers)
}

// Inline reports whether a hand-over to other goroutines would slow l down (see
// inlineOps) and there is a place for it at once: a free one, or the caller's.
func (e *engine) Inline(ctx context.Context, l *device.Launch) bool {
	if e.ops = e.rates.ops(l); e.ops >= inlineOps {
		return false
	}
	if e.inline = e.pool.tryTurn(); e.inline {
		return true
	}
	if pl, ok := device.PlaceOf(ctx).(*place); ok && pl.pool == e.pool {
		e.pool.mu.Lock()
		e.inline, e.borrowed = pl.held, pl.held
		e.pool.mu.Unlock()
	}
	return e.inline
}

// Held returns the caller's place in the pool.
func (e *engine) Held(ctx context.Context) device.Place { return e.pool.Held(ctx) }

// Progress returns the number of tasks done.
func (e *engine) Progress() int64 { return e.done.Load() }

// leave frees the place of Inline or place.enter.
func (e *engine) leave() {
	if !e.borrowed {
		e.pool.leave()
	}
	e.inline, e.borrowed = false, false
}

// Close closes the pool if it belongs to the device.
func (e *engine) Close() {
	if e.owned {
		e.pool.Close()
	}
}

// Execute runs the bound launch in a place of the pool.
func (e *engine) Execute(b *device.Binding) error {
	l := b.Launch
	if !e.inline {
		if err := e.place.enter(b.Ctx); err != nil {
			return fmt.Errorf("kernel %s: %w", l.Kernel.Name, err)
		}
	}
	defer e.leave()
	if !e.inline {
		e.place.yield()
		e.ops = e.rates.ops(l)
	}
	e.count++
	e.timed = l.Kernel.Cost == nil && (!e.inline || e.count%inlineTimed == 0)
	if e.timed {
		e.spent.Store(0)
	}
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
		e.plan.Tasks = append(e.plan.Tasks, tiles(l, e.ops, e.pool.workers))
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
		e.pool.run(&e.loop, &e.place, tasks, e.body)
	}
	if e.timed && e.failed == nil && b.Ctx.Err() == nil {
		e.rates.learn(l, time.Duration(e.spent.Load()))
	}
	e.binding, e.run = nil, nil
	return e.failed
}

// choose returns the host code to use for k, the best where k lacks the variant; nil means
// its contract.
func (e *engine) choose(k *device.Kernel) *device.HostCode {
	if e.variant == contract {
		return nil
	}
	var best *device.HostCode
	for i := range k.Host {
		h := &k.Host[i]
		switch {
		case !ready(*h):
		case e.variant == h.Name:
			return h
		case best == nil:
			best = h
		}
	}
	return best
}

// task runs one task of the current phase.
func (e *engine) task(_ *place, worker, task int) {
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
		e.done.Add(1)
	}
	finished = true
}

// compute runs task t, and measures and records it if needed.
func (e *engine) compute(t *device.Tile) {
	if e.recorder == nil && !e.timed {
		e.run(t)
		return
	}
	start := time.Now()
	e.run(t)
	end := time.Now()
	if e.timed {
		e.spent.Add(int64(end.Sub(start)))
	}
	if e.recorder == nil {
		return
	}
	v := device.Event{
		Kind: device.EventTile, Device: e.number, Worker: t.Worker, Start: start, End: end,
		Kernel: t.Kernel, Phase: t.Phase, Task: t.Task,
	}
	if !e.planned {
		v.Rows = t.Rows
	}
	e.recorder.Record(v)
}

// fail keeps the first panic of a launch and drops tasks that have not begun.
func (e *engine) fail(err error) {
	e.loop.stop()
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.failed == nil {
		e.failed = err
	}
}

// reserve allocates the scratch of the plan.
func (e *engine) reserve() error {
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
	if m := sysinfo.FreeMemory(); m.Free > 0 && int64(bytes) > m.Free {
		return words, device.Info{Backend: "the machine", Memory: m.Free, Limit: m.Limit}.OutOfMemory("scratch", float64(bytes))
	}
	return make([]uint64, n), nil
}

const (
	// inlineOps is the predicted work below which a launch runs in its caller.
	// BenchmarkHandOver measures the cost of the hand-over: see BENCHMARKS.md.
	inlineOps = 20_000

	// tileOps is the least work of a tile.
	tileOps = 20_000

	// tilesPerWorker is the number of tiles per worker of a large launch, which balances
	// uneven tiles and a core that is busy elsewhere.
	tilesPerWorker = 16

	// opsPerSecond converts the measured time of a kernel without Cost to work: inlineOps
	// are 10 µs.
	opsPerSecond = 2e9

	// inlineTimed is the number of inline launches per one that is measured: reading the
	// clock twice takes as long as a small launch.
	inlineTimed = 16

	// manyKernels is the number of measured kernels at which all are forgotten, so that a
	// program that creates kernels endlessly uses bounded memory.
	manyKernels = 1024
)

// tiles returns the number of tiles for a launch without a plan, of the given work.
func tiles(l *device.Launch, ops float64, workers int) int {
	byWork := int(min(ops/tileOps, 1e6))
	return max(1, min(l.Rows.Len(), workers*tilesPerWorker, byWork))
}

// rates are the operations per row of each kernel without Cost, at its latest
// measurement.
type rates map[*device.Kernel]float64

// ops returns the predicted work of l: +Inf if it was not measured.
func (r rates) ops(l *device.Launch) float64 {
	if l.Kernel.Cost != nil {
		return device.CostOf(l).Ops
	}
	if row, known := r[l.Kernel]; known {
		return row * float64(l.Rows.Len())
	}
	return math.Inf(1)
}

// learn records the total time of the tasks of l.
func (r rates) learn(l *device.Launch, spent time.Duration) {
	if len(r) >= manyKernels {
		clear(r)
	}
	r[l.Kernel] = spent.Seconds() * opsPerSecond / float64(l.Rows.Len())
}
