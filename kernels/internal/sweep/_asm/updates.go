package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// constants are what a sweep needs in all lanes.
type constants struct {
	cx, cy           reg.VecVirtual
	floor, magnitude reg.VecVirtual // to flush by comparison
	down, up         reg.VecVirtual // to flush by underflow
	two              reg.VecVirtual
	one              reg.VecVirtual // for sums in multipliers
	odd              bool           // every second row
}

// update computes new values from the sum of those above and below, a, which it
// overwrites, and those to the left, here and to the right. Left may be
// overwritten.
type update func(p precision, k constants, a, left, here, right reg.VecVirtual)

// jacobi is cy·(up + down) + cx·(left + right).
func jacobi(p precision, k constants, a, left, here, right reg.VecVirtual) {
	Comment("v = cy*(up + down) + cx*(left + right)")
	p.add(left, right, left)
	p.mul(a, k.cy, a)
	p.mul(left, k.cx, left)
	if k.one != nil && k.odd {
		p.fmadd(k.one, left, a)
	} else {
		p.add(left, a, a)
	}
	p.flush(k, a, left)
}

// mean is cx·((up + down) + (left + right)), with one of the sums in a multiplier,
// so that adders and multipliers are equally busy.
func mean(p precision, k constants, a, left, here, right reg.VecVirtual) {
	Comment("v = cx*((up + down) + (left + right))")
	p.add(left, right, left)
	p.fmadd(k.one, left, a)
	p.mul(k.cx, a, a)
}

// quarter is mean with values flushed while they are multiplied by cx. Every
// second row adds with a fused operation.
func quarter(p precision, k constants, a, left, here, right reg.VecVirtual) {
	Comment("v = cx*((up + down) + (left + right)); down is cx*down")
	p.add(left, right, left)
	if k.odd {
		p.fmadd(k.one, left, a)
	} else {
		p.add(left, a, a)
	}
	p.flush(k, a, left)
}

// heat is here + (cy·((up + down) − 2·here) + cx·((left + right) − 2·here)).
func heat(p precision, k constants, a, left, here, right reg.VecVirtual) {
	Comment("v = here + (cy*((up + down) - 2*here) + cx*((left + right) - 2*here))")
	twice := YMM()
	p.add(here, here, twice)
	p.add(left, right, left)
	p.sub(twice, a, a)
	p.sub(twice, left, left)
	p.diffuse(k, a, left, here)
}

// heatFused is heat with (up + down) − 2·here in one operation, which is the same
// as long as 2·here does not overflow.
func heatFused(p precision, k constants, a, left, here, right reg.VecVirtual) {
	Comment("v = here + (cy*fma(-2, here, up + down) + cx*fma(-2, here, left + right))")
	p.add(left, right, left)
	p.fnmadd(k.two, here, a)
	p.fnmadd(k.two, here, left)
	p.diffuse(k, a, left, here)
}

// diffuse is the rest of heat: here + (cy·a + cx·b).
func (p precision) diffuse(k constants, a, b, here reg.VecVirtual) {
	p.mul(a, k.cy, a)
	p.mul(b, k.cx, b)
	p.add(b, a, a)
	p.add(here, a, a)
	p.flush(k, a, b)
}

// flush makes values below the floor zero and keeps NaN, if there are constants for
// it.
func (p precision) flush(k constants, v, temp reg.VecVirtual) {
	switch {
	case k.down != nil:
		p.mul(v, k.down, v)
		p.mul(v, k.up, v)
	case k.floor != nil:
		p.and(k.magnitude, v, temp)
		p.cmp(Imm(notLess), k.floor, temp, temp)
		p.and(temp, v, v)
	}
}
