package kernels

import (
	"offload/device"
	"offload/kernels/internal/pairs"
)

// single is the scratch of a worker that sums the sources of a block of targets.
type single[T device.Float] struct {
	targets, sources pairs.Tile[T]
	part             pairs.Sums[T]
	total            carried[T]
	strides          pairs.Strides[T]
}

const (
	// leastPairs is the least work worth a task: about ten microseconds.
	leastPairs = 1 << 15

	// blocksPerWorker cuts a launch so that workers end at about the same time.
	blocksPerWorker = 8
)

// planSingle cuts the rows into blocks of targets.
func planSingle[T device.Float](l *device.Launch, workers int, p *device.Plan) {
	n := l.Rows.Len()
	byWork := int(pairCount(l) / leastPairs)
	tasks := max(1, min(workers*blocksPerWorker, byWork), (n+pairs.Size-1)/pairs.Size)
	p.Tasks = append(p.Tasks, min(tasks, n))
	p.Local = sizeOf[single[T]](1)
}

// runSingle computes one block of targets.
func runSingle[T device.Float](t *device.Tile, r *pairs.Routines[T]) {
	targets, sources := device.View[T](t, gravTargets), device.View[T](t, gravSources)
	rows := t.Launch.Rows.Part(t.Task, t.Tasks)
	out := device.View[T](t, gravResult)[rows.Lo*AccelWidth:]
	home := int64(device.Scalar[int32](t.Launch, gravHome)) + int64(rows.Lo)
	eps := device.Scalar[T](t.Launch, gravSoftening)
	s := &take[single[T]](&arena[T]{device.Local[T](t)}, 1)[0]
	n := s.targets.Load(targets[rows.Lo*BodyWidth : rows.Hi*BodyWidth])
	if len(sources) <= SourceTile*BodyWidth { // few bodies: one tile, or none
		m := s.sources.Load(sources)
		s.tile(r, n, m, home, 0, T(eps*eps))
		storePart(&s.part, out, n)
		return
	}
	s.total = carried[T]{}
	for lo := 0; lo < len(sources) && !t.Done(); lo += SourceTile * BodyWidth {
		m := s.sources.Load(sources[lo:min(lo+SourceTile*BodyWidth, len(sources))])
		s.tile(r, n, m, home, lo/BodyWidth, T(eps*eps))
		r.Add(&s.total.sum, &s.total.carry, &s.part)
	}
	s.total.store(out, n)
}

// tile sums the m sources of the tile that begins at row first, for n targets of
// which the first stands at row home.
func (s *single[T]) tile(r *pairs.Routines[T], n, m int, home int64, first int, eps2 T) {
	// Targets from the split on stand after this tile.
	split := int(min(max(int64(first+SourceTile)-home, 0), int64(n)))
	if split > 0 {
		r.Ordered(&s.targets, split, &s.sources, m, eps2, &s.part)
	}
	if split < n && m == 0 {
		s.part = pairs.Sums[T]{}
	} else if split < n {
		s.sources.Pad(m) // the last tile of a slice may stand before a target
		r.Lanes(&s.targets, split, n-split, &s.sources, eps2, &s.part, &s.strides)
	}
}

// storePart writes the sums of the only tile to rows of accelerations, as a
// carried sum of one part.
func storePart[T device.Float](part *pairs.Sums[T], rows []T, n int) {
	for i := range n {
		row := rows[i*AccelWidth:][:AccelWidth]
		for c, p := range [AccelWidth]T{part.X[i], part.Y[i], part.Z[i]} {
			var sum carriedSum[T]
			sum.add(p)
			row[c] = sum.value()
		}
	}
}
