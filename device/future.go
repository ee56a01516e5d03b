package device

import (
	"context"
	"sync/atomic"
)

// Future is a value that is being computed. Its function is called once, on a
// goroutine of whoever owns the future, or on one of its own if nobody does;
// never on the goroutine of one who waits. So a wait ends with its context, and
// a function that panics or calls runtime.Goexit ends nobody else.
type Future[T any] struct {
	ctx    context.Context
	run    func(context.Context) (T, error)
	owner  Owner
	placed placed // what run is called with
	state  atomic.Int32
	done   chan struct{}
	value  T
	err    error
}

// The states of a future, in order. Who changes it to ended sets value and err.
const (
	waiting int32 = iota
	running
	ended
)

// Pending is a future of any type, as it stands on a to-do list.
type Pending interface {
	// Own says who will start the future. It is called before anybody waits.
	Own(o Owner)
	// Start computes the value in the caller, unless that has begun elsewhere.
	Start()
	// StartIn is Start for work that takes up a place.
	StartIn(p Place)
	// Fail ends a future that has not begun with err, and reports whether it did.
	Fail(err error) bool
}

// Executor runs functions and futures on a number of workers; package cpu has two.
type Executor interface {
	// Workers is the number of functions that run at the same time, at most.
	Workers() int

	// ForEach cuts the indices 0 ≤ i < n into ranges and calls body for each,
	// at the same time on several workers, until all are done. Bodies may write
	// disjoint parts of shared slices. After an error no range with higher
	// indices begins, and the context of those that run is cancelled; the error
	// of the lowest range is returned.
	ForEach(ctx context.Context, n int, body func(ctx context.Context, r Range) error) error

	// Begin puts a future on the to-do list.
	Begin(f Pending)

	// Close drops what has not begun, whose futures end with ErrClosed, and waits
	// for what runs. It must not be called from a function that the executor runs.
	Close() error
}

// NewFuture makes a future of what run returns. Nothing runs until Start, or until
// somebody waits for a future that nobody owns. If ctx is done before that, run is
// not called and the future ends with the context's error.
func NewFuture[T any](ctx context.Context, run func(context.Context) (T, error)) *Future[T] {
	return &Future[T]{ctx: ctx, run: run, done: make(chan struct{})}
}

// Own says who will start the future.
func (f *Future[T]) Own(o Owner) { f.owner = o }

// Start computes the value in the caller, unless that has begun elsewhere.
func (f *Future[T]) Start() { f.StartIn(nil) }

// StartIn is Start for work that takes up a place, which the function's waits lend.
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
		if !returned { // a panic, or a Goexit, which would otherwise look like a zero value
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

// Fail ends a future that has not begun with err, and reports whether it did.
func (f *Future[T]) Fail(err error) bool {
	if !f.state.CompareAndSwap(waiting, ended) {
		return false
	}
	f.run = nil
	f.err = err
	close(f.done)
	return true
}

// Abandon is Fail also for a future that runs: its function goes on, and what it
// returns counts for nothing.
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

// Get waits for the value. If ctx is done first it returns the context's error;
// the computation goes on.
func (f *Future[T]) Get(ctx context.Context) (T, error) {
	if err := f.Wait(ctx); err != nil {
		var zero T
		return zero, err
	}
	return f.value, nil
}

// Wait is Get without the value. A place that the caller takes up is lent
// meanwhile.
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
	if ctx.Done() == nil { // a plain receive is faster than a choice
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

// Done is closed when the value is there.
func (f *Future[T]) Done() <-chan struct{} { return f.done }
