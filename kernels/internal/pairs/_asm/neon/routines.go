package main

import (
	"offload/internal/contract"
	"strconv"
)

// Two 128-bit vectors hold as many targets, and as many strided partial sums, as
// the contract has lanes: what one 256-bit vector does elsewhere.
const (
	tileSize = contract.SourceTile
	pair     = 32 // bytes of two vectors
)

// Registers: v0–v5 sums, v6–v9 a source's x, y, z, gm, v10–v15 differences of two
// vectors, v16–v19 work, v28 ε², v29 one.
const (
	vSum, vAt, vD, vR, vW = 0, 6, 10, 16, 18
	vEps2, vOne           = 28, 29
)

func (p precision) column(c int) int { return c * p.size * tileSize }
func (p precision) sums(c int) int   { return c * p.size * (tileSize + 8) }

// constants sets v28 to ε², which is that far among the arguments, and v29 to 1.
func constants(a *assembler, p precision, at int) {
	if p.sz == 0 {
		a.op("FMOVS eps2+%d(FP), F28", at)
	} else {
		a.op("FMOVD eps2+%d(FP), F28", at)
	}
	a.dup(p, vEps2, vEps2)
	a.ones(p, vOne)
}

func begin(a *assembler, p precision, name, signature string, args int) {
	a.raw("\n// func " + name + p.suffix + signature + "\n")
	a.raw("TEXT ·" + name + p.suffix + "(SB), NOSPLIT, $0-" + strconv.Itoa(args) + "\n")
}

// weight sets w = 1/(r²·√r²), or 0 where r² = 0, for differences in d, d+1, d+2.
func weight(a *assembler, p precision, d, r, w int) {
	a.comment("r² = fma(dx, dx, fma(dy, dy, fma(dz, dz, ε²))); w = 1/(r²·√r²)")
	a.mov(r, vEps2)
	a.fmla(p, r, d+2, d+2)
	a.fmla(p, r, d+1, d+1)
	a.fmla(p, r, d, d)
	a.fsqrt(p, w, r)
	a.fmul(p, w, r, w)
	a.fdiv(p, w, vOne, w)
	a.fcmeqZero(p, r, r)
	a.bic(w, w, r)
}

// source loads the first n of a source's columns; x0 holds its address.
func source(a *assembler, p precision, base, n int) {
	for k := range n {
		a.op("ADD $%d, R%d, R15", p.column(k), base)
		a.spread(p, vAt+k, 15)
	}
}

func ordered(a *assembler, p precision) {
	begin(a, p, "ordered", "(targets *T, n int, sources *T, m int, eps2 T, out *T)", 48)
	constants(a, p, 32)
	a.op("MOVD targets+0(FP), R0")
	a.op("MOVD n+8(FP), R1")
	a.op("MOVD out+40(FP), R5")
	a.label("targets")
	a.op("CMP $0, R1")
	a.op("BLE done")
	for k := range 6 {
		a.zero(vSum + k)
	}
	a.op("MOVD sources+16(FP), R2")
	a.op("MOVD m+24(FP), R3")
	a.op("CBZ R3, store")
	a.label("sources")
	source(a, p, 2, 4)
	for v := range 2 {
		difference(a, p, v)
		weight(a, p, vD+3*v, vR, vW)
		a.comment("a_i = fma(gm_j·w, d, a_i)")
		a.fmul(p, vW, vAt+3, vW)
		for k := range 3 {
			a.fmla(p, vSum+3*v+k, vW, vD+3*v+k)
		}
	}
	a.op("ADD $%d, R2, R2", p.size)
	a.op("SUBS $1, R3, R3")
	a.op("BNE sources")
	a.label("store")
	for v := range 2 {
		for k := range 3 {
			a.op("ADD $%d, R5, R15", p.sums(k))
			a.store(vSum+3*v+k, 15, 16*v)
		}
	}
	a.op("ADD $%d, R0, R0", pair)
	a.op("ADD $%d, R5, R5", pair)
	a.op("SUBS $%d, R1, R1", pair/p.size)
	a.op("B targets")
	a.label("done")
	a.op("RET")
}

// difference sets d = x_j − x_i for a vector of the targets at x0.
func difference(a *assembler, p precision, v int) {
	for k := range 3 {
		a.op("ADD $%d, R0, R15", p.column(k))
		a.load(vD+3*v+k, 15, 16*v)
		a.fsub(p, vD+3*v+k, vAt+k, vD+3*v+k)
	}
}

func lanes(a *assembler, p precision) {
	begin(a, p, "lanes", "(targets *T, first, n int, sources *T, eps2 T, out *T, strides *byte)", 56)
	constants(a, p, 32)
	a.op("MOVD targets+0(FP), R0")
	a.op("MOVD first+8(FP), R4")
	a.op("MOVD n+16(FP), R1")
	a.op("MOVD strides+48(FP), R6")
	a.op("ADD R4<<%d, R0, R0", p.shift)
	a.op("CBZ R1, done")
	a.label("targets")
	source(a, p, 0, 3) // the target, spread
	for k := range 6 {
		a.zero(vSum + k)
	}
	a.op("MOVD sources+24(FP), R2")
	a.op("MOVD $%d, R3", p.size*tileSize/pair)
	a.label("sources")
	for v := range 2 {
		for k := range 3 {
			a.op("ADD $%d, R2, R15", p.column(k))
			a.load(vD+3*v+k, 15, 16*v)
			a.fsub(p, vD+3*v+k, vD+3*v+k, vAt+k)
		}
		weight(a, p, vD+3*v, vR, vW)
		a.comment("a_i = fma(gm_j·w, d, a_i), source j in lane j mod lanes")
		a.op("ADD $%d, R2, R15", p.column(3))
		a.load(vR, 15, 16*v)
		a.fmul(p, vW, vR, vW)
		for k := range 3 {
			a.fmla(p, vSum+3*v+k, vW, vD+3*v+k)
		}
	}
	a.op("ADD $%d, R2, R2", pair)
	a.op("SUBS $1, R3, R3")
	a.op("BNE sources")
	for v := range 2 {
		for k := range 3 {
			a.store(vSum+3*v+k, 6, pair*k+16*v)
		}
	}
	a.op("ADD $%d, R6, R6", 3*pair)
	a.op("ADD $%d, R0, R0", p.size)
	a.op("SUBS $1, R1, R1")
	a.op("BNE targets")
	a.op("MOVD strides+48(FP), R6")
	a.op("MOVD n+16(FP), R1")
	a.op("MOVD out+40(FP), R5")
	a.op("ADD R4<<%d, R5, R5", p.shift)
	join(a, p)
	a.label("done")
	a.op("RET")
}

