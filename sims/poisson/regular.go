package poisson

import "offload/device"

// regular is the interpolation and its product with the operator where both axes are halved,
// away from their ends. There the kind of a point follows from whether its row and
// its column are even, and the weights that are not 0 from its kind: number 0 for both
// even, 0 and 1 for an odd column, 0 and 2 for an odd row, all for both odd. Only terms
// that are not 0 are computed, in the same order as by multiplyPoint.
type regular struct {
	*pairOfGrids
	cols   device.Range
	none   []float64    // a row of conductances 0
	sums   [3][]float64 // of the weights of each point, for the last three rows
	summed [3]int       // which rows they are, plus one
	lost   []float64    // losses of a row
}

func newRegular(p *pairOfGrids) *regular {
	s := &regular{pairOfGrids: p, cols: p.cols.inner()}
	if p.rows.inner().Len() > 0 && s.cols.Len() > 0 {
		stride := p.fine.stride
		all := make([]float64, 5*stride)
		s.none, s.lost = all[:stride], all[4*stride:]
		for k := range s.sums {
			s.sums[k] = all[(k+1)*stride:][:stride]
		}
	}
	return s
}

// regularColumns returns the columns of row i where points are regular.
func (p *pairOfGrids) regularColumns(i int) device.Range {
	if r := p.rows.inner(); i < r.Lo || i >= r.Hi {
		return device.Range{}
	}
	return p.cols.inner()
}

// sum returns the sums of the weights of the points of row i.
func (s *regular) sum(i int) []float64 {
	dst := s.sums[i%3]
	if s.summed[i%3] == i+1 {
		return dst
	}
	s.summed[i%3] = i + 1
	w := s.weightsOf(i)
	for x := range dst {
		dst[x] = (w[0][x] + w[1][x]) + (w[2][x] + w[3][x])
	}
	return dst
}

// weightsOf returns the weights of row i.
func (p *pairOfGrids) weightsOf(i int) (w [4][]float64) {
	for k := range w {
		w[k] = p.fine.row(p.weights[k], i)
	}
	return w
}

// equations are a row of the operator.
type equations struct {
	east, south, north, loss, diagonal                   []float64
	southEast, southWest, aboveSouthEast, aboveSouthWest []float64
}

// equations returns row i of the operator; none is a row of conductances 0.
func (g *grid) equations(i int, none []float64) equations {
	e := equations{
		east: g.row(g.east, i), south: g.row(g.south, i), north: g.row(g.south, i-1), loss: g.row(g.loss, i), diagonal: g.row(g.diagonal, i),
		southEast: none, southWest: none, aboveSouthEast: none, aboveSouthWest: none,
	}
	if g.nine {
		e.southEast, e.southWest = g.row(g.southEast, i), g.row(g.southWest, i)
		e.aboveSouthEast, e.aboveSouthWest = g.row(g.southEast, i-1), g.row(g.southWest, i-1)
	}
	return e
}

// links returns the conductances around the point with index x of a row.
func (e *equations) links(x int) links {
	return links{
		east: e.east[x], west: e.east[x-1], south: e.south[x], north: e.north[x],
		southEast: e.southEast[x], northWest: e.aboveSouthEast[x-1], southWest: e.southWest[x], northEast: e.aboveSouthWest[x+1],
	}
}

// losses sets dst to the products of the operator's rows with the sums of weights, formed of
// differences, for the columns of s; up, mid and down are the sums.
func (s *regular) losses(e *equations, up, mid, down []float64) []float64 {
	dst, n := s.lost, len(s.lost)
	up, mid, down, loss := up[:n], mid[:n], down[:n], e.loss[:n]
	east, south, north := e.east[:n], e.south[:n], e.north[:n]
	last := min(s.cols.Hi+halo, n-1)
	if !s.fine.nine {
		for x := 1; x < last; x++ {
			own := mid[x]
			v := float64(loss[x]*own) + float64(north[x]*(own-up[x]))
			v += float64(east[x-1] * (own - mid[x-1]))
			v += float64(east[x] * (own - mid[x+1]))
			dst[x] = v + float64(south[x]*(own-down[x]))
		}
		return dst
	}
	se, sw, nw, ne := e.southEast[:n], e.southWest[:n], e.aboveSouthEast[:n], e.aboveSouthWest[:n]
	for x := 1; x < last; x++ {
		own := mid[x]
		v := float64(loss[x]*own) + float64(nw[x-1]*(own-up[x-1]))
		v += float64(north[x] * (own - up[x]))
		v += float64(ne[x+1] * (own - up[x+1]))
		v += float64(east[x-1] * (own - mid[x-1]))
		v += float64(east[x] * (own - mid[x+1]))
		v += float64(sw[x] * (own - down[x-1]))
		v += float64(south[x] * (own - down[x]))
		dst[x] = v + float64(se[x]*(own-down[x+1]))
	}
	return dst
}

// target is a row of the coarser grid.
type target struct{ east, south, southEast, southWest, loss []float64 }

func (s *regular) target(i int) target {
	h := s.coarse
	return target{h.row(h.east, i), h.row(h.south, i), h.row(h.southEast, i), h.row(h.southWest, i), h.row(h.loss, i)}
}

// multiplyRow adds what the inner points of row i contribute to the first and the second of
// the coarse rows between which it lies.
func (s *regular) multiplyRow(i int, upper, lower bool) {
	if i%2 == 0 {
		if upper {
			s.multiplyEven(i)
		}
		return
	}
	s.multiplyOdd(i, upper, lower)
}

