package poisson

import (
	"context"
	"sync"
	"sync/atomic"

	"offload/device"
)

// crew is a number of goroutines that share the preparation of a solver. Each piece of a
// matrix is set by one of them, and depends on none that another one sets at the same time,
// so that results do not depend on their number.
type crew int

// crewOf returns as many as a device has workers on the host's cores.
func crewOf(dev device.Device) crew {
	if i := dev.Info(); i.Class == device.CPU {
		return crew(max(1, i.Workers))
	}
	return 1
}

const (
	// piecesEach is the number of pieces for each goroutine, which balances a core that is
	// busy elsewhere.
	piecesEach = 4
	// pieceElements is the least number of elements of a piece.
	pieceElements = 1 << 13
)

// rows calls do for pieces of n rows of the given width, and returns one of its errors, or
// that of ctx. After an error no piece begins.
func (c crew) rows(ctx context.Context, n, width int, do func(r device.Range) error) error {
	pieces := min(piecesEach*int(c), n, n*width/pieceElements)
	if c == 1 || pieces <= 1 {
		if err := ctx.Err(); err != nil {
			return err
		}
		return do(device.Range{Hi: n})
	}
	var next atomic.Int64
	errs := make([]error, min(int(c), pieces))
	work := func(k int) {
		for errs[k] == nil {
			piece := int(next.Add(1)) - 1
			if piece >= pieces {
				return
			}
			if errs[k] = ctx.Err(); errs[k] == nil {
				errs[k] = do(device.Range{Hi: n}.Part(piece, pieces))
			}
		}
		next.Store(int64(pieces))
	}
	var others sync.WaitGroup
	for k := 1; k < len(errs); k++ {
		others.Go(func() { work(k) })
	}
	work(0)
	others.Wait()
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}
