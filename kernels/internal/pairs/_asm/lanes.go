package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// lanes: one target at a time, a full tile of sources in vectors.
func lanes(p precision) {
	TEXT("lanes"+suffix(p), NOSPLIT, fmt.Sprintf("func(targets *%s, first, n int, sources *%[1]s, eps2 %[1]s, out *%[1]s, strides *byte)", p.name))
	Pragma("noescape")
	Doc("lanes" + suffix(p) + " is Lanes" + p.condition() + ".")
	c := p.load()
	targets, sources, strides := Load(Param("targets"), GP64()), Load(Param("sources"), GP64()), Load(Param("strides"), GP64())
	first, n := Load(Param("first"), GP64()), Load(Param("n"), GP64())
	target, stride, left := GP64(), GP64(), GP64()
	LEAQ(Mem{Base: targets, Index: first, Scale: uint8(p.size)}, target)
	MOVQ(strides, stride)
	MOVQ(n, left)
	TESTQ(left, left)
	JZ(LabelRef("ldone" + suffix(p)))

	Label("ltargets" + suffix(p))
	var at, sum [3]reg.VecVirtual
	for k := range at {
		at[k], sum[k] = YMM(), YMM()
		p.broadcast(Mem{Base: target, Disp: p.column(k)}, at[k])
		p.xor(sum[k], sum[k], sum[k])
	}
	offset := GP64()
	XORQ(offset, offset)
	Label("lsources" + suffix(p))
	Comment("d = x_j − x_i; a_i = fma(gm_j·w, d, a_i), source j in lane j mod lanes")
	var d [3]reg.VecVirtual
	for k := range d {
		d[k] = YMM()
		p.move(Mem{Base: sources, Index: offset, Scale: 1, Disp: p.column(k)}, d[k])
		p.sub(at[k], d[k], d[k])
	}
	r, w := YMM(), YMM()
	p.weight(c, d, r, w)
	p.mul(Mem{Base: sources, Index: offset, Scale: 1, Disp: p.column(3)}, w, w)
	for k := range d {
		p.fma231(w, d[k], sum[k])
	}
	ADDQ(number(vector), offset)
	CMPQ(offset, number(p.bytes(tileSize)))
	JNE(LabelRef("lsources" + suffix(p)))
	for k := range sum {
		p.move(sum[k], Mem{Base: stride, Disp: k * vector})
	}
	ADDQ(number(3*vector), stride)
	ADDQ(number(p.size), target)
	DECQ(left)
	JNZ(LabelRef("ltargets" + suffix(p)))

	out := Load(Param("out"), GP64())
	LEAQ(Mem{Base: out, Index: first, Scale: uint8(p.size)}, out)
	joinAll(p, "l", strides, n, out)
	Label("ldone" + suffix(p))
	VZEROUPPER()
	RET()
}
