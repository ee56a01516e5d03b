package gl

import "offload/device"

// Left is the number of driver's objects that a closed device left behind.
func Left(d device.Device) int { return d.(*Device).engine.left }
