// Command asm generates ../redblack_amd64.s, and with -avx512 ../avx512_amd64.s.
package main

import (
	"flag"
	"fmt"
	"math"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"

	"offload/internal/contract"
)

func main() {
	avx512 := flag.Bool("avx512", false, "generate the form for AVX-512")
	flag.Parse()
	ConstraintExpr("!purego")
	for _, p := range []precision{single, double} {
		m := machineOf(p, *avx512)
		m.wave(false)
		m.wave(true)
		if *avx512 {
			continue
		}
		p.cubic()
		for _, stream := range []bool{false, true} {
			p.flush(stream)
			p.join(stream)
		}
	}
	if !*avx512 {
		split()
		largest()
	}
	Generate()
}

// notLess is the predicate ¬(a < b), which is true for NaN.
const notLess = 0x15

// precision is float32 or float64 with the instructions for it.
type precision struct {
	name  string // of functions
	typ   string
	size  int
	lanes int

	broadcast, load    func(ops ...Op)
	stream             func(ops ...Op) // store past the caches
	add, sub, mul, and func(ops ...Op)
	cmp                func(ops ...Op)
	low, high          func(ops ...Op) // interleave
}

var single = precision{
	name: "32", typ: "float32", size: 4, lanes: 8,
	broadcast: VBROADCASTSS, load: VMOVUPS, stream: stores(VMOVNTPS), add: VADDPS, sub: VSUBPS, mul: VMULPS, and: VANDPS, cmp: VCMPPS,
	low: VUNPCKLPS, high: VUNPCKHPS,
}

var double = precision{
	name: "64", typ: "float64", size: 8, lanes: 4,
	broadcast: VBROADCASTSD, load: VMOVUPD, stream: stores(VMOVNTPD), add: VADDPD, sub: VSUBPD, mul: VMULPD, and: VANDPD, cmp: VCMPPD,
	low: VUNPCKLPD, high: VUNPCKHPD,
}

// text begins a function of this precision, whose type the signature has as %[1]s.
func (p precision) text(name, signature, doc string) {
	TEXT(name+p.name, NOSPLIT, fmt.Sprintf("func("+signature+")", p.typ))
	Doc(name + p.name + " " + doc)
	Pragma("noescape")
}

func param(name string) reg.GPVirtual  { return Load(Param(name).Base(), GP64()).(reg.GPVirtual) }
func length(name string) reg.GPVirtual { return Load(Param(name).Len(), GP64()).(reg.GPVirtual) }

var numbers = map[string]Mem{}

// number is a number in all lanes.
func (p precision) number(name string, v float64) reg.VecVirtual {
	name += p.name
	m, ok := numbers[name]
	if !ok {
		m = GLOBL(name, RODATA|NOPTR)
		if p.size == 4 {
			DATA(0, U32(math.Float32bits(float32(v))))
		} else {
			DATA(0, U64(math.Float64bits(v)))
		}
		numbers[name] = m
	}
	y := YMM()
	p.broadcast(m, y)
	return y
}

