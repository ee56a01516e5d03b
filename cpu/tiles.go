package cpu

import (
	"math"
	"time"

	"offload/device"
)

const (
	// inlineOps is the predicted work below which a launch runs in its caller.
	// BenchmarkHandOver measures what the hand-over costs: see BENCHMARKS.md.
	inlineOps = 20_000

	// tileOps is the least work worth a tile of its own.
	tileOps = 20_000

	// tilesPerWorker is how many tiles a worker gets of a large launch, so that
	// uneven ones, or a core that is busy elsewhere, even out.
	tilesPerWorker = 16

	// opsPerSecond makes work of the time that a kernel without Cost was measured to
	// take: inlineOps are 10 µs.
	opsPerSecond = 2e9

	// inlineTimed is how many launches that run in their caller are so for one that is
	// measured again: two looks at the clock would take as long as a small launch.
	inlineTimed = 16

	// manyKernels is the number of measured kernels after which all are measured anew,
	// so that a program that makes kernels without end does not grow.
	manyKernels = 1024
)

// tiles is the number of tiles that a launch of so much work and without a plan is cut
// into.
func tiles(l *device.Launch, ops float64, workers int) int {
	byWork := int(min(ops/tileOps, 1e6))
	return max(1, min(l.Rows.Len(), workers*tilesPerWorker, byWork))
}

// rates are the operations of a row of each kernel without Cost, as it was measured
// last.
type rates map[*device.Kernel]float64

// ops is the predicted work of l: without end where nothing is known.
func (r rates) ops(l *device.Launch) float64 {
	if l.Kernel.Cost != nil {
		return device.CostOf(l).Ops
	}
	if row, known := r[l.Kernel]; known {
		return row * float64(l.Rows.Len())
	}
	return math.Inf(1)
}

// learn takes note of the time that the tasks of l took.
func (r rates) learn(l *device.Launch, spent time.Duration) {
	if len(r) >= manyKernels {
		clear(r)
	}
	r[l.Kernel] = spent.Seconds() * opsPerSecond / float64(l.Rows.Len())
}
