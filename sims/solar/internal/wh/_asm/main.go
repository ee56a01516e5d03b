// The generator of wh_amd64.s, and with -avx512 of avx512_amd64.s: go run -tags purego . -out ../wh_amd64.s
package main

import (
	"flag"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
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
	Generate()
}

// steps writes the routine of a block's kicks and drifts.
func steps(m machine, name, form string) {
	TEXT(name, NOSPLIT, "func(block *byte, n int) (done int, why int)")
	Pragma("noescape")
	Doc(name + " is steps of a Form, with " + form + ".")
	p := newProgram(m)
	x := p.loads("X")
	p.drift(x, p.kick(x))

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
	Doc(name + " is a drift of a block with " + form + ", or nothing if an arc is long, which it reports by 1.")
	p := newProgram(m)
	p.drift(p.loads("X"), p.loads("V"))

	base, long := Load(Param("block"), GP64()), GP64()
	p.write(base)
	XORQ(long, long)
	JMP(LabelRef("end"))
	Label("long")
	MOVQ(U32(1), long)
	Label("end")
	VZEROUPPER()
	Store(long, Return("long"))
	RET()
}
