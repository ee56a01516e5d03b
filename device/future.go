package device

import (
	"context"
	"sync/atomic"
)

// Future is a value that is being computed. Its function is called once, on a goroutine
// of the owner, or on a new goroutine if there is no owner, and never on a goroutine that
// waits for the value. So a wait ends with its context, and a panic or runtime.Goexit in
// the function does not affect the waiting goroutines.
type Future[T any] struct {
	ctx    context.Context
	run    func(context.Context) (T, error)
	owner  Owner
	placed placed // the context of run
	state  atomic.Int32
	done   chan struct{}
	value  T
	err    error
}

// The states of a future, in order. The goroutine that sets ended also sets value and
// err.
const (
	waiting int32 = iota
	running
	ended
)

// Pending is a future of any type in an executor's queue.
type Pending interface {
	// Own sets the owner that will start the future. It must be called before any wait.
	Own(o Owner)
	// Start computes the value in the calling goroutine, unless that has begun elsewhere.
	Start()
	// StartIn is Start for work that occupies p.
	StartIn(p Place)
	// Fail ends a future with err if it has not begun, and reports whether it did.
	Fail(err error) bool
}

// Executor runs functions and futures on workers; package cpu has two implementations.
type Executor interface {
	// Workers returns the largest number of functions that run at the same time.
	Workers() int

	// ForEach divides the indices 0 ≤ i < n into ranges and calls body for each,
	// concurrently on several workers, and returns when all are done. Bodies may write
	// disjoint parts of shared slices. After an error, no range with higher indices begins,
	// and the context of running bodies is cancelled. ForEach returns the error of the
	// lowest range.
	ForEach(ctx context.Context, n int, body func(ctx context.Context, r Range) error) error

	// Begin queues a future.
	Begin(f Pending)

	// Close drops futures that have not begun, which end with ErrClosed, and waits for
	// running ones. It must not be called from a function that the executor runs.
	Close() error
}

// NewFuture returns a future of run's result. run is called by Start, or by the first
// wait for a future without an owner. If ctx is done before that, run is not called and
// the future ends with the context's error.
func NewFuture[T any](ctx context.Context, run func(context.Context) (T, error)) *Future[T] {
	return &Future[T]{ctx: ctx, run: run, done: make(chan struct{})}
}

// Own sets the owner that will start the future.
func (f *Future[T]) Own(o Owner) { f.owner = o }

// Start computes the value in the calling goroutine, unless that has begun elsewhere.
func (f *Future[T]) Start() { f.StartIn(nil) }

// StartIn is Start for work that occupies p, which the function's waits lend.
func (f *Future[T]) StartIn(p Place) {
	if !f.state.CompareAndSwap(waiting, running) {
		return
	}
	ctx, run := f.ctx, f.run
	f.run = nil
	if p != nil {
		f.placed = placed{ctx, p}
		ctx = &f.placed
	}
	value, err := *new(T), ctx.Err()
	returned := false
	defer func() {
		if !returned { // a panic, or a Goexit, which would otherwise look like success
			err = Caught("task", recover())
		}
		if f.state.CompareAndSwap(running, ended) {
			f.value, f.err = value, err
			close(f.done)
		}
	}()
	if err == nil {
		value, err = run(ctx)
	}
	returned = true
}

// Fail ends a future with err if it has not begun, and reports whether it did.
func (f *Future[T]) Fail(err error) bool {
	if !f.state.CompareAndSwap(waiting, ended) {
		return false
	}
	f.run = nil
	f.err = err
	close(f.done)
	return true
}

// Abandon is like Fail, and also ends a running future: its function continues, and its
// result is dropped.
func (f *Future[T]) Abandon(err error) bool {
	if f.Fail(err) {
		return true
	}
	if !f.state.CompareAndSwap(running, ended) {
		return false
	}
	f.err = err
	close(f.done)
	return true
}

// Get waits for the value. If ctx is done first, it returns the context's error and the
// computation continues.
func (f *Future[T]) Get(ctx context.Context) (T, error) {
	if err := f.Wait(ctx); err != nil {
		var zero T
		return zero, err
	}
	return f.value, nil
}

// Wait is like Get without the value. It lends the caller's place, if any, during the
// wait.
func (f *Future[T]) Wait(ctx context.Context) error {
	select {
	case <-f.done:
		return f.err
	default:
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	if f.owner == nil && f.state.Load() == waiting {
		go f.Start()
	}
	lent := lend(ctx, f.owner)
	defer lent.Return(ctx)
	if ctx.Done() == nil { // a plain receive is faster than a select
		<-f.done
		return f.err
	}
	select {
	case <-f.done:
		return f.err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Done returns a channel that is closed when the future has ended.
func (f *Future[T]) Done() <-chan struct{} { return f.done }

// Place is the resource that work occupies while it runs: a worker of a pool, or the turn
// on a device. Work that waits lends its place, so that tasks may wait for tasks to any
// depth without deadlock, and never more of them run than there are places.
type Place interface {
	// Lend makes the place available to other work while the caller waits.
	Lend()
	// Return waits until the place is free again. If ctx is done first, the caller
	// continues at once, and no new work begins until there is a place for the caller's.
	Return(ctx context.Context)
}

// Owner runs futures, or the launches of a device, in places.
type Owner interface {
	// Held returns the place of this owner that the calling goroutine occupies, or nil.
	Held(ctx context.Context) Place
}

// PlaceOf returns the place that work with this context occupies, or nil.
func PlaceOf(ctx context.Context) Place {
	p, _ := ctx.Value(placeKey{}).(Place)
	return p
}

// WithPlace returns a context for work that occupies p.
func WithPlace(ctx context.Context, p Place) context.Context { return &placed{ctx, p} }

type placeKey struct{}

// placed is the context of work that occupies a place.
type placed struct {
	context.Context
	place Place
}

func (p *placed) Value(key any) any {
	if key == (placeKey{}) {
		return p.place
	}
	return p.Context.Value(key)
}

// Lent is a place that was lent for a wait. The zero value means none.
type Lent struct{ place Place }

// Lend lends the place of o that the caller occupies, if any, before a wait for work of
// o.
func Lend(ctx context.Context, o Owner) Lent {
	if o == nil {
		return Lent{}
	}
	return lendPlace(o.Held(ctx))
}

// lend is Lend for any place that the caller occupies, whatever its owner.
func lend(ctx context.Context, o Owner) Lent {
	if p := PlaceOf(ctx); p != nil {
		return lendPlace(p)
	}
	return Lend(ctx, o)
}

func lendPlace(p Place) Lent {
	if p != nil {
		p.Lend()
	}
	return Lent{p}
}

// Return takes the place back after the wait; see Place.
func (l Lent) Return(ctx context.Context) {
	if l.place != nil {
		l.place.Return(ctx)
	}
}
