package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// ordered: targets in two vectors, one source at a time.
func ordered(p precision) {
	TEXT("ordered"+suffix(p), NOSPLIT, fmt.Sprintf("func(targets *%s, n int, sources *%[1]s, m int, eps2 %[1]s, out *%[1]s)", p.name))
	Pragma("noescape")
	Doc("ordered" + suffix(p) + " is Ordered" + p.condition() + "; n is rounded up to two vectors.")
	c := p.load()
	targets, sources, out := Load(Param("targets"), GP64()), Load(Param("sources"), GP64()), Load(Param("out"), GP64())
	left, m := Load(Param("n"), GP64()), Load(Param("m"), GP64())

	Label("targets" + suffix(p))
	CMPQ(left, Imm(0))
	JLE(LabelRef("done" + suffix(p)))
	var sum [2][3]reg.VecVirtual
	for v := range sum {
		for k := range sum[v] {
			sum[v][k] = YMM()
			p.xor(sum[v][k], sum[v][k], sum[v][k])
		}
	}
	source, count := GP64(), GP64()
	MOVQ(sources, source)
	MOVQ(m, count)
	TESTQ(count, count)
	JZ(LabelRef("store" + suffix(p)))

	Label("sources" + suffix(p))
	var at [4]reg.VecVirtual
	for k := range at {
		at[k] = YMM()
		p.broadcast(Mem{Base: source, Disp: p.column(k)}, at[k])
	}
	for v := range sum {
		Comment("d = x_j − x_i; a_i = fma(gm_j·w, d, a_i)")
		var d [3]reg.VecVirtual
		for k := range d {
			d[k] = YMM()
			p.sub(Mem{Base: targets, Disp: p.column(k) + v*vector}, at[k], d[k])
		}
		r, w := YMM(), YMM()
		p.weight(c, d, r, w)
		p.mul(at[3], w, w)
		for k := range d {
			p.fma231(w, d[k], sum[v][k])
		}
	}
	ADDQ(number(p.size), source)
	DECQ(count)
	JNZ(LabelRef("sources" + suffix(p)))

	Label("store" + suffix(p))
	for v := range sum {
		for k := range sum[v] {
			p.move(sum[v][k], Mem{Base: out, Disp: p.sums(k) + v*vector})
		}
	}
	ADDQ(number(2*vector), targets)
	ADDQ(number(2*vector), out)
	SUBQ(number(2*vector/p.size), left)
	JMP(LabelRef("targets" + suffix(p)))

	Label("done" + suffix(p))
	VZEROUPPER()
	RET()
}

// suffix is the part of a routine's name that says its type, and that it needs
// softening.
func suffix(p precision) string {
	if p.soft {
		return "Soft" + p.name[len("float"):]
	}
	return p.name[len("float"):]
}

// lanes: one target at a time, a full tile of sources in vectors.
func lanes(p precision) {
	TEXT("lanes"+suffix(p), NOSPLIT, fmt.Sprintf("func(targets *%s, first, n int, sources *%[1]s, eps2 %[1]s, out *%[1]s, strides *byte)", p.name))
	Pragma("noescape")
	Doc("lanes" + suffix(p) + " is Lanes" + p.condition() + ".")
	c := p.load()
	targets, sources, strides := Load(Param("targets"), GP64()), Load(Param("sources"), GP64()), Load(Param("strides"), GP64())
	first, n := Load(Param("first"), GP64()), Load(Param("n"), GP64())
	target, stride, left := GP64(), GP64(), GP64()
	LEAQ(Mem{Base: targets, Index: first, Scale: uint8(p.size)}, target)
	MOVQ(strides, stride)
	MOVQ(n, left)
	TESTQ(left, left)
	JZ(LabelRef("ldone" + suffix(p)))

	Label("ltargets" + suffix(p))
	var at, sum [3]reg.VecVirtual
	for k := range at {
		at[k], sum[k] = YMM(), YMM()
		p.broadcast(Mem{Base: target, Disp: p.column(k)}, at[k])
		p.xor(sum[k], sum[k], sum[k])
	}
	offset := GP64()
	XORQ(offset, offset)
	Label("lsources" + suffix(p))
	Comment("d = x_j − x_i; a_i = fma(gm_j·w, d, a_i), source j in lane j mod lanes")
	var d [3]reg.VecVirtual
	for k := range d {
		d[k] = YMM()
		p.move(Mem{Base: sources, Index: offset, Scale: 1, Disp: p.column(k)}, d[k])
		p.sub(at[k], d[k], d[k])
	}
	r, w := YMM(), YMM()
	p.weight(c, d, r, w)
	p.mul(Mem{Base: sources, Index: offset, Scale: 1, Disp: p.column(3)}, w, w)
	for k := range d {
		p.fma231(w, d[k], sum[k])
	}
	ADDQ(number(vector), offset)
	CMPQ(offset, number(p.bytes(tileSize)))
	JNE(LabelRef("lsources" + suffix(p)))
	for k := range sum {
		p.move(sum[k], Mem{Base: stride, Disp: k * vector})
	}
	ADDQ(number(3*vector), stride)
	ADDQ(number(p.size), target)
	DECQ(left)
	JNZ(LabelRef("ltargets" + suffix(p)))

	out := Load(Param("out"), GP64())
	LEAQ(Mem{Base: out, Index: first, Scale: uint8(p.size)}, out)
	joinAll(p, "l", strides, n, out)
	Label("ldone" + suffix(p))
	VZEROUPPER()
	RET()
}

