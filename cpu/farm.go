package cpu

import (
	"context"

	"offload/device"
)

// Farm runs tasks: a Pool on its workers, Serial at once. No function that it is given
// runs on its caller's goroutine: one that panics or calls runtime.Goexit ends as an
// error, a *device.PanicError, of that call alone. A farm that is closed does nothing
// any more, and says device.ErrClosed.
type Farm interface {
	// Workers is the number of functions that run at the same time, at most.
	Workers() int

	// ForEach cuts the indices 0 ≤ i < n into ranges and calls body for each,
	// at the same time on several workers, until all are done. Bodies may write
	// disjoint parts of shared slices. After an error no range with higher
	// indices begins, and the context of those that run is cancelled; the error
	// of the lowest range is returned.
	ForEach(ctx context.Context, n int, body func(ctx context.Context, r device.Range) error) error

	// Close drops what has not begun, whose futures end with device.ErrClosed,
	// and waits for what runs. It must not be called from a task of the farm.
	Close() error

	// Begin puts a future on the to-do list.
	Begin(f device.Pending)
	// Owner finds the places that are lent by those who wait for the farm.
	device.Owner

	// submit is Begin for a caller who waits for room on the list until ctx is done.
	submit(ctx context.Context, f device.Pending)
	// loop calls body for every piece 0 ≤ p < pieces, on several workers. The
	// caller is a task of the farm with the context ctx, which ends with the loop.
	loop(ctx context.Context, pieces int, body func(pl *place, worker, piece int))
}

// Submit puts run on the farm's to-do list and returns a future of its result. If ctx
// is done before run begins, run is not called.
func Submit[T any](ctx context.Context, farm Farm, run func(ctx context.Context) (T, error)) *device.Future[T] {
	f := device.NewFuture(ctx, run)
	farm.submit(ctx, f)
	return f
}

// Map returns f of every element of in, in that order. The elements are cut into
// chunks. After an error no element behind it begins, and the context of those that run
// is cancelled, but what stands before it runs to its end: the error of the first
// element that failed is returned, the same that a plain loop would have met.
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

func forEach(ctx context.Context, farm Farm, n int, body func(ctx context.Context, r device.Range) error) error {
	parts := chunks(n, farm.Workers())
	return each(ctx, farm, parts, parts, func(ctx context.Context, i int) error {
		return body(ctx, device.Range{Hi: n}.Part(i, parts))
	})
}

// chunksPerWorker is how many chunks a worker gets of a map or a loop, so that
// uneven ones even out.
const chunksPerWorker = 8

func chunks(n, workers int) int { return min(n, workers*chunksPerWorker) }

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
