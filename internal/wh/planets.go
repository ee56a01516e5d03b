package wh

import "math"

// Planets is a star, its planets in the order of their Jacobi coordinates, and bodies without mass, whose coordinates are
// relative to the star. Bodies are numbered from 0: the planets, then those without mass.
type Planets struct {
	form   *Form
	star   float64
	blocks []*Block  // of planets
	light  []*Block  // of bodies without mass
	n, all int       // number of planets, and of all bodies
	end    *Block    // whose Sum is -0
	kicks  []float64 // the map of the bodies without mass, with a kick alone
	h      float64   // length of a drift
	record *[]float64
}

// New returns planets of the given gm around a star, and a number of bodies without mass, at no place yet. There are no
// planets around a star without mass.
func New(star float64, gm []float64, light int, form *Form) *Planets {
	p := &Planets{form: form, star: star, n: len(gm), all: len(gm) + light}
	p.blocks, p.light, p.end = newBlocks(blocksFor(len(gm))), newBlocks(blocksFor(light)), newBlocks(1)[0]
	for k := range p.end.Sum {
		for l := range Lanes {
			p.end.Sum[k][l] = math.Copysign(0, -1)
		}
	}
	p.kicks = make([]float64, MapWidth*MapRows(max(len(gm), Lanes)))
	padMap(p.kicks, len(gm))
	sum := star
	for i := range len(p.blocks) * Lanes {
		b, l := p.blocks[i/Lanes], i%Lanes
		b.Inner[l] = 1 / sum
		if i < len(gm) {
			sum += gm[i]
			b.Mass[l], b.Orbit[l], b.Share[l] = gm[i], sum, gm[i]/sum
		}
	}
	for i := range light {
		p.light[i/Lanes].Orbit[i%Lanes] = star
	}
	return p
}

func blocksFor(n int) int { return (n + Lanes - 1) / Lanes }

// Len returns the number of bodies beside the star.
func (p *Planets) Len() int { return p.all }

// at returns the block and the lane of a body.
func (p *Planets) at(i int) (*Block, int) {
	if i >= p.n {
		return p.light[(i-p.n)/Lanes], (i - p.n) % Lanes
	}
	return p.blocks[i/Lanes], i % Lanes
}

// Set sets the coordinates of a body.
func (p *Planets) Set(i int, x, v [3]float64) {
	b, l := p.at(i)
	b.setLane(l, x, v)
}

// Get returns the coordinates of a body.
func (p *Planets) Get(i int) (x, v [3]float64) {
	b, l := p.at(i)
	return b.lane(l)
}

// Copy makes p equal to q, which has as many planets and bodies without mass.
func (p *Planets) Copy(q *Planets) {
	for i, b := range q.blocks {
		*p.blocks[i] = *b
	}
	for i, b := range q.light {
		*p.light[i] = *b
	}
	copy(p.kicks, q.kicks)
}

// Finite reports whether all coordinates are finite.
func (p *Planets) Finite() bool {
	var s Vector
	for _, blocks := range [][]*Block{p.blocks, p.light} {
		for _, b := range blocks {
			for _, t := range [2]*[3]Vector{&b.X, &b.V} {
				for k := range t {
					for l, x := range t[k] {
						s[l] += x - x
					}
				}
			}
		}
	}
	return s == Vector{}
}

// Fill puts the lanes without a body out of the way: at rest, and so far out that they do not move. It is called after
// the coordinates were set.
func (p *Planets) Fill() {
	far := 1.0
	for i := range p.all {
		x, _ := p.Get(i)
		far = max(far, math.Abs(x[0]), math.Abs(x[1]), math.Abs(x[2]))
	}
	fill(p.blocks, p.n, far)
	fill(p.light, p.all-p.n, far)
}

func fill(blocks []*Block, n int, far float64) {
	for i := n; i < len(blocks)*Lanes; i++ {
		blocks[i/Lanes].setLane(i%Lanes, [3]float64{float64(far * float64(float64(i+1)*0x1p50))}, [3]float64{})
	}
}

// Record has what p does from now on appended to table, as maps for bodies without mass; nil ends that.
func (p *Planets) Record(table *[]float64) { p.record = table }

// SetDrift sets the length of a drift.
func (p *Planets) SetDrift(h float64) {
	p.h = h
	for _, blocks := range [][]*Block{p.blocks, p.light} {
		for _, b := range blocks {
			b.setDrift(h)
		}
	}
}

