package main

// The formulas of package wh, in its order and with its names.

type triple [3]vec

func (p *program) loads(field string) triple { return p.loadsOf(0, field) }

func (p *program) loadsOf(base int, field string) (t triple) {
	for k := range t {
		t[k] = p.of(base, field, k)
	}
	return t
}

// dot is fma(a₀, b₀, fma(a₁, b₁, a₂·b₂)).
func (p *program) dot(a, b triple) vec {
	return p.fma(a[0], b[0], p.fma(a[1], b[1], p.mul(a[2], b[2])))
}

// radius is the distance r of x, and its inverse.
func (p *program) radius(x triple) (r, inverse vec) {
	r = p.sqrt(p.dot(x, x))
	return r, p.div(p.table("One"), r)
}

func (p *program) cube(inverse vec) vec { return p.mul(p.mul(inverse, inverse), inverse) }

func (p *program) earlier(v vec) vec {
	s := p.up(v, 1)
	for _, n := range []int{1, 2, 4} {
		s = p.add(s, p.up(s, n))
	}
	return s
}

func (p *program) later(v vec) vec {
	s := p.down(v, 1)
	for _, n := range []int{1, 2, 4} {
		s = p.add(s, p.down(s, n))
	}
	return s
}

// before is what a sum over lanes begins with: nothing, or a lane of the sum of block 1.
func (p *program) before(sum vec, k, lane int) vec {
	if p.alone {
		return sum
	}
	return p.add(sum, p.lane(1, "Sum", k, lane))
}

// places returns D. The sums go into the block unless it is alone.
func (p *program) places(x triple) (d triple) {
	for k := range d {
		t := p.mul(p.field("Share"), x[k])
		inner := p.before(p.earlier(t), k, lanes-1)
		d[k] = p.add(x[k], inner)
		if !p.alone {
			p.set(p.add(inner, t), 0, "Sum", k)
		}
	}
	return d
}

// own returns U and Q of a block, and tests whether a planet is low.
func (p *program) own(x, d triple) (u, q triple) {
	orbit := p.mul(p.field("Own"), p.cube(p.inverse))
	d2 := p.dot(d, d)
	p.test(&p.near, d2, p.field("Low"), less)
	w := p.cube(p.div(p.table("One"), p.sqrt(d2)))
	w = p.mul(w, p.fma(p.field("Twist"), p.mul(w, d2), p.table("One")))
	star, reaction := p.mul(p.field("Central"), w), p.mul(p.field("Reaction"), w)
	for k := range u {
		u[k] = p.sub(p.mul(orbit, x[k]), p.mul(star, d[k]))
		q[k] = p.mul(reaction, d[k])
	}
	return u, q
}

// pairs returns the pulls between the planets of a block, and tests whether two are near.
func (p *program) pairs(d triple) (to, from triple) {
	for k := range to {
		to[k], from[k] = p.zero(), p.zero()
	}
	for k := 1; k <= lanes/2; k++ {
		p.pull(0, k, d, d, &to, &from, p.field("Near", k-1), k < lanes/2)
	}
	return to, from
}

// pull adds the pull of the planets of a block k lanes ahead, and the reaction.
func (p *program) pull(block, k int, d, other triple, to, from *triple, near vec, both bool) {
	var e triple
	for c := range e {
		e[c] = p.sub(p.rotate(other[c], k), d[c])
	}
	r2 := p.dot(e, e)
	p.test(&p.near, r2, near, less)
	w := p.div(p.table("One"), p.mul(r2, p.sqrt(r2)))
	pull := p.mul(p.rotate(p.of(block, "Pull"), k), w)
	back := p.mul(p.field("Pull"), w)
	for c := range e {
		to[c] = p.fma(pull, e[c], to[c])
		if both {
			from[c] = p.sub(from[c], p.rotate(p.mul(back, e[c]), lanes-k))
		}
	}
}

// outward returns Q summed over the lanes after each.
func (p *program) outward(q triple) (outer triple) {
	for k := range q {
		outer[k] = p.before(p.later(q[k]), k, 0)
		if !p.alone {
			p.set(p.add(outer[k], q[k]), 0, "Sum", k)
		}
	}
	return outer
}

// finish returns the velocities after a kick.
func (p *program) finish(v, u, outer, to, from triple) triple {
	for k := range v {
		sum := p.add(to[k], from[k])
		m := p.mul(p.field("Mass"), sum)
		inner := p.before(p.earlier(m), k, lanes-1)
		if !p.alone {
			p.set(p.add(inner, m), 0, "Sum", k)
		}
		v[k] = p.add(v[k], p.fnma(p.field("Inner"), p.add(outer[k], inner), p.add(u[k], sum)))
	}
	return v
}

// kick returns the velocities after a kick of a block that is alone. It leaves for the label near where bodies are.
func (p *program) kick(x triple) (v triple) {
	p.r, p.inverse = p.radius(x)
	d := p.places(x)
	to, from := p.pairs(d) // first, since most waits for them
	u, q := p.own(x, d)
	outer := p.outward(q)
	p.branch(&p.near, "near")
	v = p.finish(p.loads("V"), u, outer, to, from)
	for k := range v {
		p.set(v[k], 0, "Scratch", k)
	}
	return v
}

// driftBlock moves the lanes of a block whose arcs are not long.
func (p *program) driftBlock() {
	x, v := p.loads("X"), p.loads("V")
	xs, vs := p.drift(x, v)
	for k := range xs {
		p.set(p.choose(&p.long, xs[k], x[k]), 0, "X", k)
		p.set(p.choose(&p.long, vs[k], v[k]), 0, "V", k)
	}
	if !p.avx512 {
		p.set(p.long.value, 0, "Scratch", 0)
	}
}

