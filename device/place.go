package device

import "context"

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
