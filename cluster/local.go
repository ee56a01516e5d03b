package cluster

import (
	"context"
	"errors"
	"fmt"
	"runtime"

	"offload/device"
	"offload/internal/sysinfo"
)

// Workers returns the number of workers of a pool for this rank: the CPUs that the launcher has bound the process to, as
// mpirun --bind-to numa does, or else this rank's part of those of the machine, which its ranks share; at least 1.
func (c *Comm) Workers() int {
	mine := runtime.GOMAXPROCS(0)
	rank, ranks := c.Local()
	if online := sysinfo.OnlineCPUs(); mine < online {
		return mine
	}
	return max(1, device.Range{Hi: mine}.Part(rank, ranks).Len())
}

// OpenLocal opens the device of this rank by open, as offload.Open opens a name: cpu with Workers workers, and of several
// GPUs that with the number of the rank on its machine, or the first. The ranks' devices may differ.
func (c *Comm) OpenLocal(ctx context.Context, name string, o device.Options, open func(context.Context, string, device.Options) (device.Device, error)) (device.Device, error) {
	if o.Workers == 0 {
		o.Workers = c.Workers()
	}
	rank, _ := c.Local()
	if name != "gpu" || rank == 0 {
		return open(ctx, name, o)
	}
	d, err := open(ctx, fmt.Sprintf("%s:%d", name, rank), o)
	if errors.Is(err, device.ErrUnavailable) { // fewer than ranks
		d, err = open(ctx, name, o)
	}
	return d, err
}
