package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// bounds are the running bounds of packed values, in registers.
type bounds struct {
	precision
	at                 Mem
	peak, least, signs reg.VecVirtual
	magnitude, minus1  reg.VecVirtual
}

func (p precision) bounds(at Mem) bounds {
	b := bounds{p, at, YMM(), YMM(), YMM(), p.magnitude(), YMM()}
	VPCMPEQD(b.minus1, b.minus1, b.minus1)
	VMOVUPS(at, b.peak)
	VMOVDQU(at.Offset(vector), b.least)
	VMOVDQU(at.Offset(2*vector), b.signs)
	return b
}

// add takes in a vector, which it overwrites. The bits of a number less one, as
// an integer without sign, are in the order of the magnitudes of numbers that are
// not negative, but for zero, which is above all. The least double is known by
// its upper half.
func (b bounds) add(v reg.VecVirtual) {
	Comment("signs |= v; least = min(least, bits(v) - 1); peak = max(peak, |v|)")
	below := YMM()
	VPOR(v, b.signs, b.signs)
	if b.size == 4 {
		VPADDD(b.minus1, v, below)
	} else {
		VPADDQ(b.minus1, v, below)
	}
	VPMINUD(below, b.least, b.least)
	b.and(b.magnitude, v, v)
	b.max(b.peak, v, b.peak)
}

func (b bounds) store() {
	VMOVUPS(b.peak, b.at)
	VMOVDQU(b.least, b.at.Offset(vector))
	VMOVDQU(b.signs, b.at.Offset(2*vector))
}
