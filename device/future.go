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

// Place is what work takes up while it runs: one of the workers of a pool, or the
// turn on a device. Work that waits lends its place, so that tasks may wait for
// tasks to any depth without deadlock and without more of them running than there
// are places.
type Place interface {
	// Lend gives the place to other work while the caller waits.
	Lend()
	// Return waits until the place is free again, or until ctx is done: then the
	// caller goes on at once, and nothing new begins until there is a place for it.
	Return(ctx context.Context)
}

// Owner runs futures, or the launches of a device, in places.
type Owner interface {
	// Held returns the place of this owner that the calling goroutine takes up, and
	// nil if it takes up none.
	Held(ctx context.Context) Place
}

// PlaceOf returns the place that work with this context takes up, nil if none.
func PlaceOf(ctx context.Context) Place {
	p, _ := ctx.Value(placeKey{}).(Place)
	return p
}

// WithPlace returns a context for work that takes up p.
func WithPlace(ctx context.Context, p Place) context.Context { return &placed{ctx, p} }

type placeKey struct{}

// placed is the context of work that takes up a place.
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

// Lent is a place that was lent for a wait. Its zero value stands for none.
type Lent struct{ place Place }

// Lend lends the place of o that the caller takes up, if it does, before a wait for
// what o has to do.
func Lend(ctx context.Context, o Owner) Lent {
	if o == nil {
		return Lent{}
	}
	return lendPlace(o.Held(ctx))
}

// lend is Lend for a wait that frees whatever place the caller takes up.
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
