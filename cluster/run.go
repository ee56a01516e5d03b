package cluster

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"offload/cluster/internal/mpi"
	"offload/cluster/internal/ranks"
	"offload/device"
)

// Join joins the MPI job that this process was started in, by mpirun or another launcher; without one it is the only rank.
// Programs need the build tag mpi, and an MPI library where they run. A process can join once. The error wraps
// device.ErrUnavailable if there is no MPI here.
func Join(ctx context.Context) (*Comm, error) {
	t, err := mpi.Open(ctx)
	if errors.Is(err, mpi.ErrUnavailable) {
		err = fmt.Errorf("%w: %w", device.ErrUnavailable, err)
	}
	if err != nil {
		return nil, err
	}
	return newComm(ctx, t)
}

// MPI returns the name and the version of the MPI library that Join would use. The error wraps device.ErrUnavailable if
// there is none.
func MPI() (string, error) {
	text, err := mpi.Describe()
	if err != nil {
		return "", fmt.Errorf("%w: %w", device.ErrUnavailable, err)
	}
	return text, nil
}

// Run calls f as each of n ranks, which are goroutines of this process: programs for ranks can be tried, and tested,
// without a message-passing library. It returns the error of the rank that failed first, which ends the others as Abort
// does. A panic in f is such an error.
func Run(ctx context.Context, n int, f func(ctx context.Context, c *Comm) error) error {
	if n < 1 || f == nil {
		return device.Invalidf("%d ranks", n)
	}
	var (
		group sync.WaitGroup
		mu    sync.Mutex
		first error
	)
	for _, t := range ranks.New(n) {
		group.Go(func() {
			c, err := newComm(ctx, t)
			if err == nil {
				err = device.Guard("rank", func() error { return f(ctx, c) })
			}
			if err != nil {
				mu.Lock()
				if first == nil {
					first = err
				}
				mu.Unlock()
				t.Abort(1, err.Error())
			}
			if c != nil {
				err = c.Close(ctx)
			}
			if err != nil {
				mu.Lock()
				if first == nil {
					first = err
				}
				mu.Unlock()
			}
		})
	}
	group.Wait()
	return first
}
