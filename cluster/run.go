package cluster

import (
	"context"
	"sync"

	"offload/cluster/internal/ranks"
	"offload/device"
)

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
