package cpu

import (
	"context"
	"sync"

	"offload/device"
)

// Executor runs tasks: a Pool on its workers, Serial at once. No function that it is given
// runs on its caller's goroutine: one that panics or calls runtime.Goexit ends as an
// error, a *device.PanicError, of that call alone. An executor that is closed does nothing
// any more, and says device.ErrClosed.
type Executor interface {
	device.Executor
	// Owner finds the places that are lent by those who wait for the executor.
	device.Owner

	// submit is Begin for a caller who waits for room on the list until ctx is done.
	submit(ctx context.Context, f device.Pending)
	// loop calls body for every piece 0 ≤ p < pieces, on several workers. The
	// caller is a task of the executor with the context ctx, which ends with the loop.
	loop(ctx context.Context, pieces int, body func(pl *place, worker, piece int))
}

// Submit puts run on the executor's to-do list and returns a future of its result. If ctx
// is done before run begins, run is not called.
func Submit[T any](ctx context.Context, ex Executor, run func(ctx context.Context) (T, error)) *device.Future[T] {
	f := device.NewFuture(ctx, run)
	ex.submit(ctx, f)
	return f
}

// Map returns f of every element of in, in that order. The elements are cut into
// chunks. After an error no element behind it begins, and the context of those that run
// is cancelled, but what stands before it runs to its end: the error of the first
// element that failed is returned, the same that a plain loop would have met.
func Map[A, B any](ctx context.Context, ex Executor, in []A, f func(ctx context.Context, a A) (B, error)) ([]B, error) {
	out := make([]B, len(in))
	err := each(ctx, ex, len(in), chunks(len(in), ex.Workers()), func(ctx context.Context, i int) (err error) {
		out[i], err = f(ctx, in[i])
		return err
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

func forEach(ctx context.Context, ex Executor, n int, body func(ctx context.Context, r device.Range) error) error {
	parts := chunks(n, ex.Workers())
	return each(ctx, ex, parts, parts, func(ctx context.Context, i int) error {
		return body(ctx, device.Range{Hi: n}.Part(i, parts))
	})
}

// chunksPerWorker is how many chunks a worker gets of a map or a loop, so that
// uneven ones even out.
const chunksPerWorker = 8

func chunks(n, workers int) int { return min(n, workers*chunksPerWorker) }

// Distribute cuts 0 ≤ i < n into that many consecutive ranges, whose lengths
// differ by at most one. It panics unless parts ≥ 1 and n ≥ 0.
func Distribute(n, parts int) []device.Range {
	if parts < 1 || n < 0 {
		panic("cpu: Distribute needs n ≥ 0 and parts ≥ 1")
	}
	ranges := make([]device.Range, parts)
	for i := range ranges {
		ranges[i] = device.Range{Hi: n}.Part(i, parts)
	}
	return ranges
}

// Serial is the twin of Pool for debugging: it does everything at once, in order, while
// its caller waits. Its zero value is ready.
type Serial struct {
	mu      sync.Mutex
	closed  bool
	running sync.WaitGroup
}

// Workers is 1.
func (s *Serial) Workers() int { return 1 }

// ForEach calls body for one range after another; see Executor.
func (s *Serial) ForEach(ctx context.Context, n int, body func(ctx context.Context, r device.Range) error) error {
	return forEach(ctx, s, n, body)
}

// Close waits for what runs, and makes later calls fail with device.ErrClosed.
func (s *Serial) Close() error {
	s.mu.Lock()
	s.closed = true
	s.mu.Unlock()
	s.running.Wait()
	return nil
}

// Begin runs a future, on a goroutine of its own since it may call runtime.Goexit, and
// waits for it; see Executor.
func (s *Serial) Begin(f device.Pending) {
	s.mu.Lock()
	closed := s.closed
	if !closed {
		s.running.Add(1)
	}
	s.mu.Unlock()
	if closed {
		f.Fail(device.ErrClosed)
		return
	}
	defer s.running.Done()
	device.Guard("task", func() error { f.Start(); return nil })
}

// Held is nil: nothing takes up a place here.
func (s *Serial) Held(context.Context) device.Place { return nil }

func (s *Serial) submit(_ context.Context, f device.Pending) { s.Begin(f) }

func (s *Serial) loop(_ context.Context, pieces int, body func(pl *place, worker, piece int)) {
	for piece := range pieces {
		body(nil, 0, piece)
	}
}
