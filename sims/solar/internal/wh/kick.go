package wh

import "math"

// own computes, for one block, what the kick needs beside the pairs of planets: d, the positions relative to the star,
// the planet's part u of the kick, and the pull q of the star on the planet times its GM, in each lane. Before is the
// sum of Share·X over the blocks before this one. It reports whether a planet is too low over the star.
func (b *Block) own(before *[3]float64, first bool, d, u, q *[3]Vector) (low bool) {
	for k := range 3 {
		var t Vector
		for l := range Lanes {
			t[l] = float64(b.Share[l] * b.X[k][l])
		}
		sum := earlier(&t)
		for l := range Lanes {
			if !first {
				sum[l] += before[k]
			}
			d[k][l] = b.X[k][l] + sum[l]
		}
		before[k] = sum[Lanes-1] + t[Lanes-1]
	}
	for l := range Lanes {
		x2 := math.FMA(b.X[0][l], b.X[0][l], math.FMA(b.X[1][l], b.X[1][l], float64(b.X[2][l]*b.X[2][l])))
		d2 := math.FMA(d[0][l], d[0][l], math.FMA(d[1][l], d[1][l], float64(d[2][l]*d[2][l])))
		if d2 < b.Low[l] {
			low = true
		}
		inverse := 1 / math.Sqrt(x2)
		orbit := float64(b.Own[l] * float64(float64(inverse*inverse)*inverse))
		inverse = 1 / math.Sqrt(d2)
		w := float64(float64(inverse*inverse) * inverse)
		w = float64(w * math.FMA(b.Twist[l], float64(w*d2), 1))
		star, reaction := float64(b.Central[l]*w), float64(b.Reaction[l]*w)
		for k := range 3 {
			u[k][l] = float64(orbit*b.X[k][l]) - float64(star*d[k][l])
			q[k][l] = float64(reaction * d[k][l])
		}
	}
	return low
}

// pair adds the pulls between two lanes of planets: to on a planet by that k lanes ahead, and from on that by the first.
// Both are the same for planets of one block. It returns the square of the distance of each pair.
func (b *Block) pair(other *Block, k int, d, e, to, from *[3]Vector, both bool) (r2 Vector) {
	for l := range Lanes {
		j := (l + k) % Lanes
		x, y, z := e[0][j]-d[0][l], e[1][j]-d[1][l], e[2][j]-d[2][l]
		r2[l] = math.FMA(x, x, math.FMA(y, y, float64(z*z)))
		w := 1 / float64(r2[l]*math.Sqrt(r2[l]))
		pull := float64(other.Pull[j] * w)
		to[0][l] = math.FMA(pull, x, to[0][l])
		to[1][l] = math.FMA(pull, y, to[1][l])
		to[2][l] = math.FMA(pull, z, to[2][l])
		if both {
			back := float64(b.Pull[l] * w)
			from[0][j] -= float64(back * x)
			from[1][j] -= float64(back * y)
			from[2][j] -= float64(back * z)
		}
	}
	return r2
}

// pairs adds the pulls between the planets of one block, and reports whether two are too near.
func (b *Block) pairs(d, to, from *[3]Vector) (near bool) {
	for k := 1; k <= Lanes/2; k++ {
		r2 := b.pair(b, k, d, d, to, from, k < Lanes/2)
		for l, r2 := range r2 {
			near = near || r2 < b.Near[k-1][l]
		}
	}
	return near
}

// across adds the pulls between the planets of two blocks, and reports whether two are too near.
func (b *Block) across(other *Block, d, e, to, from *[3]Vector) (near bool) {
	for k := range Lanes {
		r2 := b.pair(other, k, d, e, to, from, true)
		for l, r2 := range r2 {
			reach := b.Reach[l] + other.Reach[(l+k)%Lanes]
			near = near || r2 < float64(reach*reach)
		}
	}
	return near
}

// outward replaces q in each lane by its sum over the lanes after it and after, that over the blocks after this one. It
// adds the block's q to after.
func outward(q *[3]Vector, after *[3]float64, last bool) {
	for k := range 3 {
		first := q[k][0]
		q[k] = later(&q[k])
		if !last {
			for l := range Lanes {
				q[k][l] += after[k]
			}
		}
		after[k] = q[k][0] + first
	}
}

// finish adds the kick to the velocities: the block's own part u, the pulls by planets p = to + from, and what the pulls
// on the planets within and outside the planet change in the motion of the barycentre of those within. Before is the sum
// of Mass·p over the blocks before this one; outer is as from outward.
func (b *Block) finish(before *[3]float64, first bool, u, outer, to, from *[3]Vector) {
	for k := range 3 {
		var p, m Vector
		for l := range Lanes {
			p[l] = to[k][l] + from[k][l]
			m[l] = float64(b.Mass[l] * p[l])
		}
		inner := earlier(&m)
		for l := range Lanes {
			if !first {
				inner[l] += before[k]
			}
			b.V[k][l] += math.FMA(-b.Inner[l], outer[k][l]+inner[l], u[k][l]+p[l])
		}
		before[k] = inner[Lanes-1] + m[Lanes-1]
	}
}

// kickLight adds the kick of bodies without mass: the pulls of the planets, less the star's own acceleration, which is
// q/GM₀ with the sum q of the planets' pulls on it.
func (p *Planets) kickLight(b *Block, q *[3]float64) {
	for l := range Lanes {
		x, v := b.lane(l)
		a := [3]float64{-(q[0] / p.star), -(q[1] / p.star), -(q[2] / p.star)}
		if p.n == 0 {
			a = [3]float64{}
		}
		for j := range p.n {
			from, m := &p.d[j/Lanes], j%Lanes
			e := [3]float64{from[0][m] - x[0], from[1][m] - x[1], from[2][m] - x[2]}
			r2 := math.FMA(e[0], e[0], math.FMA(e[1], e[1], float64(e[2]*e[2])))
			w := float64(p.blocks[j/Lanes].Pull[m] / float64(r2*math.Sqrt(r2)))
			for k := range a {
				a[k] = math.FMA(w, e[k], a[k])
			}
		}
		if b.Twist[l] != 0 {
			r2 := math.FMA(x[0], x[0], math.FMA(x[1], x[1], float64(x[2]*x[2])))
			w := 1 / float64(r2*math.Sqrt(r2))
			w = float64(float64(b.Own[l]*w) * float64(b.Twist[l]*float64(w*r2)))
			for k := range a {
				a[k] = math.FMA(-w, x[k], a[k])
			}
		}
		for k := range v {
			v[k] += a[k]
		}
		b.setLane(l, x, v)
	}
}

// earlier returns, for each lane, the sum over the lanes before it.
func earlier(v *Vector) Vector {
	s := ahead(v, 1)
	for _, n := range [3]int{1, 2, 4} {
		t := ahead(&s, n)
		for l := range s {
			s[l] += t[l]
		}
	}
	return s
}

// later returns, for each lane, the sum over the lanes after it.
func later(v *Vector) Vector {
	s := back(v, 1)
	for _, n := range [3]int{1, 2, 4} {
		t := back(&s, n)
		for l := range s {
			s[l] += t[l]
		}
	}
	return s
}

// ahead returns the vector moved by n lanes to higher ones; zeros follow.
func ahead(v *Vector, n int) (s Vector) {
	copy(s[n:], v[:Lanes-n])
	return s
}

// back returns the vector moved by n lanes to lower ones; zeros follow.
func back(v *Vector, n int) (s Vector) {
	copy(s[:Lanes-n], v[n:])
	return s
}
