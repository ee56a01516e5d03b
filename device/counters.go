package device

import "time"

// Counters is what a device has done since it was opened. Devices that compute in the
// host's memory count their progress alone.
type Counters struct {
	Progress   int64         // grows whenever something of what is queued was done; a device that hangs leaves it as it is
	Launches   int64         // launches handed to the hardware
	Dispatches int64         // pieces that they were cut into
	KernelTime time.Duration // time that the hardware took for those that were long enough to be timed
	Uploaded   int64         // bytes written to buffers
	Downloaded int64         // bytes read from buffers
}
