// The generator of pairs_amd64.s: go run . -out ../pairs_amd64.s
package main

import (
	"offload/internal/contract"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

func main() {
	ConstraintExpr("!purego")
	for _, p := range []precision{single(), double()} {
		add(p)
		for _, p.soft = range []bool{false, true} {
			ordered(p)
			lanes(p)
			both(p)
		}
	}
	Generate()
}

// tileSize is pairs.Size, the number of bodies in a tile.
const tileSize = contract.SourceTile

// vector is the number of bytes of a YMM register.
const vector = 32

// precision is a floating-point type with its instructions. Operands are in Go's
// order: sources first, the destination last.
type precision struct {
	name      string // float32
	size      int    // bytes of a number
	broadcast func(ops ...Op)
	move      func(ops ...Op)
	sub       func(ops ...Op)
	add       func(ops ...Op)
	mul       func(ops ...Op)
	div       func(ops ...Op)
	sqrt      func(ops ...Op)
	and       func(ops ...Op)
	or        func(ops ...Op)
	xor       func(ops ...Op)
	cmp       func(ops ...Op)
	fma231    func(ops ...Op) // c += a·b
	fma213    func(ops ...Op) // c = b·c + a
	fnma231   func(ops ...Op) // c −= a·b
	fnma213   func(ops ...Op) // c = −b·c + a
	one       uint64
	infinity  uint64
	soft      bool // ε² > 0, so that r² is never 0
	join      func(p precision, from Mem, to Mem)
}

func single() precision {
	return precision{
		name: "float32", size: 4,
		broadcast: VBROADCASTSS, move: VMOVUPS,
		sub: VSUBPS, add: VADDPS, mul: VMULPS, div: VDIVPS, sqrt: VSQRTPS,
		and: VANDPS, or: VORPS, xor: VXORPS, cmp: VCMPPS,
		fma231: VFMADD231PS, fma213: VFMADD213PS, fnma231: VFNMADD231PS, fnma213: VFNMADD213PS,
		one: 0x3f800000, infinity: 0x7f800000, join: joinSingle,
	}
}

func double() precision {
	return precision{
		name: "float64", size: 8,
		broadcast: VBROADCASTSD, move: VMOVUPD,
		sub: VSUBPD, add: VADDPD, mul: VMULPD, div: VDIVPD, sqrt: VSQRTPD,
		and: VANDPD, or: VORPD, xor: VXORPD, cmp: VCMPPD,
		fma231: VFMADD231PD, fma213: VFMADD213PD, fnma231: VFNMADD231PD, fnma213: VFNMADD213PD,
		one: 0x3ff0000000000000, infinity: 0x7ff0000000000000, join: joinDouble,
	}
}

// condition is what a routine asks of ε², for its doc.
func (p precision) condition() string {
	if p.soft {
		return " for ε² > 0"
	}
	return ""
}

// bytes is the size of n numbers.
func (p precision) bytes(n int) int { return n * p.size }

// column is the offset of a tile's or a sum's column: x, y, z, gm.
func (p precision) column(c int) int { return c * p.bytes(tileSize) }

// sums is the offset of a column of sums, which have room for eight more bodies.
func (p precision) sums(c int) int { return c * p.bytes(tileSize+8) }

// perJoin is how many bodies' lanes one join reduces.
func (p precision) perJoin() int { return 16 / p.size }

// constants are registers and memory that all routines need.
type constants struct {
	one            reg.VecVirtual
	eps2           Mem
	zero, infinite Mem // without softening
}

// load keeps 1 in a register and the rest in memory, since registers are scarce.
func (p precision) load() constants {
	c := constants{one: p.everywhere(p.one)}
	eps, err := Param("eps2").Resolve()
	if err != nil {
		panic(err)
	}
	e := YMM()
	p.broadcast(eps.Addr, e)
	c.eps2 = p.keep(e)
	if !p.soft {
		c.infinite = p.keep(p.everywhere(p.infinity))
		p.xor(e, e, e)
		c.zero = p.keep(e)
	}
	return c
}

// everywhere is a number in all lanes.
func (p precision) everywhere(number uint64) reg.VecVirtual {
	bits, y := GP64(), YMM()
	MOVQ(U64(number), bits)
	x := y.AsX()
	MOVQ(bits, x)
	p.broadcast(x, y)
	return y
}

// keep puts a vector into memory.
func (p precision) keep(y reg.VecVirtual) Mem {
	m := AllocLocal(vector)
	p.move(y, m)
	return m
}

// weight sets w = 1/(r²·√r²), or 0 where r² = 0.
func (p precision) weight(c constants, d [3]reg.VecVirtual, r, w reg.VecVirtual) {
	p.cube(c, d, r, w)
	p.div(w, c.one, w)
}

// cube sets q = r²·√r² for differences d, or ∞, whose inverse is 0, where r² = 0.
// With softening r² ≥ ε² > 0. R is a register to work in.
//
//	r² = fma(dx, dx, fma(dy, dy, fma(dz, dz, ε²)))
func (p precision) cube(c constants, d [3]reg.VecVirtual, r, q reg.VecVirtual) {
	p.move(d[2], r)
	p.fma213(c.eps2, d[2], r)
	p.fma231(d[1], d[1], r)
	p.fma231(d[0], d[0], r)
	p.sqrt(r, q)
	p.mul(r, q, q)
	if !p.soft {
		p.cmp(U8(0), c.zero, r, r) // r = 0
		p.and(c.infinite, r, r)
		p.or(r, q, q)
	}
}

// number is an immediate operand of arithmetic.
func number(n int) Constant { return I32(int32(n)) }