// add: a sum with its rounding error carried.
func add(p precision) {
	TEXT("add"+suffix(p), NOSPLIT, fmt.Sprintf("func(sum, carry, part *%s)", p.name))
	Pragma("noescape")
	Doc("add" + suffix(p) + " is Add.")
	sum, carry, part := Load(Param("sum"), GP64()), Load(Param("carry"), GP64()), Load(Param("part"), GP64())
	left := GP64()
	MOVQ(U64(uint64(3*p.bytes(tileSize+8)/vector)), left)
	Label("add" + suffix(p))
	Comment("s = a + b; z = s − a; carry += (a − (s − z)) + (b − z)")
	a, b, s, z := YMM(), YMM(), YMM(), YMM()
	p.move(Mem{Base: sum}, a)
	p.move(Mem{Base: part}, b)
	p.add(b, a, s)
	p.sub(a, s, z)
	p.move(s, Mem{Base: sum})
	p.sub(z, s, s)
	p.sub(s, a, a)
	p.sub(z, b, b)
	p.add(b, a, a)
	p.add(Mem{Base: carry}, a, a)
	p.move(a, Mem{Base: carry})
	ADDQ(number(vector), sum)
	ADDQ(number(vector), carry)
	ADDQ(number(vector), part)
	DECQ(left)
	JNZ(LabelRef("add" + suffix(p)))
	VZEROUPPER()
	RET()
}

// joinAll reduces the lanes of n bodies, n rounded up to perJoin, by halves: lane
// l takes lane l + lanes/2, and so on.
func joinAll(p precision, label string, strides, n, out reg.Register) {
	stride, left := GP64(), GP64()
	MOVQ(strides, stride)
	MOVQ(n, left)
	Label(label + "join" + suffix(p))
	for k := range 3 {
		p.join(p, Mem{Base: stride, Disp: k * vector}, Mem{Base: out, Disp: p.sums(k)})
	}
	ADDQ(number(3*vector*p.perJoin()), stride)
	ADDQ(number(16), out)
	SUBQ(number(p.perJoin()), left)
	JG(LabelRef(label + "join" + suffix(p)))
}

// halves adds the upper half of a vector to its lower half.
func (p precision) halves(from Mem) reg.VecVirtual {
	x := XMM()
	p.move(from, x)
	p.add(from.Offset(16), x, x)
	return x
}

// joinSingle reduces the eight lanes of four bodies.
func joinSingle(p precision, from, to Mem) {
	var four [4]reg.VecVirtual
	for b := range four {
		four[b] = p.halves(from.Offset(3 * vector * b))
	}
	var two [2]reg.VecVirtual
	for b := range two {
		low, high := XMM(), XMM()
		VMOVLHPS(four[2*b+1], four[2*b], low)
		VMOVHLPS(four[2*b], four[2*b+1], high)
		VADDPS(high, low, low)
		two[b] = low
	}
	even, odd := XMM(), XMM()
	VSHUFPS(U8(0x88), two[1], two[0], even)
	VSHUFPS(U8(0xdd), two[1], two[0], odd)
	VADDPS(odd, even, even)
	VMOVUPS(even, to)
}

// joinDouble reduces the four lanes of two bodies.
func joinDouble(p precision, from, to Mem) {
	a, b := p.halves(from), p.halves(from.Offset(3*vector))
	low, high := XMM(), XMM()
	VUNPCKLPD(b, a, low)
	VUNPCKHPD(b, a, high)
	VADDPD(high, low, low)
	VMOVUPD(low, to)
}
