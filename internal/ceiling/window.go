package ceiling

import (
	"context"
	"sync"
	"time"
)

// windows of windowTime are measured; the best one counts, because whatever
// disturbs a loop slows it down.
const (
	windows    = 5
	windowTime = 20 * time.Millisecond
)

// piece does a share of some work, well below a millisecond of it, and returns how
// many items that were.
type piece func() (items float64)

// best is the largest number of items per second that all workers together have
// reached in a window. Worker gives each of them its own work, in a goroutine of
// that worker, so that memory is near the core that uses it.
func best(ctx context.Context, workers int, worker func(i int) piece) (float64, error) {
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	pieces := make([]piece, workers)
	together(workers, func(i int) {
		pieces[i] = worker(i)
		pieces[i]() // into the caches
	})
	rates, highest := make([]float64, workers), 0.0
	for range windows {
		if err := ctx.Err(); err != nil {
			return 0, err
		}
		together(workers, func(i int) { rates[i] = rate(ctx, pieces[i]) })
		sum := 0.0
		for _, r := range rates {
			sum += r
		}
		highest = max(highest, sum)
	}
	return highest, ctx.Err()
}

// together runs body on a goroutine for each worker.
func together(workers int, body func(worker int)) {
	var all sync.WaitGroup
	for i := range workers {
		all.Go(func() { body(i) })
	}
	all.Wait()
}

// rate repeats a piece for a window and returns items per second.
func rate(ctx context.Context, p piece) float64 {
	items, start := 0.0, time.Now()
	for {
		items += p()
		if t := time.Since(start); t >= windowTime || ctx.Err() != nil {
			return items / t.Seconds()
		}
	}
}
