package cpu

import (
	"context"
	"sync"

	"offload/device"
)

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
