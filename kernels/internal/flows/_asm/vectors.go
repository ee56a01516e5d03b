package main

import (
	"fmt"
	"math"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"

	"offload/internal/contract"
)

// Predicates of comparisons.
const (
	notLess  = 0x15 // ¬(a < b), which is true for NaN
	notEqual = 0x04 // ¬(a = b), which is true for NaN
)

// precision is float32 or float64 with the instructions for it.
type precision struct {
	name  string // of functions
	typ   string
	size  int
	lanes int

	broadcast, move         func(ops ...Op)
	masked                  func(ops ...Op)
	add, sub, mul, and, max func(ops ...Op)
	cmp                     func(ops ...Op)
}

var single = precision{
	name: "32", typ: "float32", size: 4, lanes: 8,
	broadcast: VBROADCASTSS, move: VMOVUPS, masked: masks(VMASKMOVPS), add: VADDPS, sub: VSUBPS, mul: VMULPS, and: VANDPS, max: VMAXPS, cmp: VCMPPS,
}

var double = precision{
	name: "64", typ: "float64", size: 8, lanes: 4,
	broadcast: VBROADCASTSD, move: VMOVUPD, masked: masks(VMASKMOVPD), add: VADDPD, sub: VSUBPD, mul: VMULPD, and: VANDPD, max: VMAXPD, cmp: VCMPPD,
}

func masks(move func(a, b, c Op)) func(ops ...Op) {
	return func(ops ...Op) { move(ops[0], ops[1], ops[2]) }
}

// text begins a function of this precision, whose type the signature has as %[1]s.
func (p precision) text(name, signature, doc string) {
	TEXT(name+p.name, NOSPLIT, "func("+fmt.Sprintf(signature+"%.0[1]s", p.typ)+")")
	Doc(name + p.name + " " + doc)
	Pragma("noescape")
}

// end returns from a function.
func end() {
	VZEROUPPER()
	RET()
}

func param(name string) reg.GPVirtual { return Load(Param(name), GP64()).(reg.GPVirtual) }

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

var numbers = map[string]Mem{}

