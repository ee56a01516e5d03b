package cpu

import (
	"context"
	"sync"

	"offload/device"
)

// Executor runs tasks: a Pool on its workers, Serial at once. Functions run on goroutines
// other than the caller's: a panic or runtime.Goexit becomes an error of that call, a
// *device.PanicError. After Close, calls fail with device.ErrClosed.
type Executor interface {
	device.Executor
	// Owner returns the places that waits for the executor lend.
	device.Owner

	// submit is Begin with a wait for room in the queue until ctx is done.
	submit(ctx context.Context, f device.Pending)
	// loop calls body for every piece 0 ≤ p < pieces, on several workers. The
	// caller is a task of the executor with the context ctx, which ends with the loop.
	loop(ctx context.Context, pieces int, body func(pl *place, worker, piece int))
}

// Submit queues run and returns a future of its result. If ctx is done before run begins,
// run is not called.
func Submit[T any](ctx context.Context, ex Executor, run func(ctx context.Context) (T, error)) *device.Future[T] {
	f := device.NewFuture(ctx, run)
	ex.submit(ctx, f)
	return f
}

// Map returns f of every element of in, in the same order. The elements are divided into
// chunks. After an error, no later element begins and the contexts of running later
// elements are cancelled, while earlier elements are completed. So Map returns the error
// of the first element that failed, as a plain loop would.
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

// chunksPerWorker is the number of chunks per worker of a map or a loop, which balances
// uneven ones.
const chunksPerWorker = 8

func chunks(n, workers int) int { return min(n, workers*chunksPerWorker) }

// Distribute divides 0 ≤ i < n into the given number of consecutive ranges, whose lengths
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

// Serial is a serial replacement of Pool for debugging: it runs everything at once, in
// order, while its caller waits. The zero value is ready to use.
type Serial struct {
	mu      sync.Mutex
	closed  bool
	running sync.WaitGroup
}

// Workers returns 1.
func (s *Serial) Workers() int { return 1 }

// ForEach calls body for one range after another; see device.Executor.
func (s *Serial) ForEach(ctx context.Context, n int, body func(ctx context.Context, r device.Range) error) error {
	return forEach(ctx, s, n, body)
}

// Close waits for running work, and makes later calls fail with device.ErrClosed.
func (s *Serial) Close() error {
	s.mu.Lock()
	s.closed = true
	s.mu.Unlock()
	s.running.Wait()
	return nil
}

// Begin runs a future, on a new goroutine because it may call runtime.Goexit, and waits
// for it; see device.Executor.
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

// Held returns nil: Serial has no places.
func (s *Serial) Held(context.Context) device.Place { return nil }

func (s *Serial) submit(_ context.Context, f device.Pending) { s.Begin(f) }

func (s *Serial) loop(_ context.Context, pieces int, body func(pl *place, worker, piece int)) {
	for piece := range pieces {
		body(nil, 0, piece)
	}
}