// light adds the pulls of eight planets of a table to To of a block without mass, and the kick to the velocities.
func (p *program) light(block, table int) {
	x, to := p.loadsOf(block, "X"), p.loadsOf(block, "To")
	for j := range lanes {
		p.pullOf(table+1, j, x, &to)
	}
	x2 := p.dot(x, x)
	r := p.sqrt(x2)
	p.set(r, block, "R", 0)
	p.set(p.div(p.table("One"), r), block, "Inverse", 0)
	w := p.div(p.table("One"), p.mul(x2, r))
	own, twist := p.number(table, 8), p.number(table, 16)
	w = p.mul(p.mul(own, w), p.mul(twist, p.mul(w, x2)))
	for k, v := range p.loadsOf(block, "V") {
		p.set(p.add(v, p.fnma(w, x[k], to[k])), block, "V", k)
	}
}

// pullOf adds the pull of the planet in a row of a table.
func (p *program) pullOf(table, row int, x triple, to *triple) {
	var e triple
	for k := range e {
		e[k] = p.sub(p.number(table, rowBytes*row+8*k), x[k])
	}
	r2 := p.dot(e, e)
	w := p.div(p.table("One"), p.mul(r2, p.sqrt(r2)))
	pull := p.mul(p.number(table, rowBytes*row+24), w)
	for k := range e {
		to[k] = p.fma(pull, e[k], to[k])
	}
}

// drift returns x and v after a drift, and tests whether an arc is long.
func (p *program) drift(x, v triple) (xs, vs triple) {
	gm, h := p.field("Orbit"), p.field("H")
	r, inverse := p.r, p.inverse
	if r == nil {
		r, inverse = p.radius(x)
	}
	u := p.mul(h, inverse)
	per := p.mul(u, inverse)
	u2 := p.mul(u, u)
	v2 := p.dot(v, v)
	eta := p.dot(x, v)
	beta := p.fms(p.add(gm, gm), inverse, v2)
	zeta := p.fnma(beta, r, gm)
	s := p.revert(u, p.mul(p.table("Half"), p.mul(eta, per)), p.mul(p.table("Sixth"), p.mul(p.mul(zeta, per), u)), p.mul(beta, u2))

	s2 := p.mul(s, s)
	z := p.mul(beta, s2)
	z2 := p.mul(z, z)
	z4 := p.mul(z2, z2)
	c2, c3 := p.series("C2", z, z2, z4), p.series("C3", z, z2, z4)
	g0 := p.fnma(z, c2, p.table("One"))
	g1 := p.fnma(p.mul(s, z), c3, s)
	g2 := p.mul(s2, c2)
	g3 := p.mul(p.mul(s, s2), c3)

	left := p.fnma(zeta, g3, p.fnma(eta, g2, p.fnma(r, s, h)))
	slope := p.div(p.table("One"), p.fma(zeta, g2, p.fma(eta, g1, r)))
	second := p.fma(zeta, g1, p.mul(eta, g0))
	third := p.fms(zeta, g0, p.mul(p.mul(beta, eta), g1))
	n := p.mul(left, slope)
	n2 := p.mul(n, n)
	bend := p.mul(p.mul(p.table("Half"), p.mul(second, slope)), n)
	turn := p.mul(p.mul(p.table("Sixth"), p.mul(third, slope)), n2)
	a := p.revert(n, bend, turn, p.mul(beta, n2))
	p.test(&p.long, p.abs(z), p.table("MaxZ"), notAtMost)
	p.test(&p.long, p.abs(a), p.mul(p.table("MaxShift"), p.abs(s)), notAtMost)
	p.test(&p.long, p.abs(bend), p.table("MaxBend"), notAtMost)
	p.test(&p.long, p.abs(turn), p.table("MaxTurn"), notAtMost)

	a2 := p.mul(a, a)
	y := p.mul(beta, a2)
	half := p.mul(p.table("Half"), a2)
	e1 := p.fnma(p.mul(a, y), p.table("Sixth"), a)
	e2 := p.fnma(p.mul(half, y), p.table("Twelfth"), half)
	e3 := p.mul(p.table("Sixth"), p.mul(a, a2))
	h1 := p.add(g1, p.fms(g0, e1, p.mul(p.mul(beta, e2), g1)))
	h2 := p.add(g2, p.fma(g1, e1, p.mul(g0, e2)))
	h3 := p.add(g3, p.fma(g2, e1, p.fma(g1, e2, e3)))

	end := p.div(p.table("One"), p.fma(zeta, h2, p.fma(eta, h1, r)))
	pull := p.mul(gm, h2)
	f := p.mul(pull, inverse)
	g := p.fnma(gm, h3, h)
	fdot := p.mul(p.mul(gm, h1), p.mul(inverse, end))
	gdot := p.mul(pull, end)
	if p.alone {
		p.branch(&p.long, "long")
	}
	for k := range x {
		xs[k] = p.add(x[k], p.fnma(f, x[k], p.mul(g, v[k])))
		vs[k] = p.sub(v[k], p.fma(fdot, x[k], p.mul(gdot, v[k])))
	}
	return xs, vs
}

func (p *program) revert(n, a, b, y vec) vec {
	square := p.mul(a, a)
	third := p.fms(p.table("Two"), square, b)
	fourth := p.mul(a, p.fnma(p.table("Five"), p.sub(square, b), p.mul(p.table("Twelfth"), y)))
	return p.fma(n, p.sub(p.add(third, fourth), a), n)
}

func (p *program) series(table string, z, z2, z4 vec) vec {
	pair := func(k int) vec { return p.fma(p.table(table, k+1), z, p.table(table, k)) }
	low := p.fma(pair(2), z2, pair(0))
	high := p.fma(pair(6), z2, pair(4))
	return p.fma(high, z4, low)
}
