// Package ceiling measures what the cores and the memory of this machine can do
// at most: loops with the instructions that a kernel cannot do without, and
// nothing else. A kernel's rate divided by such a rate tells how much there is
// left to gain, whatever the machine is, as long as it is no busier for one than
// for the other.
//
// Each ceiling is the best of a few short windows on all workers at once. It
// holds for vectors of the named instruction set; wider ones may pass it.
package ceiling

import (
	"context"
	"sync"
	"time"
)

//go:generate sh -c "cd _asm && go run . -out ../avx2_amd64.s -stubs ../avx2_amd64.go -pkg ceiling"

// compiled names the instructions of what is written in Go.
const compiled = "go"

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

// Limits of the bytes that Copy moves: beyond the largest it is memory that is
// measured, whatever the size.
const (
	smallestCopy = 1 << 16
	LargestCopy  = 1 << 28
)

// Copy is the bandwidth of a copy of bytes/2 bytes to as many others, in bytes
// read and written per second: what a sweep over a grid of that size must move.
// Each worker copies a share of its own again and again, so that a small size
// measures the caches and a large one the memory.
func Copy(ctx context.Context, workers, bytes int) (float64, error) {
	share := max(min(bytes, LargestCopy), smallestCopy) / 2 / workers
	return best(ctx, workers, func(int) piece { return copyShare(share) })
}

// copyPiece is the number of bytes copied at a time.
const copyPiece = 1 << 20

// copyShare is the work of one worker on two new areas. Both are written first:
// memory that never was is one page of zeros.
func copyShare(share int) piece {
	share = max(share, 1)
	from, to := make([]byte, share), make([]byte, share)
	for i := range share {
		from[i], to[i] = byte(i), 1
	}
	at := 0
	return func() float64 {
		n := copy(to[at:min(at+copyPiece, share)], from[at:])
		if at += n; at == share {
			at = 0
		}
		return 2 * float64(n)
	}
}