// SetKick sets the length of a kick. Twist is 6·GM/c² of the star, or 0 without relativity.
func (p *Planets) SetKick(h, twist float64) {
	for _, b := range p.blocks {
		for l := range Lanes {
			gm := b.Mass[l]
			b.Twist[l] = twist
			b.Pull[l] = float64(h * gm)
			b.Reaction[l] = float64(float64(h*p.star) * gm)
			b.Own[l] = float64(h * b.Orbit[l])
			b.Central[l] = 0
			if b.Orbit[l] > 0 {
				b.Central[l] = float64(b.Own[l] * float64(p.star*b.Inner[l]))
			}
		}
	}
	if p.n > 0 { // the first planet's orbit is the star's pull itself
		p.blocks[0].Central[0] = p.blocks[0].Own[0]
	}
	p.kicks[1], p.kicks[2], p.kicks[3] = float64(h*p.star), twist, 1
}

// Drift moves all planets along their Kepler orbits.
func (p *Planets) Drift() {
	for _, b := range p.blocks {
		p.drift(b)
	}
	for _, b := range p.light {
		p.drift(b)
	}
	p.recordDrift()
}

// recordDrift adds a drift to the last map, or a map without a kick.
func (p *Planets) recordDrift() {
	if p.record == nil {
		return
	}
	size := MapWidth * MapRows(p.n)
	if n := len(*p.record); n >= size {
		if last := (*p.record)[n-size:]; last[0] == 0 {
			last[0] = p.h
			return
		}
	}
	*p.record = append(append(*p.record, p.h), make([]float64, size-1)...)
}

func (p *Planets) drift(b *Block) {
	if long := p.form.drift(b); long != 0 {
		b.drift(long)
	}
}

// Kick changes the velocities by the interactions.
func (p *Planets) Kick() { p.kick(false) }

// kick does a kick, or nothing if check is set and two bodies are near, which it reports.
func (p *Planets) kick(check bool) (near bool) {
	f := p.form
	before := p.end
	for _, b := range p.blocks {
		near = f.own(b, before) || near
		before = b
	}
	for i, b := range p.blocks {
		near = f.pairs(b) || near
		for _, other := range p.blocks[:i] {
			near = f.across(other, b) || near
		}
	}
	if near && check {
		return true
	}
	p.outward()
	p.kickLight()
	before = p.end
	for _, b := range p.blocks {
		f.finish(b, before)
		before = b
	}
	return false
}

// outward does outward of all blocks.
func (p *Planets) outward() {
	after := p.end
	for i := len(p.blocks) - 1; i >= 0; i-- {
		p.form.outward(p.blocks[i], after)
		after = p.blocks[i]
	}
}

// kickLight changes the velocities of the bodies without mass by the pulls of the planets, less the star's own
// acceleration, which is the sum of the planets' Q over GM₀.
func (p *Planets) kickLight() {
	if len(p.light) == 0 && p.record == nil || p.star == 0 {
		return
	}
	for k := range 3 {
		p.kicks[MapWidth+k] = 0
		if p.n > 0 {
			p.kicks[MapWidth+k] = -(p.blocks[0].Sum[k][0] / p.star)
		}
	}
	for i := range p.n {
		b, l := p.at(i)
		copy(p.kicks[MapWidth*MapRows(i):], []float64{b.D[0][l], b.D[1][l], b.D[2][l], b.Pull[l]})
	}
	for _, b := range p.light {
		p.form.light(b, p.kicks, max(p.n, Lanes))
	}
	if p.record != nil {
		*p.record = append(*p.record, p.kicks[:MapWidth*MapRows(p.n)]...)
	}
}

// KickLight changes the velocities of the bodies without mass alone.
func (p *Planets) KickLight() {
	before := p.end
	for _, b := range p.blocks {
		p.form.own(b, before)
		before = b
	}
	p.outward()
	p.kickLight()
}

// Steps does up to n steps, each a kick and a drift, and returns how many it has done. It ends before a kick at which
// two bodies are near, which it reports.
func (p *Planets) Steps(n int) (done int, near bool) {
	if len(p.blocks) == 1 && len(p.light) == 0 && p.record == nil && p.form.steps != nil {
		for done < n {
			more, why := p.form.steps(p.blocks[0], n-done)
			done += more
			switch why {
			case nearby:
				return done, true
			case longArc:
				p.drift(p.blocks[0])
				done++
			}
		}
		return done, false
	}
	for ; done < n; done++ {
		if p.kick(true) {
			return done, true
		}
		p.Drift()
	}
	return n, false
}

// SetNear sets the distance from the star, and the distances whose sum for two planets is one from each other, below
// which Steps ends.
func (p *Planets) SetNear(low float64, reach []float64) {
	for i, b := range p.blocks {
		for l := range Lanes {
			b.Low[l], b.Reach[l] = 0, 0
			if n := i*Lanes + l; n < p.n {
				b.Low[l], b.Reach[l] = float64(low*low), reach[n]
			}
		}
		for k := range b.Near {
			for l := range Lanes {
				both := b.Reach[l] + b.Reach[(l+k+1)%Lanes]
				b.Near[k][l] = float64(both * both)
			}
		}
	}
}
