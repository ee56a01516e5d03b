package sched_test

import (
	"context"
	"sync"
	"testing"

	"offload/device"
	"offload/device/reference"
	"offload/device/sched"
	"offload/kernels"
	"offload/kernels/gravity"
)

// goPool is a pool for bubbles of virtual time, where the workers of package cpu, which
// watch the clock, would spin forever.
type goPool struct{ running sync.WaitGroup }

func (p *goPool) Workers() int { return 2 }

func (p *goPool) ForEach(ctx context.Context, n int, body func(ctx context.Context, r device.Range) error) error {
	return body(ctx, device.Range{Hi: n})
}

func (p *goPool) Begin(f device.Pending) { p.running.Go(f.Start) }

func (p *goPool) Close() error {
	p.running.Wait()
	return nil
}

// opener opens devices, as package devicetest and the simulated ones do.
type opener = func(ctx context.Context, o device.Options) (device.Device, error)

// tested are the kernels of the tests: those of gravity and of grid.
func tested() []*device.Kernel { return kernels.All()[:8] }

// candidate opens by o, with the kernels of the tests probed.
func candidate(name string, o opener) sched.Candidate {
	return sched.Candidate{Name: name, Open: func(ctx context.Context) (device.Device, error) {
		return o(ctx, device.Options{Kernels: tested()})
	}}
}

// schedule makes a scheduler over the candidates, the last of which is the host.
func schedule(t testing.TB, o sched.Options) *sched.Scheduler {
	t.Helper()
	if o.Pool == nil {
		o.Pool = new(goPool)
	}
	s, err := sched.New(context.Background(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// calibrate measures kernels on all candidates.
func calibrate(t testing.TB, s *sched.Scheduler, ks ...*device.Kernel) {
	t.Helper()
	for _, state := range s.States() {
		if err := s.Calibrate(context.Background(), state.Name, ks); err != nil {
			t.Fatal(err)
		}
	}
}

// remembered returns the kernel with the first of its examples, made once for each size up
// to a largest one. Making them takes longer than simulating them.
func remembered(k *device.Kernel, largest int) *device.Kernel {
	r, made := *k, map[int][]*device.Call{}
	r.Examples = func(n int) []*device.Call {
		if n = min(n, largest); made[n] == nil {
			made[n] = k.Examples(n)[:1]
		}
		return made[n]
	}
	return &r
}

// host is the reference device under the name cpu.
var host = candidate("cpu", reference.Open)

// chore is a kernel of one's own that takes a device as long as its weight says, and the
// machine that runs the tests next to nothing: y ← 2x + 1.
var chore = newChore()

func newChore() *device.Kernel {
	k := &device.Kernel{
		Name: "chore",
		Params: []device.Param{
			{Name: "weight", Type: device.Float64, Access: device.Value},
			{Name: "x", Type: device.Float64, Access: device.ReadRows},
			{Name: "y", Type: device.Float64, Access: device.WriteRows},
		},
		Contract: func(t *device.Tile) {
			x, y := device.View[float64](t, 1), device.View[float64](t, 2)
			for i := t.Rows.Lo; i < t.Rows.Hi; i++ {
				y[i] = x[i] + x[i] + 1
			}
		},
		Cost: func(l *device.Launch) device.Cost {
			n := float64(l.Rows.Len()) * device.Scalar[float64](l, 0)
			return device.Cost{Items: n, Ops: n, Bytes: 16 * float64(l.Rows.Len())}
		},
	}
	k.Examples = func(n int) []*device.Call { return []*device.Call{choreCall(k, n, 1)} }
	return k
}

// choreCall is a call on n rows of that weight, and done reports whether it was run.
func choreCall(k *device.Kernel, n int, weight float64) *device.Call {
	x := make([]float64, n)
	for i := range x {
		x[i] = float64(i)
	}
	return &device.Call{Kernel: k, Args: []device.HostArg{device.HostVal(weight), device.HostVec(x), device.HostVec(make([]float64, n))}}
}

func done(c *device.Call) bool {
	for i, y := range device.As[float64](c.Args[2].Data) {
		if y != float64(2*i+1) {
			return false
		}
	}
	return true
}

// forceTask is the task of gravity.ForceCall, whose value is the accelerations.
func forceTask[T device.Float](bodies []T, softening T) (sched.Task[[]T], error) {
	acc := make([]T, len(bodies)/gravity.BodyWidth*gravity.AccelWidth)
	call, err := gravity.ForceCall(bodies, acc, softening)
	if err != nil {
		return sched.Task[[]T]{}, err
	}
	inner, err := sched.CallTask(call)
	return valued(inner, func(c *device.Call) []T { return device.As[T](c.Args[2].Data) }), err
}

// valued is a task with the same work and another value.
func valued[A, B any](inner sched.Task[A], value func(A) B) sched.Task[B] {
	return sched.Task[B]{
		Name: inner.Name, Needs: inner.Needs, Work: inner.Work, Up: inner.Up, Down: inner.Down,
		Run: func(ctx context.Context, d device.Device) (b B, err error) {
			a, err := inner.Run(ctx, d)
			if err == nil {
				b = value(a)
			}
			return b, err
		},
	}
}

// force has the scheduler compute the accelerations of bodies.
func force(ctx context.Context, s *sched.Scheduler, bodies []float64) ([]float64, sched.Report, error) {
	acc := make([]float64, len(bodies)/gravity.BodyWidth*gravity.AccelWidth)
	call, err := gravity.ForceCall(bodies, acc, 0.01)
	if err != nil {
		return nil, sched.Report{}, err
	}
	report, err := sched.Run(ctx, s, call)
	return acc, report, err
}
