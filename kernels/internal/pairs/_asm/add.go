package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
)

// add: a sum with its rounding error carried.
func add(p precision) {
	TEXT("add"+suffix(p), NOSPLIT, fmt.Sprintf("func(sum, carry, part *%s)", p.name))
	Pragma("noescape")
	Doc("add" + suffix(p) + " is Add.")
	sum, carry, part := Load(Param("sum"), GP64()), Load(Param("carry"), GP64()), Load(Param("part"), GP64())
	left := GP64()
	MOVQ(U64(uint64(3*p.bytes(tileSize+8)/vector)), left)
	Label("add" + suffix(p))
	Comment("s = a + b; z = s − a; carry += (a − (s − z)) + (b − z)")
	a, b, s, z := YMM(), YMM(), YMM(), YMM()
	p.move(Mem{Base: sum}, a)
	p.move(Mem{Base: part}, b)
	p.add(b, a, s)
	p.sub(a, s, z)
	p.move(s, Mem{Base: sum})
	p.sub(z, s, s)
	p.sub(s, a, a)
	p.sub(z, b, b)
	p.add(b, a, a)
	p.add(Mem{Base: carry}, a, a)
	p.move(a, Mem{Base: carry})
	ADDQ(number(vector), sum)
	ADDQ(number(vector), carry)
	ADDQ(number(vector), part)
	DECQ(left)
	JNZ(LabelRef("add" + suffix(p)))
	VZEROUPPER()
	RET()
}
