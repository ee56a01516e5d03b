package cpu

import "offload/device"

const (
	// inlineOps is the predicted work below which a launch runs in its caller.
	// BenchmarkHandOver measures what the hand-over costs: see BENCHMARKS.md.
	inlineOps = 20_000

	// tileOps is the least work worth a tile of its own.
	tileOps = 20_000

	// tilesPerWorker is how many tiles a worker gets of a large launch, so that
	// uneven ones, or a core that is busy elsewhere, even out.
	tilesPerWorker = 16
)

// tiles is the number of tiles that a launch without a plan is cut into.
func tiles(l *device.Launch, workers int) int {
	byWork := int(min(device.CostOf(l).Ops/tileOps, 1e6))
	return max(1, min(l.Rows.Len(), workers*tilesPerWorker, byWork))
}
