package wh

// Group moves bodies without mass by maps, some blocks of them at a time.
type Group struct {
	form   *Form
	blocks []*Block
	padded []float64 // maps for eight planets
}

// The blocks of a group and the maps that they go through before others do fit the nearest caches. What a block waits for
// passes while another one goes on.
const (
	groupBlocks = 4
	groupMaps   = 64
)

// NewGroup returns a group, which is not safe for concurrent use.
func NewGroup(form *Form) *Group {
	g := &Group{form: form, blocks: newBlocks(groupBlocks), padded: make([]float64, groupMaps*MapWidth*MapRows(Lanes))}
	for m := range groupMaps {
		padMap(g.padded[m*MapWidth*MapRows(Lanes):], 0)
	}
	return g
}

// Follow does the same as the function Follow for bodies in rows (x, y, z, vx, vy, vz).
func (g *Group) Follow(rows, maps []float64, n int, gm float64) {
	const rowWidth = 6
	for part := groupMaps * MapWidth * MapRows(n); len(maps) > 0; maps = maps[min(part, len(maps)):] {
		table, planets := g.pad(maps[:min(part, len(maps))], n)
		for rest := rows; len(rest) > 0; {
			some := rest[:min(len(rest), groupBlocks*Lanes*rowWidth)]
			rest = rest[len(some):]
			blocks := g.blocks[:blocksFor(len(some)/rowWidth)]
			for i := range len(blocks) * Lanes {
				row := some[min(i*rowWidth, len(some)-rowWidth):] // the last one fills its block
				blocks[i/Lanes].setLane(i%Lanes, [3]float64(row), [3]float64(row[3:]))
				blocks[i/Lanes].Orbit[i%Lanes] = gm
			}
			g.follow(blocks, table, planets)
			for i := range len(some) / rowWidth {
				x, v := blocks[i/Lanes].lane(i % Lanes)
				copy(some[i*rowWidth:], x[:])
				copy(some[i*rowWidth+3:], v[:])
			}
		}
	}
}

// pad returns the maps for at least eight planets.
func (g *Group) pad(maps []float64, n int) ([]float64, int) {
	if n >= Lanes {
		return maps, n
	}
	size, wide := MapWidth*MapRows(n), MapWidth*MapRows(Lanes)
	count := len(maps) / size
	for m := range count {
		to := g.padded[m*wide:][:wide]
		copy(to, maps[m*size:][:size])
		padMap(to, n)
	}
	return g.padded[:count*wide], Lanes
}

// follow does maps for eight planets or more. The kick of each block is done while the one before it drifts, and that of
// the first block in the next map while the last one does.
func (g *Group) follow(blocks []*Block, maps []float64, n int) {
	size := MapWidth * MapRows(n)
	kicks := func(m []float64) bool { return len(m) > 0 && m[3] != 0 }
	if kicks(maps) {
		g.form.light(blocks[0], maps, n)
	}
	for m := maps; len(m) > 0; m = m[size:] {
		for i, b := range blocks {
			next, of := blocks[0], m[size:] // the next block to kick, and its map
			if i+1 < len(blocks) {
				next, of = blocks[i+1], m
			}
			kick := kicks(of)
			if h := m[0]; h != 0 {
				b.setDrift(h)
				var long int
				if kick && next != b && kicks(m) {
					long, kick = g.form.driftAndLight(b, next, of, n), false
				} else {
					long = g.form.drift(b)
				}
				if long != 0 {
					b.drift(long)
				}
			}
			if kick {
				g.form.light(next, of, n)
			}
		}
	}
}