func (s *regular) multiplyEven(i int) {
	e, h := s.fine.equations(i, s.none), s.target(i/2)
	u, m, d := s.weightsOf(i-1), s.weightsOf(i), s.weightsOf(i+1)
	lost := s.losses(&e, s.sum(i-1), s.sum(i), s.sum(i+1))
	for j := s.cols.Lo; j < s.cols.Hi; j += 2 {
		x, to := j+halo, j/2+halo
		l := e.links(x)
		v := m[0][x]
		loss := lost[x]
		h.loss[to] += float64(v * loss)
		h.east[to] -= float64(v * (0 - float64(l.northEast*u[3][x+1]) - float64(l.east*m[1][x+1]) - float64(l.southEast*d[1][x+1])))
		h.south[to] -= float64(v * (0 - float64(l.southWest*d[3][x-1]) - float64(l.south*d[2][x]) - float64(l.southEast*d[2][x+1])))
		h.southEast[to] -= float64(v * (0 - float64(l.southEast*d[3][x+1])))
		h.southWest[to] -= float64(v * (0 - float64(l.southWest*d[2][x-1])))

		x++
		l = e.links(x)
		loss = lost[x]
		east := 0 - float64(l.north*u[3][x]) - float64(l.northEast*u[2][x+1]) - float64(-e.diagonal[x]*m[1][x]) -
			float64(l.east*m[0][x+1]) - float64(l.south*d[1][x]) - float64(l.southEast*d[0][x+1])
		south := 0 - float64(l.southWest*d[2][x-1]) - float64(l.south*d[2][x])
		southEast := 0 - float64(l.south*d[3][x]) - float64(l.southEast*d[2][x+1])
		v = m[0][x]
		h.loss[to] += float64(v * loss)
		h.east[to] -= float64(v * east)
		h.south[to] -= float64(v * south)
		h.southEast[to] -= float64(v * southEast)
		v, to = m[1][x], to+1
		h.loss[to] += float64(v * loss)
		h.south[to] -= float64(v * southEast)
		h.southWest[to] -= float64(v * south)
	}
}

func (s *regular) multiplyOdd(i int, upper, lower bool) {
	e, a, b := s.fine.equations(i, s.none), s.target(i/2), s.target(i/2+1)
	u, m, d := s.weightsOf(i-1), s.weightsOf(i), s.weightsOf(i+1)
	lost := s.losses(&e, s.sum(i-1), s.sum(i), s.sum(i+1))
	for j := s.cols.Lo; j < s.cols.Hi; j += 2 {
		x, to := j+halo, j/2+halo
		l := e.links(x)
		loss := lost[x]
		southEast := 0 - float64(l.east*m[3][x+1]) - float64(l.southEast*d[1][x+1])
		if upper {
			v := m[0][x]
			a.loss[to] += float64(v * loss)
			a.east[to] -= float64(v * (0 - float64(l.northEast*u[1][x+1]) - float64(l.east*m[1][x+1])))
			a.south[to] -= float64(v * (0 - float64(l.west*m[3][x-1]) - float64(-e.diagonal[x]*m[2][x]) - float64(l.east*m[2][x+1]) -
				float64(l.southWest*d[1][x-1]) - float64(l.south*d[0][x]) - float64(l.southEast*d[0][x+1])))
			a.southEast[to] -= float64(v * southEast)
			a.southWest[to] -= float64(v * (0 - float64(l.west*m[2][x-1]) - float64(l.southWest*d[0][x-1])))
		}
		if lower {
			v := m[2][x]
			b.loss[to] += float64(v * loss)
			b.east[to] -= float64(v * southEast)
		}

		x++
		l = e.links(x)
		loss = lost[x]
		southEast = 0 - float64(-e.diagonal[x]*m[3][x]) - float64(l.east*m[2][x+1]) - float64(l.south*d[1][x]) - float64(l.southEast*d[0][x+1])
		if upper {
			east := 0 - float64(l.north*u[1][x]) - float64(l.northEast*u[0][x+1]) - float64(-e.diagonal[x]*m[1][x]) - float64(l.east*m[0][x+1])
			south := 0 - float64(l.west*m[2][x-1]) - float64(-e.diagonal[x]*m[2][x]) - float64(l.southWest*d[0][x-1]) - float64(l.south*d[0][x])
			v := m[0][x]
			a.loss[to] += float64(v * loss)
			a.east[to] -= float64(v * east)
			a.south[to] -= float64(v * south)
			a.southEast[to] -= float64(v * southEast)
			v = m[1][x]
			a.loss[to+1] += float64(v * loss)
			a.south[to+1] -= float64(v * southEast)
			a.southWest[to+1] -= float64(v * south)
		}
		if lower {
			v := m[2][x]
			b.loss[to] += float64(v * loss)
			b.east[to] -= float64(v * southEast)
			v = m[3][x]
			b.loss[to+1] += float64(v * loss)
		}
	}
}

// regularFours sets the weights of the points between four coarse ones in columns r of row i.
func (p *pairOfGrids) regularFours(i int, r device.Range) {
	g := p.fine
	u, m, d := p.weightsOf(i-1), p.weightsOf(i), p.weightsOf(i+1)
	for j := r.Lo + 1; j < r.Hi; j += 2 {
		x := j + halo
		c := g.at(i, j)
		if g.state[c] == isolated {
			continue
		}
		l, diagonal := g.links(c), g.diagonal[c]
		m[0][x] = (l.northWest + float64(l.west*m[0][x-1]) + float64(l.north*u[0][x])) / diagonal
		m[1][x] = (l.northEast + float64(l.east*m[0][x+1]) + float64(l.north*u[1][x])) / diagonal
		m[2][x] = (l.southWest + float64(l.west*m[2][x-1]) + float64(l.south*d[0][x])) / diagonal
		m[3][x] = (l.southEast + float64(l.east*m[2][x+1]) + float64(l.south*d[1][x])) / diagonal
	}
}
