package device

import "time"

// Counters is what a device has done since it was opened.
type Counters struct {
	Launches   int64         // launches handed to the hardware
	Dispatches int64         // pieces that they were cut into
	KernelTime time.Duration // time that the hardware took for those that were long enough to be timed
	Uploaded   int64         // bytes written to buffers
	Downloaded int64         // bytes read from buffers
}

// Counter is a Device that counts. Devices with memory of their own do.
type Counter interface {
	Device
	// Counters is what was done up to the last Sync.
	Counters() Counters
}
