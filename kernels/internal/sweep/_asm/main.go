// Command asm generates ../sweep_amd64.s.
package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

func main() {
	ConstraintExpr("!purego")
	for _, p := range []precision{single, double} {
		for _, r := range routines {
			p.rows(r)
		}
		p.pack()
		p.unpack()
		p.squares()
		p.segments()
		p.prefetch()
	}
	Generate()
}

// vector is the number of bytes of a vector.
const vector = 32

// notLess is the predicate ¬(a < b), which is true for NaN.
const notLess = 0x15

// precision is float32 or float64 with the instructions for it.
type precision struct {
	name  string // of functions
	typ   string
	size  int
	lanes int

	broadcast                              func(ops ...Op)
	add, sub, mul, div, max, fmadd, fnmadd func(ops ...Op)
	and                                    func(ops ...Op)
	cmp                                    func(ops ...Op)
	load, store                            func(ops ...Op)
}

var single = precision{
	name: "32", typ: "float32", size: 4, lanes: 8,
	broadcast: VBROADCASTSS, add: VADDPS, sub: VSUBPS, mul: VMULPS, div: VDIVPS, max: VMAXPS, and: VANDPS, cmp: VCMPPS,
	fmadd: VFMADD231PS, fnmadd: VFNMADD231PS, load: VMOVUPS, store: VMOVUPS,
}

var double = precision{
	name: "64", typ: "float64", size: 8, lanes: 4,
	broadcast: VBROADCASTSD, add: VADDPD, sub: VSUBPD, mul: VMULPD, div: VDIVPD, max: VMAXPD, and: VANDPD, cmp: VCMPPD,
	fmadd: VFMADD231PD, fnmadd: VFNMADD231PD, load: VMOVUPD, store: VMOVUPD,
}

// param loads a slice's address, or its length.
func param(name string) reg.GPVirtual  { return Load(Param(name).Base(), GP64()).(reg.GPVirtual) }
func length(name string) reg.GPVirtual { return Load(Param(name).Len(), GP64()).(reg.GPVirtual) }

// argument is a scalar argument in all lanes.
func (p precision) argument(name string) reg.VecVirtual {
	a, err := Param(name).Resolve()
	if err != nil {
		panic(err)
	}
	y := YMM()
	p.broadcast(a.Addr, y)
	return y
}

// everywhere is a number in all lanes.
func (p precision) everywhere(number Mem) reg.VecVirtual {
	y := YMM()
	p.broadcast(number, y)
	return y
}

// magnitude is the mask of all bits but the sign.
func (p precision) magnitude() reg.VecVirtual {
	y := YMM()
	VPCMPEQD(y, y, y)
	if p.size == 4 {
		VPSRLD(Imm(1), y, y)
	} else {
		VPSRLQ(Imm(1), y, y)
	}
	return y
}

// text begins a function of this precision, whose type the signature has as %[1]s.
func (p precision) text(name, signature string, doc ...string) {
	TEXT(name+p.name, NOSPLIT, fmt.Sprintf("func("+signature+")", p.typ))
	Doc(doc...)
	Pragma("noescape")
}

var rotations = map[bool]Mem{}

// rotation is the order of float32 lanes that moves them by one.
func rotation(down bool) Mem {
	if m, ok := rotations[down]; ok {
		return m
	}
	name, by := "up", 7
	if down {
		name, by = "down", 1
	}
	m := GLOBL("rotate_"+name, RODATA|NOPTR)
	for l := range 8 {
		DATA(4*l, U32((l+by)%8))
	}
	rotations[down] = m
	return m
}

var numbers = map[string]Mem{}

// number is a constant in memory.
func (p precision) number(name string, bits32 uint32, bits64 uint64) Mem {
	name += p.name
	m, ok := numbers[name]
	if !ok {
		m = GLOBL(name, RODATA|NOPTR)
		if p.size == 4 {
			DATA(0, U32(bits32))
		} else {
			DATA(0, U64(bits64))
		}
		numbers[name] = m
	}
	return m
}

func (p precision) two() Mem { return p.number("two", 0x40000000, 0x4000000000000000) }

func (p precision) one() Mem { return p.number("one", 0x3f800000, 0x3ff0000000000000) }

// normal is the smallest normal number.
func (p precision) normal() Mem { return p.number("normal", 0x00800000, 0x0010000000000000) }

// shiftBytes turns a number of elements of that size into bytes.
func shiftBytes(n reg.GPVirtual, size int) {
	shift := 2
	if size == 8 {
		shift = 3
	}
	SHLQ(Imm(uint64(shift)), n)
}

// cacheLine is the number of bytes of a cache line.
const cacheLine = 64

// prefetch makes the routine that asks for memory ahead of its use.
func (p precision) prefetch() {
	p.text("prefetch", "s []%[1]s", "prefetch"+p.name+" is Prefetch.")
	at, n := param("s"), length("s")
	shiftBytes(n, p.size)
	SUBQ(Imm(1), n)
	JLT(LabelRef("done"))
	Label("loop")
	PREFETCHT1(Mem{Base: at})
	ADDQ(Imm(cacheLine), at)
	SUBQ(Imm(cacheLine), n)
	JGE(LabelRef("loop"))
	Label("done")
	RET()
}
