package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/operand"
)

// unrolled is the number of vectors of pairs in an iteration of the loop.
const unrolled = 4

// pairs generates the instruction mix for vectors of pairs of bodies, with the sums of
// both. Everything stays in the 16 registers, and only the sums depend on the vector
// before.
func (p precision) pairs() {
	TEXT(fmt.Sprintf("pairsAVX2x%d", p.bits), NOSPLIT,
		fmt.Sprintf("func(rounds int, in *[5]%s, sums *[6][%d]%s)", p.elem, p.lanes(), p.elem))
	Pragma("noescape")
	Doc(fmt.Sprintf("pairsAVX2x%d computes %d·rounds vectors of pairs; see pairsGo.", p.bits, unrolled))
	rounds := Load(Param("rounds"), GP64())
	in := Load(Param("in"), GP64())
	sums := Load(Param("sums"), GP64())
	c, sum, d := registers(5), registers(6), registers(3)
	square, weight := YMM(), YMM()
	for i := range c {
		p.broadcast(p.at(in, i), c[i])
	}
	for i := range sum {
		p.load(p.at(sums, i*p.lanes()), sum[i])
	}
	Label("round")
	for range unrolled {
		Comment("d = (c₀ − c₁, c₁ − c₂, c₂ − c₃), r² = fma(d₀, d₀, fma(d₁, d₁, fma(d₂, d₂, c₀)))")
		for i := range d {
			p.sub(c[i+1], c[i], d[i])
		}
		p.move(c[0], square)
		for i := range d {
			p.fma(d[2-i], d[2-i], square)
		}
		Comment("w = c₄ / (r²·√r²)")
		p.sqrt(square, weight)
		p.mul(square, weight, weight)
		p.div(weight, c[4], weight)
		Comment("sums += (c₂·w)·d, −= (c₃·w)·d")
		p.mul(c[2], weight, square)
		p.mul(c[3], weight, weight)
		for i := range d {
			p.fma(square, d[i], sum[i])
			p.fnma(weight, d[i], sum[3+i])
		}
	}
	DECQ(rounds)
	JNZ(operand.LabelRef("round"))
	for i := range sum {
		p.load(sum[i], p.at(sums, i*p.lanes()))
	}
	VZEROUPPER()
	RET()
}
