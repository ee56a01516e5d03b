// The generator of wh_amd64.s, and with -avx512 of avx512_amd64.s: go run -tags purego . -out ../wh_amd64.s
package main

import (
	"flag"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

func main() {
	avx512 := flag.Bool("avx512", false, "write the form for AVX-512")
	flag.Parse()
	ConstraintExpr("!purego")
	m := machine{avx512: *avx512}
	suffix, name := "AVX2", "AVX2"
	if *avx512 {
		suffix, name = "AVX512", "AVX-512"
	}
	steps(m, "steps"+suffix, name)
	drift(m, "drift"+suffix, name)
	parts(m, suffix, name)
	light(m, suffix, name)
	Generate()
}

// steps writes the routine of a block's kicks and drifts.
func steps(m machine, name, form string) {
	TEXT(name, NOSPLIT, "func(block *byte, n int) (done int, why int)")
	Pragma("noescape")
	Doc(name + " is steps of a Form, with " + form + ".")
	p := newProgram(m)
	p.alone = true
	x := p.loads("X")
	xs, vs := p.drift(x, p.kick(x))
	for k := range xs {
		p.set(xs[k], 0, "X", k)
		p.set(vs[k], 0, "V", k)
	}

	base, n := Load(Param("block"), GP64()), Load(Param("n"), GP64())
	done, why := GP64(), GP64()
	XORQ(done, done)
	Label("step")
	CMPQ(done, n)
	JGE(LabelRef("all"))
	p.write(base)
	INCQ(done)
	JMP(LabelRef("step"))

	Label("all")
	XORQ(why, why)
	JMP(LabelRef("end"))
	Label("near")
	MOVQ(U32(1), why)
	JMP(LabelRef("end"))
	Label("long")
	MOVQ(U32(2), why)
	for k := range 3 { // the velocities after the kick
		for at := 0; at < vectorBytes; at += m.bytes() {
			r := m.register(0)
			VMOVUPD(Mem{Base: base, Disp: p.layout.scratch(k) + at}, r)
			VMOVUPD(r, Mem{Base: base, Disp: p.layout.offset("V", k) + at})
		}
	}
	Label("end")
	VZEROUPPER()
	Store(done, Return("done"))
	Store(why, Return("why"))
	RET()
}

// drift writes the routine of a block's drift.
func drift(m machine, name, form string) {
	TEXT(name, NOSPLIT, "func(block *byte) (long int)")
	Pragma("noescape")
	Doc(name + " is drift of a Form, with " + form + ".")
	p := newProgram(m)
	p.driftBlock()
	base := Load(Param("block"), GP64())
	p.write(base)
	returnLong(p, base)
}

// returnLong ends a routine that drifts a block.
func returnLong(p *program, block reg.Register) {
	long := GP64()
	if p.avx512 {
		KMOVW(reg.K3, long.As32())
	} else {
		high := GP64()
		VMOVUPD(Mem{Base: block, Disp: p.layout.scratch(0)}, reg.Y0)
		VMOVUPD(Mem{Base: block, Disp: p.layout.scratch(0) + p.bytes()}, reg.Y1)
		VMOVMSKPD(reg.Y0, long.As32())
		VMOVMSKPD(reg.Y1, high.As32())
		SHLQ(U8(lanes/2), high)
		ORQ(high, long)
	}
	VZEROUPPER()
	Store(long, Return("long"))
	RET()
}

// parts writes the routines of the parts of a kick.
func parts(m machine, suffix, form string) {
	part(m, "own"+suffix, "own with "+form, "before", true, func(p *program) {
		x := p.loads("X")
		p.r, p.inverse = p.radius(x)
		d := p.places(x)
		u, q := p.own(x, d)
		p.sets("D", d)
		p.sets("U", u)
		p.sets("Q", q)
	})
	part(m, "pairs"+suffix, "pairs with "+form, "", true, func(p *program) {
		to, from := p.pairs(p.loads("D"))
		p.sets("To", to)
		p.sets("From", from)
	})
	part(m, "across"+suffix, "across with "+form, "other", true, func(p *program) {
		d, other, to, from := p.loads("D"), p.loadsOf(1, "D"), p.loads("To"), p.loadsOf(1, "From")
		for k := range lanes {
			reach := p.add(p.field("Reach"), p.rotate(p.of(1, "Reach"), k))
			p.pull(1, k, d, other, &to, &from, p.mul(reach, reach), true)
		}
		p.sets("To", to)
		for k := range from {
			p.set(from[k], 1, "From", k)
		}
	})
	part(m, "outward"+suffix, "outward with "+form, "after", false, func(p *program) {
		p.sets("Q", p.outward(p.loads("Q")))
	})
	part(m, "finish"+suffix, "finish with "+form, "before", false, func(p *program) {
		p.sets("V", p.finish(p.loads("V"), p.loads("U"), p.loads("Q"), p.loads("To"), p.loads("From")))
	})
}

// light writes the routines of bodies without mass: their kick, and that of a block while another one drifts.
func light(m machine, suffix, form string) {
	name := "light" + suffix
	TEXT(name, NOSPLIT, "func(block, table *byte, n int)")
	Pragma("noescape")
	Doc(name + " is light with " + form + ", for n planets, eight or more.")
	bases := []reg.Register{Load(Param("block"), GP64()), Load(Param("table"), GP64()), GP64()}
	pulls(m, bases, 0, 1)
	p := newProgram(m)
	p.light(0, 1)
	p.write(bases...)
	VZEROUPPER()
	RET()

	name = "driftAndLight" + suffix
	TEXT(name, NOSPLIT, "func(block, other, table *byte, n int) (long int)")
	Pragma("noescape")
	Doc(name + " is drift of a block and light of another one with " + form + ".")
	bases = []reg.Register{Load(Param("block"), GP64()), Load(Param("other"), GP64()), Load(Param("table"), GP64()), GP64()}
	pulls(m, bases, 1, 2)
	p = newProgram(m)
	p.r, p.inverse = p.field("R"), p.field("Inverse")
	p.driftBlock()
	p.among(func() { p.light(1, 2) })
	p.write(bases...)
	returnLong(p, bases[0])
}

// pulls writes the beginning of light: To of a block with the star's part, and the pulls of all planets but the last
// eight, at which the base after the table's is then.
func pulls(m machine, bases []reg.Register, block, table int) {
	p := newProgram(m)
	for k := range 3 {
		p.set(p.number(table, rowBytes+8*k), block, "To", k)
	}
	p.write(bases...)
	n := Load(Param("n"), GP64())
	MOVQ(bases[table], bases[table+1])
	ADDQ(U8(2*rowBytes), bases[table+1])
	Label("more")
	CMPQ(n, U8(lanes))
	JLE(LabelRef("last"))
	p = newProgram(m)
	to := p.loadsOf(block, "To")
	p.pullOf(table+1, 0, p.loadsOf(block, "X"), &to)
	for k := range to {
		p.set(to[k], block, "To", k)
	}
	p.write(bases...)
	ADDQ(U8(rowBytes), bases[table+1])
	DECQ(n)
	JMP(LabelRef("more"))
	Label("last")
}

// part writes a routine for a block and perhaps another one, which may return whether bodies are near.
func part(m machine, name, doc, other string, tests bool, body func(p *program)) {
	signature := "func(block"
	if other != "" {
		signature += ", " + other
	}
	signature += " *byte)"
	if tests {
		signature += " (near int)"
		doc += ". It returns 1 if two bodies are near."
	} else {
		doc += "."
	}
	TEXT(name, NOSPLIT, signature)
	Pragma("noescape")
	Doc(name + " is " + doc)
	p := newProgram(m)
	body(p)
	bases := []reg.Register{Load(Param("block"), GP64())}
	if other != "" {
		bases = append(bases, Load(Param(other), GP64()))
	}
	if !tests {
		p.write(bases...)
		VZEROUPPER()
		RET()
		return
	}
	p.branch(&p.near, "near") // after all else is stored
	near := GP64()
	p.write(bases...)
	XORQ(near, near)
	JMP(LabelRef("end"))
	Label("near")
	MOVQ(U32(1), near)
	Label("end")
	VZEROUPPER()
	Store(near, Return("near"))
	RET()
}
