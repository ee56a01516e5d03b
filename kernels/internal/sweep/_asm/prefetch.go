package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
)

// cacheLine is the number of bytes of a cache line.
const cacheLine = 64

// prefetch makes the routine that asks for memory ahead of its use.
func (p precision) prefetch() {
	p.text("prefetch", "s []%[1]s", "prefetch"+p.name+" is Prefetch.")
	at, n := param("s"), length("s")
	shiftBytes(n, p.size)
	SUBQ(Imm(1), n)
	JLT(LabelRef("done"))
	Label("loop")
	PREFETCHT1(Mem{Base: at})
	ADDQ(Imm(cacheLine), at)
	SUBQ(Imm(cacheLine), n)
	JGE(LabelRef("loop"))
	Label("done")
	RET()
}