// floor is the magnitude below which values become zero.
func (p precision) floor() reg.VecVirtual {
	if p.size == 4 {
		return p.number("floor", contract.Floor32)
	}
	return p.number("floor", contract.Floor64)
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

// at is element i of the vector at base, and those after it.
func at(base, i reg.Register, size, offset int) Mem {
	return Mem{Base: base, Index: i, Scale: uint8(size), Disp: size * offset}
}

// loop computes n elements, at least a vector of them, by body, for the element i plus
// offset and those after it. The last vector overlaps the one before it.
func loop(n reg.GPVirtual, lanes int, body func(i reg.GPVirtual, offset int)) {
	const unroll = 4
	i, end := GP64(), GP64()
	XORQ(i, i)
	LEAQ(Mem{Base: n, Disp: -unroll * lanes}, end)
	CMPQ(end, Imm(0))
	JL(LabelRef("rest"))
	Label("several")
	for u := range unroll {
		body(i, u*lanes)
	}
	ADDQ(Imm(uint64(unroll*lanes)), i)
	CMPQ(i, end)
	JLE(LabelRef("several"))
	Label("rest")
	CMPQ(i, n)
	JGE(LabelRef("done"))
	SUBQ(Imm(uint64(lanes)), n)
	Label("single")
	CMPQ(i, n)
	CMOVQGT(n, i)
	body(i, 0)
	ADDQ(Imm(uint64(lanes)), i)
	LEAQ(Mem{Base: n, Disp: lanes}, end)
	CMPQ(i, end)
	JL(LabelRef("single"))
	Label("done")
}

// larger replaces most by a where that is larger as an integer, which makes NaN the
// largest magnitude.
func (p precision) larger(a, most reg.VecVirtual) {
	if p.size == 4 {
		VPMAXSD(a, most, most)
		return
	}
	mask := YMM()
	VPCMPGTQ(most, a, mask)
	VBLENDVPD(mask, a, most, most)
}

// returnLargest returns the largest of the lanes of most.
func (p precision) returnLargest(most reg.VecVirtual) {
	t := YMM()
	VPERM2F128(Imm(1), most, most, t)
	p.larger(t, most)
	t = YMM()
	VPSHUFD(Imm(0x4e), most, t)
	p.larger(t, most)
	if p.size == 4 {
		t = YMM()
		VPSHUFD(Imm(0xb1), most, t)
		p.larger(t, most)
	}
	Store(most.AsX(), ReturnIndex(0))
	VZEROUPPER()
	RET()
}

// flushed makes the lanes of v below the floor zero.
func (p precision) flushed(v, magnitude, floor, t reg.Register) {
	p.and(magnitude, v, t)
	p.cmp(Imm(notLess), floor, t, t)
	p.and(t, v, v)
}

func (p precision) cubic() {
	p.text("cubic", "dst, a, b, c, d []%[1]s", "is Cubic.")
	dst, n, a, b, c, d := param("dst"), length("dst"), param("a"), param("b"), param("c"), param("d")
	near, far := p.number("near", 0.5625), p.number("far", 0.0625)
	loop(n, p.lanes, func(i reg.GPVirtual, offset int) {
		x, y := YMM(), YMM()
		p.load(at(b, i, p.size, offset), x)
		p.load(at(a, i, p.size, offset), y)
		p.add(at(c, i, p.size, offset), x, x)
		p.add(at(d, i, p.size, offset), y, y)
		p.mul(near, x, x)
		p.mul(far, y, y)
		p.sub(y, x, x)
		p.load(x, at(dst, i, p.size, offset))
	})
	VZEROUPPER()
	RET()
}

// stored returns the name, documentation and store instruction of a routine.
func (p precision) stored(name, doc string, stream bool) (string, string, func(ops ...Op)) {
	if stream {
		return name + "Stream", doc + " It stores whole vectors, at addresses aligned to them, past the caches.", p.stream
	}
	return name, doc, p.load
}

func (p precision) flush(stream bool) {
	name, doc, store := p.stored("flush", "is Flush.", stream)
	p.text(name, "dst, src []%[1]s", doc)
	dst, n, src := param("dst"), length("dst"), param("src")
	magnitude, floor := p.magnitude(), p.floor()
	loop(n, p.lanes, func(i reg.GPVirtual, offset int) {
		x, t := YMM(), YMM()
		p.load(at(src, i, p.size, offset), x)
		p.flushed(x, magnitude, floor, t)
		store(x, at(dst, i, p.size, offset))
	})
	if stream {
		SFENCE()
	}
	VZEROUPPER()
	RET()
}

func (p precision) join(stream bool) {
	name, doc, store := p.stored("join", "is Join.", stream)
	p.text(name, "dst, even, odd []%[1]s", doc)
	dst, n, even, odd := param("dst"), length("dst"), param("even"), param("odd")
	SHRQ(Imm(1), n)
	magnitude, floor := p.magnitude(), p.floor()
	loop(n, p.lanes, func(i reg.GPVirtual, offset int) {
		e, o, t := YMM(), YMM(), YMM()
		p.load(at(even, i, p.size, offset), e)
		p.load(at(odd, i, p.size, offset), o)
		p.flushed(e, magnitude, floor, t)
		p.flushed(o, magnitude, floor, t)
		first, second := machineOf(p, false).interleave(e, o)
		to := at(dst, i, p.size, 2*offset)
		// Elements of dst are twice as far from its beginning.
		if p.size == 4 {
			to.Scale = 8
		} else {
			twice := GP64()
			LEAQ(Mem{Base: i, Index: i, Scale: 1}, twice)
			to.Index = twice
		}
		store(first, to)
		store(second, to.Offset(32))
	})
	if stream {
		SFENCE()
	}
	VZEROUPPER()
	RET()
}

func split() {
	TEXT("splitVector", NOSPLIT, "func(even, odd, src []float32)")
	Doc("splitVector is Split.")
	Pragma("noescape")
	even, n, odd, src := param("even"), length("even"), param("odd"), param("src")
	loop(n, 8, func(i reg.GPVirtual, offset int) {
		a, b, e := YMM(), YMM(), YMM()
		from := Mem{Base: src, Index: i, Scale: 8, Disp: 8 * offset}
		VMOVUPS(from, a)
		VMOVUPS(from.Offset(32), b)
		VSHUFPS(Imm(0x88), b, a, e)
		VSHUFPS(Imm(0xdd), b, a, a)
		VPERMPD(Imm(0xd8), e, e)
		VPERMPD(Imm(0xd8), a, a)
		VMOVUPS(e, at(even, i, 4, offset))
		VMOVUPS(a, at(odd, i, 4, offset))
	})
	VZEROUPPER()
	RET()
}

func largest() {
	TEXT("largestVector", NOSPLIT, "func(c []float32) (most float32)")
	Doc("largestVector is Largest.")
	Pragma("noescape")
	c, n := param("c"), length("c")
	magnitude, most := single.magnitude(), YMM()
	VPXOR(most, most, most)
	loop(n, 8, func(i reg.GPVirtual, offset int) {
		a := YMM()
		VANDPS(at(c, i, 4, offset), magnitude, a)
		VPMAXSD(a, most, most)
	})
	single.returnLargest(most)
}

func stores(store func(v, m Op)) func(ops ...Op) { return func(ops ...Op) { store(ops[0], ops[1]) } }