// join reduces the lanes at x6 of x1 bodies, by halves, to the sums at x5.
func join(a *assembler, p precision) {
	a.label("join")
	for k := range 3 {
		a.load(0, 6, pair*k)
		a.load(1, 6, pair*k+16)
		a.comment("lane l takes lane l + lanes/2, and so on")
		a.fadd(p, 0, 0, 1)
		if p.sz == 0 {
			a.word(0x6e004000|0<<16|0<<5|1, "ext v1.16b, v0.16b, v0.16b, #8")
			a.fadd(p, 0, 0, 1)
		}
		a.faddp(p, 0, 0, 0)
		a.op("ADD $%d, R5, R15", p.sums(k))
		if p.sz == 0 {
			a.op("FMOVS F0, (R15)")
		} else {
			a.op("FMOVD F0, (R15)")
		}
	}
	a.op("ADD $%d, R6, R6", 3*pair)
	a.op("ADD $%d, R5, R5", p.size)
	a.op("SUBS $1, R1, R1")
	a.op("BNE join")
}

func both(a *assembler, p precision) {
	begin(a, p, "both", "(a, b *T, m int, eps2 T, toA, toB *T, strides *byte)", 56)
	constants(a, p, 24)
	a.op("MOVD strides+48(FP), R6")
	a.op("MOVD m+16(FP), R1")
	a.zero(0)
	a.label("clear")
	for k := range 6 {
		a.store(0, 6, 16*k)
	}
	a.op("ADD $%d, R6, R6", 3*pair)
	a.op("SUBS $1, R1, R1")
	a.op("BNE clear")
	a.op("MOVD a+0(FP), R0")
	a.op("MOVD toA+32(FP), R5")
	a.op("MOVD $%d, R4", p.size*tileSize/pair)
	a.label("blocks")
	for k := range 6 {
		a.zero(vSum + k)
	}
	a.op("MOVD b+8(FP), R2")
	a.op("MOVD m+16(FP), R3")
	a.op("MOVD strides+48(FP), R6")
	a.label("pairs")
	source(a, p, 2, 4)
	for v := range 2 {
		difference(a, p, v)
		weight(a, p, vD+3*v, vR, vW)
		a.comment("a_i = fma(gm_j·w, d, a_i); a_j = fma(gm_i·w, −d, a_j)")
		a.op("ADD $%d, R0, R15", p.column(3))
		a.load(vR, 15, 16*v)
		a.fmul(p, vR, vR, vW)
		a.fmul(p, vW, vAt+3, vW)
		for k := range 3 {
			a.fmla(p, vSum+3*v+k, vW, vD+3*v+k)
			a.load(vW+1, 6, pair*k+16*v)
			a.fmls(p, vW+1, vR, vD+3*v+k)
			a.store(vW+1, 6, pair*k+16*v)
		}
	}
	a.op("ADD $%d, R2, R2", p.size)
	a.op("ADD $%d, R6, R6", 3*pair)
	a.op("SUBS $1, R3, R3")
	a.op("BNE pairs")
	for v := range 2 {
		for k := range 3 {
			a.op("ADD $%d, R5, R15", p.sums(k))
			a.store(vSum+3*v+k, 15, 16*v)
		}
	}
	a.op("ADD $%d, R0, R0", pair)
	a.op("ADD $%d, R5, R5", pair)
	a.op("SUBS $1, R4, R4")
	a.op("BNE blocks")
	a.op("MOVD strides+48(FP), R6")
	a.op("MOVD m+16(FP), R1")
	a.op("MOVD toB+40(FP), R5")
	join(a, p)
	a.op("RET")
}

func add(a *assembler, p precision) {
	begin(a, p, "add", "(sum, carry, part *T)", 24)
	a.op("MOVD sum+0(FP), R0")
	a.op("MOVD carry+8(FP), R1")
	a.op("MOVD part+16(FP), R2")
	a.op("MOVD $%d, R3", 3*p.size*(tileSize+8)/16)
	a.label("add")
	a.comment("s = a + b; z = s − a; carry += (a − (s − z)) + (b − z)")
	a.load(0, 0, 0)
	a.load(1, 2, 0)
	a.fadd(p, 2, 0, 1)
	a.fsub(p, 3, 2, 0)
	a.store(2, 0, 0)
	a.fsub(p, 2, 2, 3)
	a.fsub(p, 0, 0, 2)
	a.fsub(p, 1, 1, 3)
	a.fadd(p, 0, 0, 1)
	a.load(1, 1, 0)
	a.fadd(p, 0, 0, 1)
	a.store(0, 1, 0)
	a.op("ADD $16, R0, R0")
	a.op("ADD $16, R1, R1")
	a.op("ADD $16, R2, R2")
	a.op("SUBS $1, R3, R3")
	a.op("BNE add")
	a.op("RET")
}
