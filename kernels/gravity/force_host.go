package gravity

import (
	"offload/device"
	"offload/kernels/internal/pairs"
	"unsafe"
)

// forceHost returns the forms of Force for the host's cores.
func forceHost[T device.Float]() []device.HostCode {
	codes := []device.HostCode{forceCode("go", nil, pairs.Go[T]())}
	if r, name, ready := pairs.Vector[T](); name != "" {
		codes = append([]device.HostCode{forceCode(name, ready, r)}, codes...)
	}
	return codes
}

// forceCode returns Force with the given inner loops. If all bodies attract each other,
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

// mutual reports whether the launch computes all forces among one set of bodies of more
// than one tile.
func mutual(l *device.Launch) bool {
	targets, sources := l.Args[gravTargets], l.Args[gravSources]
	return targets.Buffer == sources.Buffer && targets.Offset == sources.Offset && targets.Len == sources.Len &&
		device.Scalar[int32](l, gravHome) == 0 && l.Rows == device.Range{Hi: targets.NumRows()} && l.Rows.Len() > pairs.Size
}

// arena allocates structures in scratch memory.
type arena[T device.Float] struct{ words []T }

// take returns count structures V from the arena's start and advances the arena. Sizes of
// structures must be multiples of that of T.
func take[V any, T device.Float](a *arena[T], count int) []V {
	size := int(unsafe.Sizeof(*new(V)))
	words := a.words[:count*size/int(unsafe.Sizeof(T(0)))]
	a.words = a.words[len(words):]
	return unsafe.Slice((*V)(unsafe.Pointer(unsafe.SliceData(words))), count)
}

// sizeOf returns the number of bytes of count structures.
func sizeOf[V any](count int) int { return count * int(unsafe.Sizeof(*new(V))) }

// carried holds the sums of a tile's bodies so far, with their rounding errors.
type carried[T device.Float] struct{ sum, carry pairs.Sums[T] }

// store writes the sums of the tile's first n bodies to rows of accelerations.
func (c *carried[T]) store(rows []T, n int) {
	for i := range n {
		row := rows[i*AccelWidth:][:AccelWidth]
		row[0], row[1], row[2] = c.sum.X[i]+c.carry.X[i], c.sum.Y[i]+c.carry.Y[i], c.sum.Z[i]+c.carry.Z[i]
	}
}

// mutualScratch is the shared scratch of a mutual launch. Tiles are processed in groups:
// the sums of each pair of a tile in the group with a later tile are kept until all sums
// of the group are computed, and are then added in the order of the tiles.
type mutualScratch[T device.Float] struct {
	tiles    []pairs.Tile[T]
	totals   []carried[T]
	forward  []pairs.Sums[T] // of the group's tile k due to tile j: [k·n + j]
	backward []pairs.Sums[T] // of tile j due to the group's tile k: [k·n + j]
}

// mutualGroup is the number of tiles in a group. The kept sums, 25 for each body and
// tile, and the other scratch take 0.4 KiB a body in float32, 0.8 in float64.
const mutualGroup = 16

// loadsPerTask is the number of tiles that one task loads into columns.
const loadsPerTask = 8

func numTiles(l *device.Launch) int { return (l.Rows.Len() + SourceTile - 1) / SourceTile }

// group returns the range of tiles of group g.
func group(g, tiles int) device.Range {
	return device.Range{Lo: g * mutualGroup, Hi: min((g+1)*mutualGroup, tiles)}
}

// planMutual plans a phase that loads bodies into columns; then for each group a phase of
// pairs of tiles and one of sums.
func planMutual[T device.Float](l *device.Launch, p *device.Plan) {
	n := numTiles(l)
	p.Tasks = append(p.Tasks, (n+loadsPerTask-1)/loadsPerTask)
	for g := 0; g*mutualGroup < n; g++ {
		first := group(g, n)
		k := first.Len()
		p.Tasks = append(p.Tasks, k*(n-first.Lo)-k*(k-1)/2, n-first.Lo)
	}
	kept := min(mutualGroup, n) * n
	p.Shared = sizeOf[pairs.Tile[T]](n) + sizeOf[carried[T]](n) + 2*sizeOf[pairs.Sums[T]](kept)
	p.Local = sizeOf[pairs.Strides[T]](1)
}

