package cluster

import (
	"context"
	"fmt"
	"sync"
	"testing"

	"offload/cluster/internal/ranks"
	"offload/cpu"
	"offload/device"
	"offload/device/devicetest"
	"offload/kernels"
)

// TestCompliance: the device of all ranks is one like any other, for programs whose ranks make the same calls.
func TestCompliance(t *testing.T) {
	for _, c := range []struct {
		ranks  int
		shares []int
	}{{1, nil}, {2, nil}, {2, []int{1, 1}}, {3, []int{3, 1, 2}}, {5, []int{1, 1, 1, 1, 1}}, {5, nil}, {2, []int{0, 1}}} {
		t.Run(fmt.Sprintf("%d ranks %v", c.ranks, c.shares), func(t *testing.T) {
			ts := ranks.New(c.ranks)
			var all sync.WaitGroup
			for _, tr := range ts {
				all.Go(func() {
					t.Run(fmt.Sprint("rank ", tr.Rank()), func(t *testing.T) {
						ctx := context.Background()
						comm, err := newComm(ctx, tr)
						if err != nil {
							t.Fatal(err)
						}
						defer func() {
							if t.Failed() {
								comm.Abort(1, "the tests of a rank failed")
							}
							comm.Close(ctx)
						}()
						devicetest.RunAlike(t, func(ctx context.Context, o device.Options) (device.Device, error) {
							local, err := cpu.Open(ctx, device.Options{Workers: 1})
							if err != nil {
								return nil, err
							}
							d, err := Open(ctx, comm, local, Options{Kernels: o.Kernels, Shares: c.shares})
							if err != nil {
								return nil, err
							}
							return d, nil
						}, kernels.All()...)
					})
				})
			}
			all.Wait()
		})
	}
}