// floor is the magnitude below which values become zero.
func (p precision) floor() reg.VecVirtual {
	name := "floor" + p.name
	m, ok := numbers[name]
	if !ok {
		m = GLOBL(name, RODATA|NOPTR)
		if p.size == 4 {
			DATA(0, U32(math.Float32bits(contract.NetworkFloor32)))
		} else {
			DATA(0, U64(math.Float64bits(contract.NetworkFloor64)))
		}
		numbers[name] = m
	}
	y := YMM()
	p.broadcast(m, y)
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

// none is zero in all lanes.
func none() reg.VecVirtual {
	y := YMM()
	VPXOR(y, y, y)
	return y
}

// flushed makes the lanes of v below the floor zero.
func (p precision) flushed(v, magnitude, floor, t reg.Register) {
	p.and(magnitude, v, t)
	p.cmp(Imm(notLess), floor, t, t)
	p.and(t, v, v)
}

// elements are those of a vector: element i plus offset and those after it; if masks is
// set, only those of the first n lanes that follow i. Other lanes are loaded as 0.
type elements struct {
	i      reg.Register // nil for 0
	offset int
	n      reg.GPVirtual
	masks  bool
}

// firstLanes returns the mask of lanes of so many bytes, as many lanes as there are.
func (e elements) firstLanes(size int, mask reg.VecVirtual) {
	table, ok := numbers["lanes"]
	if !ok {
		table = GLOBL("lanes", RODATA|NOPTR)
		for i := range 16 {
			DATA(8*i, U64([2]uint64{math.MaxUint64, 0}[i/8]))
		}
		numbers["lanes"] = table
	}
	from, back := GP64(), GP64()
	LEAQ(table.Offset(64), from)
	MOVQ(e.n, back)
	NEGQ(back)
	VMOVUPS(Mem{Base: from, Index: back, Scale: uint8(size), Disp: size * e.offset}, mask)
}

func (e elements) at(base reg.Register, size, offset int) Mem {
	m := Mem{Base: base, Disp: size * (e.offset + offset)}
	if e.i != nil {
		m.Index, m.Scale = e.i, uint8(size)
	}
	return m
}

// load loads the elements of a row that are so far to the right.
func (e elements) load(p precision, base reg.GPVirtual, offset int) reg.VecVirtual {
	y := YMM()
	if !e.masks {
		p.move(e.at(base, p.size, offset), y)
		return y
	}
	mask := YMM()
	e.firstLanes(p.size, mask)
	p.masked(e.at(base, p.size, offset), mask, y)
	return y
}

// with replaces v by v op the elements of a row.
func (e elements) with(p precision, op func(ops ...Op), base reg.GPVirtual, offset int, v reg.VecVirtual) {
	if !e.masks {
		op(e.at(base, p.size, offset), v, v)
		return
	}
	op(e.load(p, base, offset), v, v)
}

// store stores elements.
func (e elements) store(p precision, v reg.VecVirtual, base reg.GPVirtual) {
	if !e.masks {
		p.move(v, e.at(base, p.size, 0))
		return
	}
	mask := YMM()
	e.firstLanes(p.size, mask)
	p.masked(v, mask, e.at(base, p.size, 0))
}

// widened loads float32 numbers.
func (e elements) widened(p precision, base reg.GPVirtual) reg.VecVirtual {
	if p.size == 4 {
		return e.load(p, base, 0)
	}
	y := YMM()
	if !e.masks {
		VCVTPS2PD(e.at(base, 4, 0), y)
		return y
	}
	mask := YMM()
	e.firstLanes(4, mask)
	VMASKMOVPS(e.at(base, 4, 0), mask.AsX(), y.AsX())
	VCVTPS2PD(y.AsX(), y)
	return y
}

// narrow stores elements as float32 and flushes them.
func (e elements) narrow(p precision, v reg.VecVirtual, base reg.GPVirtual, floor reg.VecVirtual) {
	t := YMM()
	if p.size == 4 {
		single.flushed(v, single.magnitude(), floor, t)
		e.store(p, v, base)
		return
	}
	x := v.AsX()
	VCVTPD2PSY(v, x)
	magnitude := XMM()
	VPCMPEQD(magnitude, magnitude, magnitude)
	VPSRLD(Imm(1), magnitude, magnitude)
	single.flushed(x, magnitude, floor.AsX(), t.AsX())
	if !e.masks {
		VMOVUPS(x, e.at(base, 4, 0))
		return
	}
	mask := YMM()
	e.firstLanes(4, mask)
	VMASKMOVPS(x, mask.AsX(), e.at(base, 4, 0))
}

// loop makes a loop over n elements of rows. The last vector overlaps the one before it: then
// odd, which may be nil, runs before if it begins at an odd element. Fewer elements than
// lanes are masked.
func loop(p precision, n reg.GPVirtual, odd func(), body func(e elements)) {
	i := GP64()
	XORQ(i, i)
	Label("vectors")
	CMPQ(n, Imm(uint64(p.lanes)))
	JL(LabelRef("rest"))
	Label("vector")
	body(elements{i: i, n: n})
	ADDQ(Imm(uint64(p.lanes)), i)
	SUBQ(Imm(uint64(p.lanes)), n)
	JMP(LabelRef("vectors"))
	Label("rest")
	TESTQ(n, n)
	JLE(LabelRef("done"))
	TESTQ(i, i)
	JZ(LabelRef("few"))
	LEAQ(Mem{Base: i, Index: n, Scale: 1, Disp: -p.lanes}, i)
	if odd != nil {
		TESTQ(U32(1), i)
		JZ(LabelRef("even"))
		odd()
		Label("even")
	}
	MOVQ(U64(p.lanes), n)
	JMP(LabelRef("vector"))
	Label("few")
	body(elements{i: i, n: n, masks: true})
	Label("done")
}