func runMutual[T device.Float](t *device.Tile, r *pairs.Routines[T]) {
	n := numTiles(t.Launch)
	a := arena[T]{device.Shared[T](t)}
	kept := min(mutualGroup, n) * n
	s := mutualScratch[T]{
		tiles:   take[pairs.Tile[T]](&a, n),
		totals:  take[carried[T]](&a, n),
		forward: take[pairs.Sums[T]](&a, kept), backward: take[pairs.Sums[T]](&a, kept),
	}
	switch {
	case t.Phase == 0:
		s.load(t)
	case t.Phase%2 == 1:
		s.pair(t, r, group(t.Phase/2, n))
	default:
		s.join(t, r, group(t.Phase/2-1, n))
	}
}

// rowsOfTile returns the range of bodies in a tile.
func rowsOfTile(t *device.Tile, tile int) device.Range {
	return device.Range{Lo: tile * SourceTile, Hi: min((tile+1)*SourceTile, t.Launch.Rows.Hi)}
}

// load loads the bodies of a task's tiles into columns.
func (s *mutualScratch[T]) load(t *device.Tile) {
	bodies := device.View[T](t, gravSources)
	for k := t.Task * loadsPerTask; k < min((t.Task+1)*loadsPerTask, len(s.tiles)); k++ {
		rows := rowsOfTile(t, k)
		s.tiles[k].Pad(s.tiles[k].Load(bodies[rows.Lo*BodyWidth : rows.Hi*BodyWidth]))
		s.totals[k] = carried[T]{}
	}
}

// pair computes one pair of tiles: number t.Task of (first, first), (first, first+1), …
func (s *mutualScratch[T]) pair(t *device.Tile, r *pairs.Routines[T], g device.Range) {
	n, k, task := len(s.tiles), g.Lo, t.Task
	for task >= n-k {
		task -= n - k
		k++
	}
	j := k + task
	eps := device.Scalar[T](t.Launch, gravSoftening)
	eps2 := T(eps * eps)
	m := rowsOfTile(t, j).Len()
	kept := (k-g.Lo)*n + j
	if j == k {
		r.Ordered(&s.tiles[k], m, &s.tiles[k], m, eps2, &s.forward[kept])
		return
	}
	strides := take[pairs.Strides[T]](&arena[T]{device.Local[T](t)}, 1)
	r.Both(&s.tiles[k], &s.tiles[j], m, eps2, &s.forward[kept], &s.backward[kept], &strides[0])
}

// join adds, for one tile at or after the group's first, its sums of the group's pairs.
// If the tile is in the group, its result is complete.
func (s *mutualScratch[T]) join(t *device.Tile, r *pairs.Routines[T], g device.Range) {
	n, j := len(s.tiles), g.Lo+t.Task
	total := &s.totals[j]
	for k := g.Lo; k < min(g.Hi, j); k++ {
		r.Add(&total.sum, &total.carry, &s.backward[(k-g.Lo)*n+j])
	}
	if j >= g.Hi {
		return
	}
	for k := j; k < n; k++ {
		r.Add(&total.sum, &total.carry, &s.forward[(j-g.Lo)*n+k])
	}
	rows := rowsOfTile(t, j)
	total.store(device.View[T](t, gravResult)[rows.Lo*AccelWidth:], rows.Len())
}

// single is the scratch of a worker that sums the sources of a block of targets.
type single[T device.Float] struct {
	targets, sources pairs.Tile[T]
	part             pairs.Sums[T]
	total            carried[T]
	strides          pairs.Strides[T]
}

const (
	// leastPairs is the least work of a task: about ten microseconds.
	leastPairs = 1 << 15

	// blocksPerWorker is the number of blocks per worker, so that workers end at about the
	// same time.
	blocksPerWorker = 8
)

// planSingle divides the rows into blocks of targets.
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

// tile sums the m sources of the tile that begins at row first, for n targets, the first
// of which has row home.
func (s *single[T]) tile(r *pairs.Routines[T], n, m int, home int64, first int, eps2 T) {
	// Targets from split on come after this tile.
	split := int(min(max(int64(first+SourceTile)-home, 0), int64(n)))
	if split > 0 {
		r.Ordered(&s.targets, split, &s.sources, m, eps2, &s.part)
	}
	if split < n && m == 0 {
		s.part = pairs.Sums[T]{}
	} else if split < n {
		s.sources.Pad(m) // the last tile of a slice may come before a target
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
