package main

// The formulas of package wh, in its order and with its names.

type triple [3]vec

func (p *program) loads(field string) (t triple) {
	for k := range t {
		t[k] = p.field(field, k)
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

// kick returns the velocities after a kick. It leaves for the label near where bodies are.
func (p *program) kick(x triple) (v triple) {
	var d triple
	for k := range d {
		d[k] = p.add(x[k], p.earlier(p.mul(p.field("Share"), x[k])))
	}
	p.r, p.inverse = p.radius(x)
	orbit := p.mul(p.field("Own"), p.cube(p.inverse))
	d2 := p.dot(d, d)
	p.test(&p.near, d2, p.field("Low"), less)
	w := p.cube(p.div(p.table("One"), p.sqrt(d2)))
	w = p.mul(w, p.fma(p.field("Twist"), p.mul(w, d2), p.table("One")))
	star, reaction := p.mul(p.field("Central"), w), p.mul(p.field("Reaction"), w)
	var u, outer triple
	for k := range d {
		u[k] = p.sub(p.mul(orbit, x[k]), p.mul(star, d[k]))
		outer[k] = p.later(p.mul(reaction, d[k]))
	}

	var to, from triple
	for k := 1; k <= lanes/2; k++ {
		var e triple
		for c := range e {
			e[c] = p.sub(p.rotate(d[c], k), d[c])
		}
		r2 := p.dot(e, e)
		p.test(&p.near, r2, p.field("Near", k-1), less)
		w := p.div(p.table("One"), p.mul(r2, p.sqrt(r2)))
		pull := p.mul(p.rotate(p.field("Pull"), k), w)
		back := p.mul(p.field("Pull"), w)
		for c := range e {
			if k == 1 {
				to[c] = p.fma(pull, e[c], p.zero())
			} else {
				to[c] = p.fma(pull, e[c], to[c])
			}
			if k < lanes/2 {
				t := p.rotate(p.mul(back, e[c]), lanes-k)
				if k == 1 {
					from[c] = p.sub(p.zero(), t)
				} else {
					from[c] = p.sub(from[c], t)
				}
			}
		}
	}

	p.branch(&p.near, "near")
	v = p.loads("V")
	for k := range v {
		sum := p.add(to[k], from[k])
		inner := p.earlier(p.mul(p.field("Mass"), sum))
		change := p.fnma(p.field("Inner"), p.add(outer[k], inner), p.add(u[k], sum))
		v[k] = p.add(v[k], change)
		p.store(v[k], p.layout.scratch(k))
	}
	return v
}

// drift stores x and v after a drift. It leaves for the label long where an arc is.
func (p *program) drift(x, v triple) {
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
	p.branch(&p.long, "long")
	for k := range 3 {
		p.store(p.add(x[k], p.fnma(f, x[k], p.mul(g, v[k]))), p.layout.offset("X", k))
		p.store(p.sub(v[k], p.fma(fdot, x[k], p.mul(gdot, v[k]))), p.layout.offset("V", k))
	}
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
