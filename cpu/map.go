package cpu

import (
	"context"
	"iter"
	"math"
	"sync"

	"offload/device"
)

// each calls do for 0 ≤ i < n, in pieces of even size, and returns the error with the
// lowest index. All indices below the lowest error are run, so the outcome does not
// depend on timing.
func each(ctx context.Context, ex Executor, n, pieces int, do func(ctx context.Context, i int) error) error {
	s := shared{n: n, pieces: pieces, do: do, failed: math.MaxInt, shares: make([]share, min(ex.Workers(), max(pieces, 1)))}
	f := device.NewFuture(ctx, func(ctx context.Context) (struct{}, error) {
		defer s.close()
		ex.loop(ctx, pieces, func(pl *place, worker, piece int) { s.run(ctx, pl, worker, piece) })
		return struct{}{}, s.err
	})
	ex.Begin(f)
	err := f.Wait(ctx)
	if ctx.Err() != nil {
		settle(ctx, ex, f, ctx.Err())
		err = f.Wait(context.WithoutCancel(ctx))
	}
	if s.err != nil {
		return s.err // rather than a later Goexit
	}
	return err
}

// settle drops a future that has not begun, and waits for one that has.
func settle[T any](ctx context.Context, ex Executor, f *device.Future[T], err error) {
	if !f.Fail(err) {
		lent := device.Lend(ctx, ex)
		<-f.Done()
		lent.Return(ctx)
	}
}

// shared is the work of a map or a loop.
type shared struct {
	n, pieces int
	do        func(ctx context.Context, i int) error

	mu     sync.Mutex
	failed int // the lowest piece with an error
	err    error
	shares []share // of the workers
}

// share is one worker's part of it: pieces with growing numbers.
type share struct {
	ctx    context.Context // cancelled when a lower piece has failed
	cancel context.CancelFunc
	place  *place
	piece  int
}

// run does one piece up to its first error.
func (s *shared) run(ctx context.Context, pl *place, worker, piece int) {
	ctx = s.begin(ctx, pl, worker, piece)
	if ctx == nil {
		return
	}
	returned := false
	defer func() {
		if !returned {
			s.fail(piece, device.Caught("task", recover()))
		}
	}()
	r := device.Range{Hi: s.n}.Part(piece, s.pieces)
	for i := r.Lo; i < r.Hi; i++ {
		err := ctx.Err()
		if err == nil {
			err = s.do(ctx, i)
		}
		if err != nil {
			s.fail(piece, err)
			break
		}
	}
	returned = true
}

// begin returns the context of a piece, or nil if the piece is dropped.
func (s *shared) begin(ctx context.Context, pl *place, worker, piece int) context.Context {
	s.mu.Lock()
	defer s.mu.Unlock()
	if piece > s.failed {
		return nil
	}
	h := &s.shares[worker]
	if h.piece = piece; h.ctx == nil || h.place != pl {
		if h.place = pl; worker > 0 {
			ctx = device.WithPlace(ctx, pl)
		}
		if h.cancel != nil {
			h.cancel() // the context of a former helper
		}
		h.ctx, h.cancel = context.WithCancel(ctx)
	}
	return h.ctx
}

// fail records an error, which cancels the contexts of higher pieces.
func (s *shared) fail(piece int, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if piece >= s.failed {
		return
	}
	s.failed, s.err = piece, err
	for _, h := range s.shares {
		if h.cancel != nil && h.piece > piece {
			h.cancel()
		}
	}
}

// close releases the contexts.
func (s *shared) close() {
	for _, h := range s.shares {
		if h.cancel != nil {
			h.cancel()
		}
	}
}

// MapSeq returns a sequence of f of every element of seq, in the same order. Up to twice
// as many elements as workers are in flight, and seq is at most one ahead of them. It is
// for sequences that are long, or whose elements arrive one by one.
//
// The first error ends the sequence, and so does the end of ctx. The error is yielded
// with a zero value, after the results of the elements before. seq runs on its own
// goroutine; a panic in it is an error, too. A loop that is left early cancels the
// contexts of running calls, and waits for them and for seq's next element.
func MapSeq[A, B any](ctx context.Context, ex Executor, seq iter.Seq[A], f func(ctx context.Context, a A) (B, error)) iter.Seq2[B, error] {
	return func(yield func(B, error) bool) {
		inner, cancel := context.WithCancel(ctx)
		s := source[A]{elements: make(chan A), ended: make(chan struct{})}
		go s.run(inner, seq)
		var flight []*device.Future[B] // oldest first
		defer func() {
			cancel()
			for _, f := range flight {
				settle(ctx, ex, f, context.Canceled)
			}
			lent := device.Lend(ctx, ex)
			<-s.ended
			lent.Return(ctx)
		}()
		elements := s.elements
		for len(flight) > 0 || elements != nil {
			var oldest <-chan struct{}
			more := elements
			if len(flight) > 0 {
				oldest = flight[0].Done()
			}
			if len(flight) == 2*ex.Workers() {
				more = nil
			}
			lent := device.Lend(ctx, ex)
			select {
			case a, ok := <-more:
				lent.Return(ctx)
				if !ok {
					elements = nil
					break
				}
				flight = append(flight, Submit(inner, ex, func(ctx context.Context) (B, error) { return f(ctx, a) }))
			case <-oldest:
				lent.Return(ctx)
				b, err := flight[0].Get(ctx)
				if flight = flight[1:]; !yield(b, err) || err != nil {
					return
				}
			case <-ctx.Done():
				lent.Return(ctx)
				var none B
				yield(none, ctx.Err())
				return
			}
		}
		if s.err != nil {
			var none B
			yield(none, s.err)
		}
	}
}

// source sends the elements of a sequence.
type source[A any] struct {
	elements chan A // closed at the end of the sequence
	ended    chan struct{}
	err      error // valid once elements is closed
}

// run sends the elements until ctx is done.
func (s *source[A]) run(ctx context.Context, seq iter.Seq[A]) {
	defer close(s.ended)
	s.err = device.Guard("sequence", func() error {
		for a := range seq {
			select {
			case s.elements <- a:
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		return nil
	})
	close(s.elements)
}
