package gl

import "offload/device"

// Left returns the number of objects of the driver that a closed device left behind.
func Left(d device.Device) int { return d.(*Device).engine.left }
