package simulated

import (
	"time"

	"offload/device"
)

// Model says what a device is and how long it takes.
type Model struct {
	Name  string
	Class device.Class // "": a GPU

	Start     time.Duration      // of each launch, before its work
	Latency   time.Duration      // of each transfer
	Bandwidth float64            // bytes per second of transfers; 0: without limit
	Rates     map[string]float64 // of kernels by name: Cost.Items per second
	Rate      float64            // of other kernels; 0: without limit

	Memory     int64         // bytes that buffers may take; 0: without limit
	Precisions []device.Type // nil: both

	// Dry models the time alone: nothing is computed or stored, reads give zeros,
	// and Info.Exact lists the kernels untested. It is for sizes too large to
	// compute.
	Dry bool
}

// Launch is the time of a launch of that cost.
func (m Model) Launch(kernel string, c device.Cost) time.Duration {
	rate, ok := m.Rates[kernel]
	if !ok {
		rate = m.Rate
	}
	return m.Start + duration(c.Items, rate)
}

// Transfer is the time of a write or a read.
func (m Model) Transfer(bytes int) time.Duration {
	return m.Latency + duration(float64(bytes), m.Bandwidth)
}

// duration is the time of an amount at a rate per second.
func duration(amount, rate float64) time.Duration {
	if rate <= 0 {
		return 0
	}
	return time.Duration(amount / rate * float64(time.Second))
}
