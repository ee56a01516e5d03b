package cluster

import (
	"context"
	"errors"
	"testing"
	"time"

	"offload/cluster/internal/ranks"
)

// A rank may die at any moment of the end: the others end in a bounded time.
func TestCloseLosesRank(t *testing.T) {
	lost := 0
	for after := time.Duration(0); after < 2*time.Second; after += 20 * time.Millisecond {
		g := ranks.NewGroup(3, ranks.Faults{Seed: 3, Delay: 200 * time.Millisecond, Rendezvous: true})
		errs := startIn(t, g, func(ctx context.Context, c *Comm, _ TaskOption) error {
			if c.Rank() == 1 {
				time.AfterFunc(after, func() { g.Kill(1, false) })
			}
			began := time.Now()
			err := c.Close(ctx)
			if took := time.Since(began); took > 2*Silence {
				t.Errorf("killed after %v: rank %d: it took %v", after, c.Rank(), took)
			}
			return err
		})
		for rank, err := range errs {
			if err != nil && !errors.Is(err, ErrLost) {
				t.Errorf("killed after %v: rank %d: %v", after, rank, err)
			}
			if err != nil {
				lost++
			}
		}
	}
	if lost == 0 {
		t.Error("no rank was missed")
	}
}
