package device

import (
	"context"
	"sync/atomic"
)

// Future is a value that is being computed. It is claimed once: by a worker, or
// by whoever waits for it first. That is why waiting never deadlocks: a future
// that is waited for is done, or runs on another goroutine, or is run at once
// by the one who waits.
type Future[T any] struct {
	ctx     context.Context
	run     func(context.Context) (T, error)
	claimed atomic.Bool
	done    chan struct{}
	value   T
	err     error
}

// Pending is a future of any type, as it stands on a to-do list.
type Pending interface {
	Start()
	Fail(err error) bool
}

// NewFuture makes a future of what run returns. Nothing runs until Start, or
// until somebody waits. If ctx is done before that, run is not called and the
// future ends with the context's error.
func NewFuture[T any](ctx context.Context, run func(context.Context) (T, error)) *Future[T] {
	return &Future[T]{ctx: ctx, run: run, done: make(chan struct{})}
}

// Start computes the value in the caller, unless that has begun elsewhere.
func (f *Future[T]) Start() {
	if !f.claimed.CompareAndSwap(false, true) {
		return
	}
	defer close(f.done)
	if f.err = f.ctx.Err(); f.err == nil {
		f.err = f.call()
	}
	f.run = nil
}

// Fail ends a future that nobody has claimed with err, and tells whether it did.
func (f *Future[T]) Fail(err error) bool {
	if !f.claimed.CompareAndSwap(false, true) {
		return false
	}
	f.err = err
	f.run = nil
	close(f.done)
	return true
}

// call runs the function; a panic becomes an error, and so does Goexit, which
// would otherwise look like a zero value.
func (f *Future[T]) call() (err error) {
	returned := false
	defer func() {
		if !returned {
			err = Caught("task", recover())
			f.err = err // a Goexit lets nobody take the result
		}
	}()
	f.value, err = f.run(f.ctx)
	returned = true
	return err
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

// Wait is Get without the value. A computation that has not begun runs in the
// caller.
func (f *Future[T]) Wait(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		select {
		case <-f.done:
			return f.err
		default:
			return err
		}
	}
	f.Start()
	select {
	case <-f.done:
		return f.err
	default:
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
