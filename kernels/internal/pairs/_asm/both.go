package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// both: every pair of two tiles once, for both bodies. The earlier tile a is in
// two vectors; each body of the later tile b keeps its sum in lanes, in memory.
func both(p precision) {
	TEXT("both"+suffix(p), NOSPLIT, fmt.Sprintf("func(a, b *%s, m int, eps2 %[1]s, toA, toB *%[1]s, strides *byte)", p.name))
	Pragma("noescape")
	Doc("both" + suffix(p) + " is Both.")
	c := p.load()
	a, b, toA, strides := Load(Param("a"), GP64()), Load(Param("b"), GP64()), Load(Param("toA"), GP64()), Load(Param("strides"), GP64())
	m := Load(Param("m"), GP64())
	clearStrides(p, strides, m)

	blocks := GP64()
	MOVQ(U64(uint64(p.bytes(tileSize)/(2*vector))), blocks)
	Label("blocks" + suffix(p))
	var sum [2][3]reg.VecVirtual
	for v := range sum {
		for k := range sum[v] {
			sum[v][k] = YMM()
			p.xor(sum[v][k], sum[v][k], sum[v][k])
		}
	}
	source, stride, count := GP64(), GP64(), GP64()
	MOVQ(b, source)
	MOVQ(strides, stride)
	MOVQ(m, count)

	Label("pairs" + suffix(p))
	var at [4]reg.VecVirtual
	for k := range at {
		at[k] = YMM()
		p.broadcast(Mem{Base: source, Disp: p.column(k)}, at[k])
	}
	var d [2][3]reg.VecVirtual
	for v := range d {
		Comment("d = x_j − x_i; a_i = fma(gm_j·w, d, a_i); a_j = fma(gm_i·w, −d, a_j)")
		for k := range d[v] {
			d[v][k] = at[k] // the second vector may take the place of the source
			if v == 0 {
				d[v][k] = YMM()
			}
			p.sub(Mem{Base: a, Disp: p.column(k) + v*vector}, at[k], d[v][k])
		}
		r, w := YMM(), YMM()
		p.weight(c, d[v], r, w)
		p.mul(at[3], w, r)
		p.mul(Mem{Base: a, Disp: p.column(3) + v*vector}, w, w)
		for k := range d[v] {
			p.fma231(r, d[v][k], sum[v][k])
		}
		for k := range d[v] {
			if v == 0 {
				p.fnma213(Mem{Base: stride, Disp: k * vector}, w, d[0][k])
			} else {
				p.fnma231(w, d[1][k], d[0][k])
				p.move(d[0][k], Mem{Base: stride, Disp: k * vector})
			}
		}
	}
	ADDQ(number(p.size), source)
	ADDQ(number(3*vector), stride)
	DECQ(count)
	JNZ(LabelRef("pairs" + suffix(p)))

	for v := range sum {
		for k := range sum[v] {
			p.move(sum[v][k], Mem{Base: toA, Disp: p.sums(k) + v*vector})
		}
	}
	ADDQ(number(2*vector), a)
	ADDQ(number(2*vector), toA)
	DECQ(blocks)
	JNZ(LabelRef("blocks" + suffix(p)))

	joinAll(p, "b", strides, m, Load(Param("toB"), GP64()))
	VZEROUPPER()
	RET()
}

// clearStrides sets the lanes of m bodies, rounded up to perJoin, to zero.
func clearStrides(p precision, strides, m reg.Register) {
	zero := YMM()
	VPXOR(zero, zero, zero)
	stride, left := GP64(), GP64()
	MOVQ(strides, stride)
	MOVQ(m, left)
	Label("clear" + suffix(p))
	for i := range 3 * p.perJoin() {
		VMOVDQU(zero, Mem{Base: stride, Disp: i * vector})
	}
	ADDQ(number(3*vector*p.perJoin()), stride)
	SUBQ(number(p.perJoin()), left)
	JG(LabelRef("clear" + suffix(p)))
}
