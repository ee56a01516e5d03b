// Command asm generates ../flows_amd64.s.
package main

import (
	"math"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"

	"offload/internal/contract"
)

func main() {
	ConstraintExpr("!purego")
	for _, p := range []precision{single, double} {
		p.diagonals()
		for _, eight := range []bool{false, true} {
			p.product(eight)
			p.remainder(eight)
		}
		p.search()
		p.advance()
		p.dot("dot", p)
	}
	double.dot("mixedDot", single)
	for _, eight := range []bool{false, true} {
		relax(eight)
		residual(eight)
	}
	first()
	flush()
	gather()
	spread()
	spreadBetween()
	Generate()
}

// row is what flows into a row of points are computed from.
type row struct {
	precision
	up, mid, down, east, south, north, diagonals reg.GPVirtual
}

// flowArguments are the parameters of row; the flows of diagonal neighbours are not read
// for four neighbours.
const flowArguments = "up, mid, down, east, south, north, diagonals"

func (p precision) row(eight bool) row {
	r := row{precision: p, up: param("up"), mid: param("mid"), down: param("down"), east: param("east"), south: param("south"), north: param("north")}
	if eight {
		r.diagonals = param("diagonals")
	}
	return r
}

// flow returns the values of points and the flows into them.
func (r row) flow(e elements) (c, s reg.VecVirtual) {
	p := r.precision
	c, s = e.load(p, r.mid, 0), e.load(p, r.mid, 1)
	p.sub(c, s, s)
	e.with(p, p.mul, r.east, 0, s)
	t := e.load(p, r.mid, -1)
	p.sub(c, t, t)
	e.with(p, p.mul, r.east, -1, t)
	p.add(t, s, s)
	t = e.load(p, r.down, 0)
	p.sub(c, t, t)
	e.with(p, p.mul, r.south, 0, t)
	u := e.load(p, r.up, 0)
	p.sub(c, u, u)
	e.with(p, p.mul, r.north, 0, u)
	p.add(u, t, t)
	p.add(t, s, s)
	if r.diagonals != nil {
		e.with(p, p.add, r.diagonals, 0, s)
	}
	return c, s
}

// eighted returns the name of a routine for four or eight neighbours, and what to say of it.
func eighted(name string, eight bool) (string, string) {
	if eight {
		return name + "Eight", "eight neighbours, of which the flows from the diagonal ones are given."
	}
	return name + "Four", "four neighbours."
}

func (p precision) diagonals() {
	p.text("diagonals", "dst, up, mid, down, southEast, southWest, aboveSouthEast, aboveSouthWest *%[1]s, n int", "sets dst to the flows from diagonal neighbours.")
	dst, up, mid, down := param("dst"), param("up"), param("mid"), param("down")
	se, sw, nw, ne := param("southEast"), param("southWest"), param("aboveSouthEast"), param("aboveSouthWest")
	loop(p, param("n"), nil, func(e elements) {
		c := e.load(p, mid, 0)
		term := func(value reg.GPVirtual, at int, conductance reg.GPVirtual, place int) reg.VecVirtual {
			v := e.load(p, value, at)
			p.sub(c, v, v)
			e.with(p, p.mul, conductance, place, v)
			return v
		}
		s, t := term(down, 1, se, 0), term(up, -1, nw, -1)
		p.add(t, s, s)
		t, u := term(down, -1, sw, 0), term(up, 1, ne, 1)
		p.add(u, t, t)
		p.add(t, s, s)
		e.store(p, s, dst)
	})
	end()
}

func (p precision) product(eight bool) {
	name, what := eighted("product", eight)
	p.text(name, "dst, "+flowArguments+", loss, inverse *%[1]s, n int", "is Product for "+what)
	r, dst, loss, inverse := p.row(eight), param("dst"), param("loss"), param("inverse")
	magnitude, floor, zero := p.magnitude(), p.floor(), none()
	loop(p, param("n"), nil, func(e elements) {
		c, s := r.flow(e)
		e.with(p, p.mul, loss, 0, c)
		p.sub(s, c, c)
		p.flushed(c, magnitude, floor, s)
		t := e.load(p, inverse, 0)
		p.cmp(Imm(notEqual), zero, t, t)
		p.and(t, c, c)
		e.store(p, c, dst)
	})
	end()
}

