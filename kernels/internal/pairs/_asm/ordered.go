package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// ordered: targets in two vectors, one source at a time.
func ordered(p precision) {
	TEXT("ordered"+suffix(p), NOSPLIT, fmt.Sprintf("func(targets *%s, n int, sources *%[1]s, m int, eps2 %[1]s, out *%[1]s)", p.name))
	Pragma("noescape")
	Doc("ordered" + suffix(p) + " is Ordered" + p.condition() + "; n is rounded up to two vectors.")
	c := p.load()
	targets, sources, out := Load(Param("targets"), GP64()), Load(Param("sources"), GP64()), Load(Param("out"), GP64())
	left, m := Load(Param("n"), GP64()), Load(Param("m"), GP64())

	Label("targets" + suffix(p))
	CMPQ(left, Imm(0))
	JLE(LabelRef("done" + suffix(p)))
	var sum [2][3]reg.VecVirtual
	for v := range sum {
		for k := range sum[v] {
			sum[v][k] = YMM()
			p.xor(sum[v][k], sum[v][k], sum[v][k])
		}
	}
	source, count := GP64(), GP64()
	MOVQ(sources, source)
	MOVQ(m, count)
	TESTQ(count, count)
	JZ(LabelRef("store" + suffix(p)))

	Label("sources" + suffix(p))
	var at [4]reg.VecVirtual
	for k := range at {
		at[k] = YMM()
		p.broadcast(Mem{Base: source, Disp: p.column(k)}, at[k])
	}
	for v := range sum {
		Comment("d = x_j − x_i; a_i = fma(gm_j·w, d, a_i)")
		var d [3]reg.VecVirtual
		for k := range d {
			d[k] = YMM()
			p.sub(Mem{Base: targets, Disp: p.column(k) + v*vector}, at[k], d[k])
		}
		r, w := YMM(), YMM()
		p.weight(c, d, r, w)
		p.mul(at[3], w, w)
		for k := range d {
			p.fma231(w, d[k], sum[v][k])
		}
	}
	ADDQ(number(p.size), source)
	DECQ(count)
	JNZ(LabelRef("sources" + suffix(p)))

	Label("store" + suffix(p))
	for v := range sum {
		for k := range sum[v] {
			p.move(sum[v][k], Mem{Base: out, Disp: p.sums(k) + v*vector})
		}
	}
	ADDQ(number(2*vector), targets)
	ADDQ(number(2*vector), out)
	SUBQ(number(2*vector/p.size), left)
	JMP(LabelRef("targets" + suffix(p)))

	Label("done" + suffix(p))
	VZEROUPPER()
	RET()
}

// suffix is the part of a routine's name that says its type, and that it needs
// softening.
func suffix(p precision) string {
	if p.soft {
		return "Soft" + p.name[len("float"):]
	}
	return p.name[len("float"):]
}
