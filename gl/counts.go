package gl

import (
	"sync/atomic"
	"time"

	"offload/device"
)

// counts may be read from any goroutine.
type counts struct {
	fences, launches, dispatches, kernelTime, uploaded, downloaded atomic.Int64
}

func (c *counts) read() device.Counters {
	return device.Counters{
		Progress:   c.fences.Load(),
		Launches:   c.launches.Load(),
		Dispatches: c.dispatches.Load(),
		KernelTime: time.Duration(c.kernelTime.Load()),
		Uploaded:   c.uploaded.Load(),
		Downloaded: c.downloaded.Load(),
	}
}
