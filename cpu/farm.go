package cpu

import (
	"context"
	"math"
	"sync"

	"offload/device"
)

// Farm runs tasks: a Pool on its workers, Serial at once in the caller.
type Farm interface {
	// Workers is the number of goroutines that work at the same time.
	Workers() int

	// ForEach cuts the indices 0 ≤ i < n into ranges and calls body for each,
	// at the same time on several workers, until all are done. Bodies may write
	// disjoint parts of shared slices. After an error no range with higher
	// indices begins; the error of the lowest range is returned. A panic becomes
	// a *device.PanicError.
	ForEach(ctx context.Context, n int, body func(ctx context.Context, r device.Range) error) error

	// Close drops what has not begun, whose futures end with device.ErrClosed,
	// and waits for what runs. It must not be called from a task of the farm.
	Close() error

	// Begin puts a future on the to-do list. A farm that is closed ends it with
	// device.ErrClosed.
	Begin(f device.Pending)
	// loop calls body for every piece 0 ≤ p < pieces, on several workers.
	loop(pieces int, body func(worker, piece int))
}

// Submit puts run on the farm's to-do list and returns a future of its result.
// If ctx is done before run begins, run is not called.
func Submit[T any](ctx context.Context, farm Farm, run func(ctx context.Context) (T, error)) *device.Future[T] {
	f := device.NewFuture(ctx, run)
	farm.Begin(f)
	return f
}

// Map returns f of every element of in, in that order. The elements are cut into
// chunks on a to-do list. After an error no element behind it begins; the error
// of the first element that failed is returned, the same that a plain loop would
// have met. A panic in f becomes a *device.PanicError.
func Map[A, B any](ctx context.Context, farm Farm, in []A, f func(ctx context.Context, a A) (B, error)) ([]B, error) {
	out := make([]B, len(in))
	err := each(ctx, farm, len(in), chunks(len(in), farm.Workers()), func(ctx context.Context, i int) (err error) {
		out[i], err = f(ctx, in[i])
		return err
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// Distribute cuts 0 ≤ i < n into that many consecutive ranges, whose lengths
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

// chunksPerWorker is how many chunks a worker gets of a map or a loop, so that
// uneven ones even out.
const chunksPerWorker = 8

func chunks(n, workers int) int { return min(n, workers*chunksPerWorker) }

func forEach(ctx context.Context, farm Farm, n int, body func(ctx context.Context, r device.Range) error) error {
	parts := chunks(n, farm.Workers())
	return each(ctx, farm, parts, parts, func(ctx context.Context, i int) error {
		return body(ctx, device.Range{Hi: n}.Part(i, parts))
	})
}

// each calls do for 0 ≤ i < n, in pieces that are cut evenly, and returns the
// error with the lowest index. What has a lower index than every error so far
// still runs, so the outcome does not depend on timing.
func each(ctx context.Context, farm Farm, n, pieces int, do func(ctx context.Context, i int) error) error {
	first := firstError{index: math.MaxInt}
	farm.loop(pieces, func(_, piece int) {
		r := device.Range{Hi: n}.Part(piece, pieces)
		for i := r.Lo; i < r.Hi && i < first.before(); i++ {
			first.attempt(ctx, i, do)
		}
	})
	return first.err
}

// firstError keeps the error of the lowest index.
type firstError struct {
	mu    sync.Mutex
	index int
	err   error
}

// attempt calls do and records its error, panic or Goexit.
func (f *firstError) attempt(ctx context.Context, i int, do func(ctx context.Context, i int) error) {
	returned := false
	defer func() {
		if !returned {
			f.record(i, device.Caught("task", recover()))
		}
	}()
	err := ctx.Err()
	if err == nil {
		err = do(ctx, i)
	}
	if err != nil {
		f.record(i, err)
	}
	returned = true
}

func (f *firstError) before() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.index
}

func (f *firstError) record(i int, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if i < f.index {
		f.index, f.err = i, err
	}
}