func (p precision) remainder(eight bool) {
	name, what := eighted("remainder", eight)
	p.text(name, "dst *float32, "+flowArguments+", loss, inverse, f *%[1]s, n int, scale %[1]s) (most %[1]s", "is Remainder for "+what)
	r, dst, loss, inverse, f := p.row(eight), param("dst"), param("loss"), param("inverse"), param("f")
	magnitude, floor, floor32 := p.magnitude(), p.floor(), single.floor()
	scale, most, zero := p.argument("scale"), none(), none()
	loop(p, param("n"), nil, func(e elements) {
		c, s := r.flow(e)
		e.with(p, p.add, f, 0, s)
		e.with(p, p.mul, loss, 0, c)
		p.sub(c, s, s)
		p.flushed(s, magnitude, floor, c)
		i := e.load(p, inverse, 0)
		p.cmp(Imm(notEqual), zero, i, c)
		p.and(c, s, s)
		p.and(magnitude, s, c)
		p.mul(i, c, c)
		p.max(most, c, most) // most if c is NaN
		p.mul(scale, s, s)
		e.narrow(p, s, dst, floor32)
	})
	t := YMM()
	VPERM2F128(Imm(1), most, most, t)
	p.max(most, t, most)
	t = YMM()
	VPSHUFD(Imm(0x4e), most, t)
	p.max(most, t, most)
	if p.size == 4 {
		t = YMM()
		VPSHUFD(Imm(0xb1), most, t)
		p.max(most, t, most)
	}
	Store(most.AsX(), ReturnIndex(0))
	end()
}

func (p precision) search() {
	p.text("search", "dst *%[1]s, z *float32, p *%[1]s, n int, sigma, beta %[1]s", "is Search.")
	dst, z, q, sigma, beta := param("dst"), param("z"), param("p"), p.argument("sigma"), p.argument("beta")
	magnitude, floor := p.magnitude(), p.floor()
	loop(p, param("n"), nil, func(e elements) {
		v, t := e.widened(p, z), e.load(p, q, 0)
		p.mul(sigma, v, v)
		p.mul(beta, t, t)
		p.add(t, v, v)
		p.flushed(v, magnitude, floor, t)
		e.store(p, v, dst)
	})
	end()
}

func (p precision) advance() {
	p.text("advance", "dst, x, p *%[1]s, n int, alpha %[1]s", "is Advance.")
	dst, x, q, alpha := param("dst"), param("x"), param("p"), p.argument("alpha")
	magnitude, floor := p.magnitude(), p.floor()
	loop(p, param("n"), nil, func(e elements) {
		v, t := e.load(p, q, 0), YMM()
		p.mul(alpha, v, v)
		e.with(p, p.add, x, 0, v)
		p.flushed(v, magnitude, floor, t)
		e.store(p, v, dst)
	})
	end()
}

// dot makes the routine of Dot for a first row of precision a.
func (p precision) dot(name string, a precision) {
	p.text(name, "a *"+a.typ+", b *%[1]s, n int) (sum %[1]s", "is Dot, or MixedDot for different types.")
	x, y, n := param("a"), param("b"), param("n")
	sum, segment := none(), GP64()
	Label("segment")
	TESTQ(n, n)
	JLE(LabelRef("done"))
	MOVQ(n, segment)
	limit := GP64()
	MOVQ(U64(contract.ResidualSegment), limit)
	CMPQ(segment, limit)
	CMOVQGT(limit, segment)
	SUBQ(segment, n)
	parts := make([]reg.VecVirtual, contract.ResidualLanes/p.lanes)
	for k := range parts {
		parts[k] = none()
	}
	accumulate := func(masks bool) {
		for k, part := range parts {
			e := elements{offset: k * p.lanes, n: segment, masks: masks}
			v := e.load(p, y, 0)
			if a.size == p.size {
				t := e.load(p, x, 0)
				p.mul(t, v, v)
			} else {
				p.mul(e.widened(p, x), v, v)
			}
			p.add(v, part, part)
		}
	}
	Label("lanes")
	CMPQ(segment, Imm(contract.ResidualLanes))
	JL(LabelRef("rest"))
	accumulate(false)
	ADDQ(Imm(uint64(contract.ResidualLanes*a.size)), x)
	ADDQ(Imm(uint64(contract.ResidualLanes*p.size)), y)
	SUBQ(Imm(contract.ResidualLanes), segment)
	JMP(LabelRef("lanes"))
	Label("rest")
	TESTQ(segment, segment)
	JZ(LabelRef("join"))
	accumulate(true)
	Label("join") // the last segment is the only one with a rest
	part, high := parts[0], XMM()
	if len(parts) == 2 {
		p.add(parts[1], part, part)
	}
	VEXTRACTF128(Imm(1), part, high)
	p.add(high, part.AsX(), part.AsX())
	VPSHUFD(Imm(0x4e), part.AsX(), high)
	p.add(high, part.AsX(), part.AsX())
	if p.size == 4 {
		VPSHUFD(Imm(0xb1), part.AsX(), high)
		p.add(high, part.AsX(), part.AsX())
	}
	p.add(part.AsX(), sum.AsX(), sum.AsX())
	JMP(LabelRef("segment"))
	Label("done")
	Store(sum.AsX(), ReturnIndex(0))
	end()
}

