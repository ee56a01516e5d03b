package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// pack makes the routine that brings a row into the order of the sweeps. Lane l
// and the one half a vector on are transposed together: they are the halves of
// one register.
func (p precision) pack() {
	p.text("pack", "dst, head, middle, tail, bounds []%[1]s", "pack"+p.name+" is Pack.")
	dst, head, middle, tail := param("dst"), param("head"), param("middle"), param("tail")
	b := p.bounds(Mem{Base: param("bounds")})
	p.transpose(vector/2, length("dst"), head, middle, tail, func(block func(l int) Mem, i reg.GPVirtual) {
		half := p.lanes / 2
		r := make([]reg.VecVirtual, half)
		for l := range r {
			r[l] = YMM()
			VMOVUPS(block(l), r[l].AsX())
			VINSERTF128(Imm(1), block(l+half), r[l], r[l])
		}
		r = p.halves(r)
		for l := range r {
			VMOVUPS(r[l], Mem{Base: dst, Index: i, Scale: uint8(p.lanes), Disp: l * vector})
			b.add(r[l])
		}
	}, b.store)
}

// unpack makes the inverse of pack. The halves of two packed vectors, half a vector
// of columns apart, come into one register, so that whole vectors can be stored.
func (p precision) unpack() {
	p.text("unpack", "head, middle, tail, src []%[1]s", "unpack"+p.name+" is Unpack.")
	head, middle, tail, src := param("head"), param("middle"), param("tail"), param("src")
	p.transpose(vector, length("src"), head, middle, tail, func(block func(l int) Mem, i reg.GPVirtual) {
		half := p.lanes / 2
		for upper := range 2 {
			at := func(column int) Mem {
				return Mem{Base: src, Index: i, Scale: uint8(p.lanes), Disp: column*vector + upper*vector/2}
			}
			r := make([]reg.VecVirtual, half)
			for l := range r {
				r[l] = YMM()
				VMOVUPS(at(l), r[l].AsX())
				VINSERTF128(Imm(1), at(l+half), r[l], r[l])
			}
			for l, y := range p.halves(r) {
				VMOVUPS(y, block(l+upper*half))
			}
		}
	}, func() {})
}

// transpose loops over step bytes of columns at a time; the last time it may do
// some of them again. The blocks of columns that become the lanes have
// n / lanes elements: the first one is head, the last one tail, the others follow
// each other in middle. The index i counts bytes in a block.
func (p precision) transpose(step uint64, n, head, middle, tail reg.GPVirtual, body func(block func(l int) Mem, i reg.GPVirtual), end func()) {
	Comment("Bytes of a block, and the address of the fourth one in the middle")
	if p.size == 4 {
		SHRQ(Imm(3), n)
	} else {
		SHRQ(Imm(2), n)
	}
	shiftBytes(n, p.size)
	bases := []reg.GPVirtual{middle}
	if p.lanes > 5 {
		bases = append(bases, GP64())
		LEAQ(Mem{Base: n, Index: n, Scale: 2}, bases[1])
		ADDQ(middle, bases[1])
	}
	block := func(l int) Mem {
		switch l {
		case 0:
			return Mem{Base: head}
		case p.lanes - 1:
			return Mem{Base: tail}
		}
		m := Mem{Base: bases[(l-1)/3]}
		if k := (l - 1) % 3; k > 0 {
			m.Index, m.Scale = n, uint8(k)
		}
		return m
	}
	i, left := GP64(), GP64()
	XORQ(i, i)
	MOVQ(n, left)
	Label("loop")
	body(block, i)
	Comment("Next columns, or back a little for the last ones")
	by := GP64()
	MOVQ(U32(uint32(step)), by)
	SUBQ(by, left)
	JLE(LabelRef("done"))
	CMPQ(left, by)
	CMOVQLT(left, by)
	for _, b := range bases {
		ADDQ(by, b)
	}
	ADDQ(by, head)
	ADDQ(by, tail)
	ADDQ(by, i)
	CMPQ(left, Imm(step))
	JGE(LabelRef("loop"))
	MOVQ(U32(uint32(step)), left)
	JMP(LabelRef("loop"))
	Label("done")
	end()
	VZEROUPPER()
	RET()
}

// halves transposes the 128-bit halves of the registers r.
func (p precision) halves(r []reg.VecVirtual) []reg.VecVirtual {
	pair := func(op func(ops ...Op), a, b reg.VecVirtual) reg.VecVirtual {
		y := YMM()
		op(b, a, y)
		return y
	}
	if p.size == 8 {
		return []reg.VecVirtual{pair(VUNPCKLPD, r[0], r[1]), pair(VUNPCKHPD, r[0], r[1])}
	}
	a, b := pair(VUNPCKLPS, r[0], r[1]), pair(VUNPCKHPS, r[0], r[1])
	c, d := pair(VUNPCKLPS, r[2], r[3]), pair(VUNPCKHPS, r[2], r[3])
	return []reg.VecVirtual{
		pair(VUNPCKLPD, a, c), pair(VUNPCKHPD, a, c), pair(VUNPCKLPD, b, d), pair(VUNPCKHPD, b, d),
	}
}
