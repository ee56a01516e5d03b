package kernels

import (
	"offload/device"
	"offload/kernels/internal/pairs"
)

// mutualScratch is what the tasks of a mutual launch share. Tiles are worked on
// in groups: of each pair of an early tile in the group with a later one, the
// earlier's sums and the later's are kept until all of the group are there, and
// are then added in the order of the tiles.
type mutualScratch[T device.Float] struct {
	tiles    []pairs.Tile[T]
	totals   []carried[T]
	forward  []pairs.Sums[T] // of the group's tile k due to tile j: [k·n + j]
	backward []pairs.Sums[T] // of tile j due to the group's tile k: [k·n + j]
}

// mutualGroup is the number of tiles in a group: 25 sums for each body and tile
// of it make 0.4 KiB a body in float32, 0.8 in float64, with all else.
const mutualGroup = 16

// loadsPerTask is how many tiles one task brings into columns.
const loadsPerTask = 8

func numTiles(l *device.Launch) int { return (l.Rows.Len() + SourceTile - 1) / SourceTile }

// group is the range of tiles of the g-th group.
func group(g, tiles int) device.Range {
	return device.Range{Lo: g * mutualGroup, Hi: min((g+1)*mutualGroup, tiles)}
}

// planMutual: a phase that brings bodies into columns; then for each group a
// phase of pairs of tiles and one of sums.
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

// rowsOfTile is the range of bodies in a tile.
func rowsOfTile(t *device.Tile, tile int) device.Range {
	return device.Range{Lo: tile * SourceTile, Hi: min((tile+1)*SourceTile, t.Launch.Rows.Hi)}
}

// load brings the bodies of some tiles into columns.
func (s *mutualScratch[T]) load(t *device.Tile) {
	bodies := device.View[T](t, gravSources)
	for k := t.Task * loadsPerTask; k < min((t.Task+1)*loadsPerTask, len(s.tiles)); k++ {
		rows := rowsOfTile(t, k)
		s.tiles[k].Pad(s.tiles[k].Load(bodies[rows.Lo*BodyWidth : rows.Hi*BodyWidth]))
		s.totals[k] = carried[T]{}
	}
}

// pair does one pair of tiles: the task-th of (first, first), (first, first+1), …
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

// join adds up, for one tile from the group's first on, what the group's pairs
// have given it. For a tile of the group that is all.
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
