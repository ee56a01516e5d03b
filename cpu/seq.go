package cpu

import (
	"context"
	"iter"

	"offload/device"
)

// MapSeq returns f of every element of seq, in that order, with as many elements on
// their way as keep the executor's workers busy: at most twice their number. It serves
// sequences that are long, or whose elements come one by one.
//
// The first error ends the sequence, and so does the end of ctx: it is yielded with a
// zero value, after the results of the elements before. A panic in seq is such an
// error, too; seq runs on a goroutine of its own. A loop that is left early cancels the
// contexts of what runs and waits for it, and for seq to come to its next element.
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

// source hands out the elements of a sequence.
type source[A any] struct {
	elements chan A // closed at the end of the sequence
	ended    chan struct{}
	err      error // to be read once elements is closed
}

// run hands the elements out until ctx is done.
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
