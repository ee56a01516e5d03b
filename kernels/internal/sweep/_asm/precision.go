package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

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
