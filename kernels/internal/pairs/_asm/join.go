package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// joinAll reduces the lanes of n bodies, n rounded up to perJoin, by halves: lane
// l takes lane l + lanes/2, and so on.
func joinAll(p precision, label string, strides, n, out reg.Register) {
	stride, left := GP64(), GP64()
	MOVQ(strides, stride)
	MOVQ(n, left)
	Label(label + "join" + suffix(p))
	for k := range 3 {
		p.join(p, Mem{Base: stride, Disp: k * vector}, Mem{Base: out, Disp: p.sums(k)})
	}
	ADDQ(number(3*vector*p.perJoin()), stride)
	ADDQ(number(16), out)
	SUBQ(number(p.perJoin()), left)
	JG(LabelRef(label + "join" + suffix(p)))
}

// halves adds the upper half of a vector to its lower half.
func (p precision) halves(from Mem) reg.VecVirtual {
	x := XMM()
	p.move(from, x)
	p.add(from.Offset(16), x, x)
	return x
}

// joinSingle reduces the eight lanes of four bodies.
func joinSingle(p precision, from, to Mem) {
	var four [4]reg.VecVirtual
	for b := range four {
		four[b] = p.halves(from.Offset(3 * vector * b))
	}
	var two [2]reg.VecVirtual
	for b := range two {
		low, high := XMM(), XMM()
		VMOVLHPS(four[2*b+1], four[2*b], low)
		VMOVHLPS(four[2*b], four[2*b+1], high)
		VADDPS(high, low, low)
		two[b] = low
	}
	even, odd := XMM(), XMM()
	VSHUFPS(U8(0x88), two[1], two[0], even)
	VSHUFPS(U8(0xdd), two[1], two[0], odd)
	VADDPS(odd, even, even)
	VMOVUPS(even, to)
}

// joinDouble reduces the four lanes of two bodies.
func joinDouble(p precision, from, to Mem) {
	a, b := p.halves(from), p.halves(from.Offset(3*vector))
	low, high := XMM(), XMM()
	VUNPCKLPD(b, a, low)
	VUNPCKHPD(b, a, high)
	VADDPD(high, low, low)
	VMOVUPD(low, to)
}