func relax(eight bool) {
	p := single
	name, what := eighted("relax", eight)
	p.text(name, "dst, "+flowArguments+", loss, inverse, f *float32, n, first int", "is Relax for "+what)
	r, dst, loss, inverse, f := p.row(eight), param("dst"), param("loss"), param("inverse"), param("f")
	magnitude, floor, chosen := p.magnitude(), p.floor(), alternating()
	loop(p, param("n"), func() { VPSHUFD(Imm(0xb1), chosen, chosen) }, func(e elements) {
		c, s := r.flow(e)
		e.with(p, p.add, f, 0, s)
		t := e.load(p, loss, 0)
		p.mul(c, t, t)
		p.sub(t, s, s)
		e.with(p, p.mul, inverse, 0, s)
		p.add(c, s, s)
		p.flushed(s, magnitude, floor, t)
		VBLENDVPS(chosen, s, c, s)
		e.store(p, s, dst)
	})
	end()
}

func residual(eight bool) {
	p := single
	name, what := eighted("residual", eight)
	p.text(name, "dst, "+flowArguments+", loss, f *float32, n int", "is Residual for "+what)
	r, dst, loss, f := p.row(eight), param("dst"), param("loss"), param("f")
	loop(p, param("n"), nil, func(e elements) {
		c, s := r.flow(e)
		e.with(p, p.add, f, 0, s)
		e.with(p, p.mul, loss, 0, c)
		p.sub(c, s, s)
		e.store(p, s, dst)
	})
	end()
}

func first() {
	p := single
	p.text("first", "dst, f, inverse *float32, n, first int", "is First.")
	dst, f, inverse := param("dst"), param("f"), param("inverse")
	magnitude, floor, chosen := p.magnitude(), p.floor(), alternating()
	loop(p, param("n"), func() { VPSHUFD(Imm(0xb1), chosen, chosen) }, func(e elements) {
		v, t := e.load(p, f, 0), YMM()
		e.with(p, p.mul, inverse, 0, v)
		p.flushed(v, magnitude, floor, t)
		VANDPS(chosen, v, v)
		e.store(p, v, dst)
	})
	end()
}

// alternating returns the mask of every second lane, beginning with that of argument first.
func alternating() reg.VecVirtual {
	table, ok := numbers["alternating"]
	if !ok {
		table = GLOBL("alternating", RODATA|NOPTR)
		for i := range 5 {
			DATA(8*i, U64(math.MaxUint32))
		}
		numbers["alternating"] = table
	}
	from, mask := GP64(), YMM()
	LEAQ(table, from)
	VMOVUPS(Mem{Base: from, Index: param("first"), Scale: 4}, mask)
	return mask
}

func flush() {
	p := single
	p.text("flush", "dst *float32, n int", "is Flush.")
	dst, magnitude, floor := param("dst"), p.magnitude(), p.floor()
	loop(p, param("n"), nil, func(e elements) {
		v, t := e.load(p, dst, 0), YMM()
		p.flushed(v, magnitude, floor, t)
		e.store(p, v, dst)
	})
	end()
}
