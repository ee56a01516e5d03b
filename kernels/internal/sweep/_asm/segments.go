package main

import (
	"offload/internal/contract"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// segment is the number of columns of a segment of a residual.
const segment = contract.ResidualSegment

// segments makes the routine for whole segments of a row's residual. It does two
// at a time, because a sum has to wait for the one before it.
func (p precision) segments() {
	p.text("segments", "sums, last, before []%[1]s, floor %[1]s) (largest %[1]s", "segments"+p.name+" is Segments.")
	sums, last, before, count := param("sums"), param("last"), param("before"), length("sums")
	c := changes{p, p.argument("floor"), p.magnitude(), YMM()}
	VXORPS(c.largest, c.largest, c.largest)
	SUBQ(Imm(2), count)
	JLT(LabelRef("one"))
	for _, n := range []int{2, 1} {
		name := []string{"", "one", "two"}[n]
		Label(name)
		if n == 1 {
			ADDQ(Imm(1), count)
			JLT(LabelRef("done"))
		}
		acc := make([]reg.VecVirtual, n*8/p.lanes)
		for i := range acc {
			acc[i] = YMM()
			VXORPS(acc[i], acc[i], acc[i])
		}
		i := GP64()
		XORQ(i, i)
		Label(name + "_loop")
		for k := range acc {
			per := 8 / p.lanes
			d := k/per*segment*p.size + k%per*vector
			at := func(base reg.GPVirtual) Mem { return Mem{Base: base, Index: i, Scale: 1, Disp: d} }
			c.add(at(last), at(before), acc[k])
		}
		ADDQ(U32(8*p.size), i)
		CMPQ(i, U32(segment*p.size))
		JLT(LabelRef(name + "_loop"))
		for s := range n {
			p.join(acc[s*8/p.lanes:(s+1)*8/p.lanes], p.add, Mem{Base: sums, Disp: s * p.size})
		}
		if n == 2 {
			ADDQ(U32(2*p.size), sums)
			ADDQ(U32(2*segment*p.size), last)
			ADDQ(U32(2*segment*p.size), before)
			SUBQ(Imm(2), count)
			JGE(LabelRef(name))
		}
	}
	Label("done")
	a, err := Return("largest").Resolve()
	if err != nil {
		panic(err)
	}
	p.join([]reg.VecVirtual{c.largest}, p.max, a.Addr)
	VZEROUPPER()
	RET()
}

// changes are what the differences of two rows are compared with.
type changes struct {
	precision
	floor, magnitude, largest reg.VecVirtual
}

// add adds the squares of a vector of differences to a sum.
func (c changes) add(last, before Mem, sum reg.VecVirtual) {
	d, s := YMM(), YMM()
	Comment("d = last - before; largest = max(largest, |d|); sum += d*d unless below the floor")
	c.load(last, d)
	c.sub(before, d, d)
	c.mul(d, d, s)
	c.and(c.magnitude, d, d)
	c.max(c.largest, d, c.largest)
	c.cmp(Imm(notLess), c.floor, s, d)
	c.and(d, s, s)
	c.precision.add(s, sum, sum)
}

// join joins the lanes of one or two registers by halves, and stores the result.
func (p precision) join(y []reg.VecVirtual, op func(ops ...Op), to Mem) {
	v := y[0]
	if len(y) == 2 {
		op(y[1], v, v)
	}
	x, h := v.AsX(), XMM()
	VEXTRACTF128(Imm(1), v, h)
	op(h, x, x)
	VPERMILPD(Imm(1), x, h)
	op(h, x, x)
	if p.size == 8 {
		VMOVSD(x, to)
		return
	}
	VPERMILPS(Imm(1), x, h)
	op(h, x, x)
	VMOVSS(x, to)
}

// squares makes the routine for a segment of a row's residual.
func (p precision) squares() {
	p.text("squares", "lanes, last, before []%[1]s, floor %[1]s", "squares"+p.name+" is Squares.")
	magnitude, floor := p.magnitude(), p.argument("floor")
	lanes, last, before, n := param("lanes"), param("last"), param("before"), length("last")
	vectors := 8 / p.lanes
	sums, largest := make([]reg.VecVirtual, vectors), make([]reg.VecVirtual, vectors)
	for v := range sums {
		sums[v], largest[v] = YMM(), YMM()
		VXORPS(sums[v], sums[v], sums[v])
		VXORPS(largest[v], largest[v], largest[v])
	}
	SUBQ(Imm(8), n)
	JLT(LabelRef("done"))
	Label("loop")
	for v := range sums {
		c := changes{p, floor, magnitude, largest[v]}
		c.add(Mem{Base: last, Disp: v * vector}, Mem{Base: before, Disp: v * vector}, sums[v])
	}
	ADDQ(Imm(8*uint64(p.size)), last)
	ADDQ(Imm(8*uint64(p.size)), before)
	SUBQ(Imm(8), n)
	JGE(LabelRef("loop"))
	Label("done")
	for v := range sums {
		VMOVUPS(sums[v], Mem{Base: lanes, Disp: v * vector})
		VMOVUPS(largest[v], Mem{Base: lanes, Disp: (v + vectors) * vector})
	}
	VZEROUPPER()
	RET()
}

// bounds are the running bounds of packed values, in registers.
type bounds struct {
	precision
	at                 Mem
	peak, least, signs reg.VecVirtual
	magnitude, minus1  reg.VecVirtual
}

func (p precision) bounds(at Mem) bounds {
	b := bounds{p, at, YMM(), YMM(), YMM(), p.magnitude(), YMM()}
	VPCMPEQD(b.minus1, b.minus1, b.minus1)
	VMOVUPS(at, b.peak)
	VMOVDQU(at.Offset(vector), b.least)
	VMOVDQU(at.Offset(2*vector), b.signs)
	return b
}

// add takes in a vector, which it overwrites. The bits of a number less one, as
// an integer without sign, are in the order of the magnitudes of numbers that are
// not negative, but for zero, which is above all. The least double is known by
// its upper half.
func (b bounds) add(v reg.VecVirtual) {
	Comment("signs |= v; least = min(least, bits(v) - 1); peak = max(peak, |v|)")
	below := YMM()
	VPOR(v, b.signs, b.signs)
	if b.size == 4 {
		VPADDD(b.minus1, v, below)
	} else {
		VPADDQ(b.minus1, v, below)
	}
	VPMINUD(below, b.least, b.least)
	b.and(b.magnitude, v, v)
	b.max(b.peak, v, b.peak)
}

func (b bounds) store() {
	VMOVUPS(b.peak, b.at)
	VMOVDQU(b.least, b.at.Offset(vector))
	VMOVDQU(b.signs, b.at.Offset(2*vector))
}
