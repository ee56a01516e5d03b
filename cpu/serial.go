package cpu

import (
	"context"
	"sync/atomic"

	"offload/device"
)

// Serial is the twin of Pool for debugging: it does everything at once in the
// caller, in order. Its zero value is ready.
type Serial struct{ closed atomic.Bool }

// Workers is 1.
func (s *Serial) Workers() int { return 1 }

// ForEach calls body for one range after another; see Farm.
func (s *Serial) ForEach(ctx context.Context, n int, body func(ctx context.Context, r device.Range) error) error {
	return forEach(ctx, s, n, body)
}

// Close makes later tasks fail with device.ErrClosed.
func (s *Serial) Close() error {
	s.closed.Store(true)
	return nil
}

// Begin runs a future at once; see Farm.
func (s *Serial) Begin(f device.Pending) {
	if s.closed.Load() {
		f.Fail(device.ErrClosed)
		return
	}
	f.Start()
}

func (s *Serial) loop(pieces int, body func(worker, piece int)) {
	for piece := range pieces {
		body(0, piece)
	}
}
