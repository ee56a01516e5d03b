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

// A rank that dies during Dup is an error of the others in a bounded time.
func TestDupLosesRank(t *testing.T) {
	lost := 0
	for after := time.Duration(0); after < time.Second; after += 20 * time.Millisecond {
		g := ranks.NewGroup(3, ranks.Faults{Seed: 3, Delay: 200 * time.Millisecond, Rendezvous: true})
		errs := startIn(t, g, func(ctx context.Context, c *Comm, _ TaskOption) error {
			ctx, cancel := context.WithTimeout(ctx, 10*Silence)
			defer cancel()
			if err := c.Barrier(ctx); err != nil {
				return err
			}
			if c.Rank() == 1 {
				time.AfterFunc(after, func() { g.Kill(1, false) })
			}
			d, err := c.Dup(ctx)
			if err == nil {
				err = d.Close(ctx)
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

// A rank that has died is found although the one before it waits for another: it may have had its part of a collective
// operation that others have not.
func TestDeadRankIsFound(t *testing.T) {
	for dead := range 4 {
		g := ranks.NewGroup(4, ranks.Faults{})
		errs := startIn(t, g, func(ctx context.Context, c *Comm, _ TaskOption) error {
			ctx, cancel := context.WithTimeout(ctx, time.Hour)
			defer cancel()
			if err := c.Barrier(ctx); err != nil {
				return err
			}
			switch c.Rank() {
			case dead:
				g.Kill(dead, false)
			case (dead + 3) % 4:
				return c.Recv(ctx, (dead+1)%4, 1, nil)
			}
			return c.Barrier(ctx)
		})
		for rank, err := range errs {
			if !errors.Is(err, ErrLost) {
				t.Errorf("rank %d has died: rank %d: %v", dead, rank, err)
			}
		}
	}
}
