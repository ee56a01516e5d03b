package wh

import "math"

// A kick of one block or several is own of each, pairs of each and across of each two, outward of each from the last to
// the first, and finish of each. What goes from a block to the next one is in Sum; that of the block before the first
// and after the last is -0 everywhere, which adds nothing to any number.

// own sets D, U and Q. Before is the block before this one. It reports whether a planet is low over the star.
func (b *Block) own(before *Block) (low bool) {
	for k := range 3 {
		var t Vector
		for l := range Lanes {
			t[l] = float64(b.Share[l] * b.X[k][l])
		}
		sum := earlier(&t)
		carry := before.Sum[k][Lanes-1]
		for l := range Lanes {
			inner := sum[l] + carry
			b.D[k][l] = b.X[k][l] + inner
			b.Sum[k][l] = inner + t[l]
		}
	}
	for l := range Lanes {
		x2 := math.FMA(b.X[0][l], b.X[0][l], math.FMA(b.X[1][l], b.X[1][l], float64(b.X[2][l]*b.X[2][l])))
		d2 := math.FMA(b.D[0][l], b.D[0][l], math.FMA(b.D[1][l], b.D[1][l], float64(b.D[2][l]*b.D[2][l])))
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
			b.U[k][l] = float64(orbit*b.X[k][l]) - float64(star*b.D[k][l])
			b.Q[k][l] = float64(reaction * b.D[k][l])
		}
	}
	return low
}

// pairs sets To and From to the pulls between the planets of the block, and reports whether two are near.
func (b *Block) pairs() (near bool) {
	b.To, b.From = [3]Vector{}, [3]Vector{}
	for k := 1; k <= Lanes/2; k++ {
		for l, r2 := range b.pull(b, k, k < Lanes/2) {
			near = near || r2 < b.Near[k-1][l]
		}
	}
	return near
}

// across adds the pulls between the planets of the block and another one, and reports whether two are near.
func (b *Block) across(other *Block) (near bool) {
	for k := range Lanes {
		for l, r2 := range b.pull(other, k, true) {
			reach := b.Reach[l] + other.Reach[(l+k)%Lanes]
			near = near || r2 < float64(reach*reach)
		}
	}
	return near
}

// pull adds the pull on each planet by that of the other block k lanes ahead to To, and, if both is set, the reaction to
// the other block's From. It returns the squares of the distances.
func (b *Block) pull(other *Block, k int, both bool) (r2 Vector) {
	d, e := &b.D, &other.D
	for l := range Lanes {
		j := (l + k) % Lanes
		x, y, z := e[0][j]-d[0][l], e[1][j]-d[1][l], e[2][j]-d[2][l]
		r2[l] = math.FMA(x, x, math.FMA(y, y, float64(z*z)))
		w := 1 / float64(r2[l]*math.Sqrt(r2[l]))
		pull := float64(other.Pull[j] * w)
		b.To[0][l] = math.FMA(pull, x, b.To[0][l])
		b.To[1][l] = math.FMA(pull, y, b.To[1][l])
		b.To[2][l] = math.FMA(pull, z, b.To[2][l])
		if both {
			back := float64(b.Pull[l] * w)
			other.From[0][j] -= float64(back * x)
			other.From[1][j] -= float64(back * y)
			other.From[2][j] -= float64(back * z)
		}
	}
	return r2
}

// outward replaces Q by its sum over the planets outside each planet. After is the block after this one.
func (b *Block) outward(after *Block) {
	for k := range 3 {
		sum := later(&b.Q[k])
		carry := after.Sum[k][0]
		for l := range Lanes {
			outer := sum[l] + carry
			b.Sum[k][l] = outer + b.Q[k][l]
			b.Q[k][l] = outer
		}
	}
}

// finish adds the kick to the velocities: the planet's own part, the pulls of planets, and what the pulls on the planets
// inside and outside it change in the motion of the barycentre of those inside. Before is the block before this one.
func (b *Block) finish(before *Block) {
	for k := range 3 {
		var p, m Vector
		for l := range Lanes {
			p[l] = b.To[k][l] + b.From[k][l]
			m[l] = float64(b.Mass[l] * p[l])
		}
		sum := earlier(&m)
		carry := before.Sum[k][Lanes-1]
		for l := range Lanes {
			inner := sum[l] + carry
			b.Sum[k][l] = inner + m[l]
			b.V[k][l] += math.FMA(-b.Inner[l], b.Q[k][l]+inner, b.U[k][l]+p[l])
		}
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
