// Command asm generates the AVX2 loops that measure ceilings.
package main

import (
	. "github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

func main() {
	ConstraintExpr("!purego")
	for _, p := range []precision{single(), double()} {
		p.pairs()
		p.sweep()
	}
	Generate()
}

// vector is the size of a vector register in bytes.
const vector = 32

// instruction has its operands in the order of Go's assembler: the destination
// comes last.
type instruction func(...operand.Op)

// precision holds the differences between float32 and float64.
type precision struct {
	elem       string
	bits, size int

	broadcast, load, move               instruction
	add, sub, mul, div, sqrt, fma, fnma instruction
}

func single() precision {
	return precision{
		elem: "float32", bits: 32, size: 4,
		broadcast: VBROADCASTSS, load: VMOVUPS, move: VMOVAPS,
		add: VADDPS, sub: VSUBPS, mul: VMULPS, div: VDIVPS, sqrt: VSQRTPS,
		fma: VFMADD231PS, fnma: VFNMADD231PS,
	}
}

func double() precision {
	return precision{
		elem: "float64", bits: 64, size: 8,
		broadcast: VBROADCASTSD, load: VMOVUPD, move: VMOVAPD,
		add: VADDPD, sub: VSUBPD, mul: VMULPD, div: VDIVPD, sqrt: VSQRTPD,
		fma: VFMADD231PD, fnma: VFNMADD231PD,
	}
}

// lanes returns the number of elements of a vector.
func (p precision) lanes() int { return vector / p.size }

// at returns the address of element i after base.
func (p precision) at(base reg.Register, i int) operand.Mem {
	return operand.Mem{Base: base, Disp: i * p.size}
}

func registers(n int) []reg.VecVirtual {
	r := make([]reg.VecVirtual, n)
	for i := range r {
		r[i] = YMM()
	}
	return r
}
