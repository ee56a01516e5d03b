package kernels

import "offload/device"

// gravityExamples are calls on about n bodies: one set against itself, with and
// without softening and with two bodies in one place; a slice of the sources;
// disjoint sets; and a range of rows.
func gravityExamples[T device.Float](k *device.Kernel, resultWidth, n int) []*device.Call {
	bodies := Plummer[T](n, 42)
	if n > 2 {
		copy(bodies[:3], bodies[(n-1)*BodyWidth:][:3])
	}
	others := Plummer[T](n+3, 43)
	call := func(label string, targets, sources []T, softening T, home int, rows device.Range) *device.Call {
		return &device.Call{
			Label:  label,
			Kernel: k,
			Rows:   rows,
			Args: []device.HostArg{
				gravTargets:   device.HostMat(targets, BodyWidth),
				gravSources:   device.HostMat(sources, BodyWidth),
				gravResult:    device.HostMat(poison[T](len(targets)/BodyWidth*resultWidth), resultWidth),
				gravSoftening: device.HostVal(softening),
				gravHome:      device.HostVal(int32(home)),
			},
		}
	}
	all := device.Range{Lo: 0, Hi: n}
	lo, hi := n/3, n-n/4
	return []*device.Call{
		call("all pairs", bodies, bodies, 1./64, 0, all),
		call("no softening", bodies, bodies, 0, 0, all),
		call("disjoint sets", bodies, others, 0, Unrelated, all),
		call("slice of sources", bodies, bodies[lo*BodyWidth:hi*BodyWidth], 1./64, -lo, all),
		call("range of targets", bodies, bodies, 1./64, 0, device.Range{Lo: lo, Hi: hi}),
	}
}

// poison is n elements that no kernel leaves behind.
func poison[T device.Float](n int) []T {
	s := make([]T, n)
	for i := range s {
		s[i] = -12345.678
	}
	return s
}
