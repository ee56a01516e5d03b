package poisson

import (
	"context"
	"sync"
	"sync/atomic"

	"offload/device"
)

// crew is a number of goroutines that share the preparation of a solver and its data. Each
// piece of a matrix is set by one of them, and depends on none that another one sets at the
// same time, so that results do not depend on their number.
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

// rows calls do for pieces of n rows of the given width. After an error no piece begins. The
// result is the error of the first piece that has one, as in a plain loop, or that of ctx.
func (c crew) rows(ctx context.Context, n, width int, do func(r device.Range) error) error {
	pieces := min(piecesEach*int(c), n, n*width/pieceElements)
	if c == 1 || pieces <= 1 {
		if err := ctx.Err(); err != nil {
			return err
		}
		return do(device.Range{Hi: n})
	}
	var next atomic.Int64 // pieces begin in order, so that none before a failed one is left out
	errs := make([]error, pieces)
	work := func() {
		for piece := int(next.Add(1)) - 1; piece < pieces; piece = int(next.Add(1)) - 1 {
			err := ctx.Err()
			if err == nil {
				err = do(device.Range{Hi: n}.Part(piece, pieces))
			}
			if err != nil {
				errs[piece] = err
				next.Store(int64(pieces))
			}
		}
	}
	var others sync.WaitGroup
	for range min(int(c), pieces) - 1 {
		others.Go(work)
	}
	work()
	others.Wait()
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}
