package kernels

import (
	"unsafe"

	"offload/device"
	"offload/kernels/internal/pairs"
)

// forceHost lists the forms of Force for the host's cores.
func forceHost[T device.Float]() []device.HostCode {
	codes := []device.HostCode{forceCode("go", nil, pairs.Go[T]())}
	if r, name, ready := pairs.Vector[T](); name != "" {
		codes = append([]device.HostCode{forceCode(name, ready, r)}, codes...)
	}
	return codes
}

// forceCode is Force by a set of inner loops. Where all bodies attract each other
// each pair is evaluated once; else every target sums its own sources.
func forceCode[T device.Float](name string, ready func() bool, r pairs.Routines[T]) device.HostCode {
	return device.HostCode{
		Name:  name,
		Ready: ready,
		Plan: func(l *device.Launch, workers int, p *device.Plan) {
			if mutual(l) {
				planMutual[T](l, p)
			} else {
				planSingle[T](l, workers, p)
			}
		},
		Run: func(t *device.Tile) {
			if mutual(t.Launch) {
				runMutual(t, &r)
			} else {
				runSingle(t, &r)
			}
		},
	}
}

// mutual tells whether the launch is for all forces among one set of bodies that
// fill more than a tile.
func mutual(l *device.Launch) bool {
	targets, sources := l.Args[gravTargets], l.Args[gravSources]
	return targets.Buffer == sources.Buffer && targets.Offset == sources.Offset && targets.Len == sources.Len &&
		device.Scalar[int32](l, gravHome) == 0 && l.Rows == device.Range{Hi: targets.NumRows()} && l.Rows.Len() > pairs.Size
}

// arena hands out structures from scratch memory.
type arena[T device.Float] struct{ words []T }

// take is the i-th V of the count that begin at the arena's start, which moves
// behind them. Sizes of structures are multiples of that of T.
func take[V any, T device.Float](a *arena[T], count int) []V {
	size := int(unsafe.Sizeof(*new(V)))
	words := a.words[:count*size/int(unsafe.Sizeof(T(0)))]
	a.words = a.words[len(words):]
	return unsafe.Slice((*V)(unsafe.Pointer(unsafe.SliceData(words))), count)
}

// sizeOf is the number of bytes of count structures.
func sizeOf[V any](count int) int { return count * int(unsafe.Sizeof(*new(V))) }

// carried is the sums of a tile's bodies so far, with their rounding errors.
type carried[T device.Float] struct{ sum, carry pairs.Sums[T] }

// store writes the sums of the tile's first n bodies to rows of accelerations.
func (c *carried[T]) store(rows []T, n int) {
	for i := range n {
		row := rows[i*AccelWidth:][:AccelWidth]
		row[0], row[1], row[2] = c.sum.X[i]+c.carry.X[i], c.sum.Y[i]+c.carry.Y[i], c.sum.Z[i]+c.carry.Z[i]
	}
}
