package ceiling

import "context"

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
