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
	n := len(lost)
	u2, u3, m0, m1 := u[2][:n], u[3][:n], m[0][:n], m[1][:n]
	d0, d1, d2, d3 := d[0][:n], d[1][:n], d[2][:n], d[3][:n]
	es, so, no, diagonal := e.east[:n], e.south[:n], e.north[:n], e.diagonal[:n]
	se, sw, ne := e.southEast[:n], e.southWest[:n], e.aboveSouthWest[:n]
	width := len(h.loss)
	hLoss, hEast, hSouth, hSouthEast, hSouthWest := h.loss, h.east[:width], h.south[:width], h.southEast[:width], h.southWest[:width]
	for x, to := s.cols.Lo+halo, s.cols.Lo/2+halo; x < s.cols.Hi+halo; x, to = x+2, to+1 {
		if x < 1 || x >= n-2 || to < 0 || to >= width-1 { // for the compiler: no bounds checks
			return
		}
		v := m0[x]
		hLoss[to] += float64(v * lost[x])
		hEast[to] -= float64(v * (0 - float64(ne[x+1]*u3[x+1]) - float64(es[x]*m1[x+1]) - float64(se[x]*d1[x+1])))
		hSouth[to] -= float64(v * (0 - float64(sw[x]*d3[x-1]) - float64(so[x]*d2[x]) - float64(se[x]*d2[x+1])))
		hSouthEast[to] -= float64(v * (0 - float64(se[x]*d3[x+1])))
		hSouthWest[to] -= float64(v * (0 - float64(sw[x]*d2[x-1])))

		y := x + 1
		loss := lost[y]
		east := 0 - float64(no[y]*u3[y]) - float64(ne[y+1]*u2[y+1]) - float64(-diagonal[y]*m1[y]) -
			float64(es[y]*m0[y+1]) - float64(so[y]*d1[y]) - float64(se[y]*d0[y+1])
		south := 0 - float64(sw[y]*d2[y-1]) - float64(so[y]*d2[y])
		southEast := 0 - float64(so[y]*d3[y]) - float64(se[y]*d2[y+1])
		v = m0[y]
		hLoss[to] += float64(v * loss)
		hEast[to] -= float64(v * east)
		hSouth[to] -= float64(v * south)
		hSouthEast[to] -= float64(v * southEast)
		v = m1[y]
		hLoss[to+1] += float64(v * loss)
		hSouth[to+1] -= float64(v * southEast)
		hSouthWest[to+1] -= float64(v * south)
	}
}

func (s *regular) multiplyOdd(i int, upper, lower bool) {
	e, a, b := s.fine.equations(i, s.none), s.target(i/2), s.target(i/2+1)
	u, m, d := s.weightsOf(i-1), s.weightsOf(i), s.weightsOf(i+1)
	lost := s.losses(&e, s.sum(i-1), s.sum(i), s.sum(i+1))
	n := len(lost)
	u0, u1, d0, d1 := u[0][:n], u[1][:n], d[0][:n], d[1][:n]
	m0, m1, m2, m3 := m[0][:n], m[1][:n], m[2][:n], m[3][:n]
	es, so, no, diagonal := e.east[:n], e.south[:n], e.north[:n], e.diagonal[:n]
	se, sw, ne := e.southEast[:n], e.southWest[:n], e.aboveSouthWest[:n]
	width := len(a.loss)
	aLoss, aEast, aSouth, aSouthEast, aSouthWest := a.loss, a.east[:width], a.south[:width], a.southEast[:width], a.southWest[:width]
	bLoss, bEast := b.loss[:width], b.east[:width]
	for x, to := s.cols.Lo+halo, s.cols.Lo/2+halo; x < s.cols.Hi+halo; x, to = x+2, to+1 {
		if x < 1 || x >= n-2 || to < 0 || to >= width-1 { // for the compiler: no bounds checks
			return
		}
		y := x + 1
		southEast := 0 - float64(es[x]*m3[x+1]) - float64(se[x]*d1[x+1])
		southEastY := 0 - float64(-diagonal[y]*m3[y]) - float64(es[y]*m2[y+1]) - float64(so[y]*d1[y]) - float64(se[y]*d0[y+1])
		if upper {
			v := m0[x]
			aLoss[to] += float64(v * lost[x])
			aEast[to] -= float64(v * (0 - float64(ne[x+1]*u1[x+1]) - float64(es[x]*m1[x+1])))
			aSouth[to] -= float64(v * (0 - float64(es[x-1]*m3[x-1]) - float64(-diagonal[x]*m2[x]) - float64(es[x]*m2[x+1]) -
				float64(sw[x]*d1[x-1]) - float64(so[x]*d0[x]) - float64(se[x]*d0[x+1])))
			aSouthEast[to] -= float64(v * southEast)
			aSouthWest[to] -= float64(v * (0 - float64(es[x-1]*m2[x-1]) - float64(sw[x]*d0[x-1])))

			east := 0 - float64(no[y]*u1[y]) - float64(ne[y+1]*u0[y+1]) - float64(-diagonal[y]*m1[y]) - float64(es[y]*m0[y+1])
			south := 0 - float64(es[x]*m2[x]) - float64(-diagonal[y]*m2[y]) - float64(sw[y]*d0[x]) - float64(so[y]*d0[y])
			v = m0[y]
			aLoss[to] += float64(v * lost[y])
			aEast[to] -= float64(v * east)
			aSouth[to] -= float64(v * south)
			aSouthEast[to] -= float64(v * southEastY)
			v = m1[y]
			aLoss[to+1] += float64(v * lost[y])
			aSouth[to+1] -= float64(v * southEastY)
			aSouthWest[to+1] -= float64(v * south)
		}
		if lower {
			v := m2[x]
			bLoss[to] += float64(v * lost[x])
			bEast[to] -= float64(v * southEast)
			v = m2[y]
			bLoss[to] += float64(v * lost[y])
			bEast[to] -= float64(v * southEastY)
			bLoss[to+1] += float64(m3[y] * lost[y])
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
