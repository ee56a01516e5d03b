// Package ceiling measures upper bounds of the rates of kernels on the cores and the
// memory of this machine, with loops that have only the instructions that a kernel
// needs. The ratio of a kernel's rate and its ceiling shows how much is left to gain on
// any machine, if that is equally busy during both measurements.
//
// Each ceiling is the best of a few short windows on all workers at once. It holds for
// the named instruction set; one with wider vectors may exceed it.
package ceiling

import (
	"context"
	"sync"
	"time"
)

//go:generate sh -c "cd _asm && go run . -out ../avx2_amd64.s -stubs ../avx2_amd64.go -pkg ceiling"

// compiled is the name of the instruction set of loops written in Go.
const compiled = "go"

// windows is the number of windows of windowTime. The best one counts, because
// disturbances only slow a loop down.
const (
	windows    = 5
	windowTime = 20 * time.Millisecond
)

// piece does a part of some work, of well below a millisecond, and returns its number of
// items.
type piece func() (items float64)

// best returns the largest number of items per second that all workers together reach in
// a window. It calls worker(i) on the goroutine of worker i, so that its memory is near
// the core that uses it.
func best(ctx context.Context, workers int, worker func(i int) piece) (float64, error) {
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	pieces := make([]piece, workers)
	together(workers, func(i int) {
		pieces[i] = worker(i)
		pieces[i]() // warm the caches
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

// Limits of the bytes that Copy moves. Beyond the largest it always measures memory, so
// a larger size is not needed.
const (
	smallestCopy = 1 << 16
	LargestCopy  = 1 << 28
)

// Copy returns the bandwidth of a copy of bytes/2 bytes, in bytes read and written per
// second. A sweep over a grid of that size must move as much. Each worker copies its
// share repeatedly, so a small size measures the caches and a large one the memory.
func Copy(ctx context.Context, workers, bytes int) (float64, error) {
	share := max(min(bytes, LargestCopy), smallestCopy) / 2 / workers
	return best(ctx, workers, func(int) piece { return copyShare(share) })
}

// copyPiece is the number of bytes copied at a time.
const copyPiece = 1 << 20

// copyShare returns the work of one worker on two new areas. It writes both first,
// because memory that was never written is mapped to a single page of zeros.
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
