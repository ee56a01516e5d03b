package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// squares makes the routine for a segment of a row's residual.
func (p precision) squares() {
	p.text("squares", "lanes, last, before []%[1]s, floor %[1]s", "squares"+p.name+" is Squares.")
	magnitude, floor := p.magnitude(), p.argument("floor")
	lanes, last, before, n := param("lanes"), param("last"), param("before"), length("last")
	vectors := 8 / p.lanes
	sums, largest := make([]reg.VecVirtual, vectors), make([]reg.VecVirtual, vectors)
	for v := range sums {
		sums[v], largest[v] = YMM(), YMM()
		VXORPS(sums[v], sums[v], sums[v])
		VXORPS(largest[v], largest[v], largest[v])
	}
	SUBQ(Imm(8), n)
	JLT(LabelRef("done"))
	Label("loop")
	for v := range sums {
		c := changes{p, floor, magnitude, largest[v]}
		c.add(Mem{Base: last, Disp: v * vector}, Mem{Base: before, Disp: v * vector}, sums[v])
	}
	ADDQ(Imm(8*uint64(p.size)), last)
	ADDQ(Imm(8*uint64(p.size)), before)
	SUBQ(Imm(8), n)
	JGE(LabelRef("loop"))
	Label("done")
	for v := range sums {
		VMOVUPS(sums[v], Mem{Base: lanes, Disp: v * vector})
		VMOVUPS(largest[v], Mem{Base: lanes, Disp: (v + vectors) * vector})
	}
	VZEROUPPER()
	RET()
}
