package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// line is a row that is being swept: where the vectors around the current one
// are. After a step, right is the next one's here, and so on round.
type line struct {
	mid               reg.GPVirtual
	left, here, right reg.VecVirtual
	wrap              Mem // the first vector, rotated, which is to the right of the last
	first, last       Mem // the edge values
}

// rows makes a sweep over several rows, two at a time.
func (p precision) rows(r routine) {
	p.text(r.name, "buf []%[1]s, at []int32, n, last int, cx, cy, floor %[1]s", r.doc(p)...)
	k := r.constants(p)
	control := AllocLocal(8)
	if r.underflow {
		flushToZero(control)
	}
	buf, at, count := param("buf"), param("at"), length("at")
	n := Load(Param("n"), GP64()).(reg.GPVirtual)
	last := Load(Param("last"), GP64()).(reg.GPVirtual)
	shiftBytes(n, p.size)
	edges := [2]Mem{AllocLocal(16), AllocLocal(16)}
	wraps := [2]Mem{AllocLocal(vector), AllocLocal(vector)}
	SUBQ(Imm(4), count)
	JLT(LabelRef("one"))
	for _, rows := range []int{2, 1} {
		label := []string{"", "one", "two"}[rows]
		if rows == 1 {
			Label("one")
			ADDQ(Imm(4-3), count)
			JLT(LabelRef("done"))
		} else {
			Label("two")
		}
		row := make([]reg.GPVirtual, rows+2)
		for i := range row {
			row[i] = GP64()
			MOVLQSX(Mem{Base: at, Disp: 4 * i}, row[i])
			LEAQ(Mem{Base: buf, Index: row[i], Scale: uint8(p.size)}, row[i])
		}
		lines := make([]line, rows)
		for i := range lines {
			lines[i] = line{mid: row[i+1], left: YMM(), here: YMM(), right: YMM(),
				wrap: wraps[i], first: edges[i], last: edges[i].Offset(8)}
			p.begin(&lines[i], n, last)
		}
		p.sweep(label, r.update, k, row, lines, n)
		for i := range lines {
			p.edge(lines[i], row[i], last)
		}
		if rows == 2 {
			ADDQ(Imm(8), at)
			SUBQ(Imm(2), count)
			JGE(LabelRef(label))
		}
	}
	Label("done")
	if r.underflow {
		LDMXCSR(control)
	}
	VZEROUPPER()
	RET()
}

// begin saves what a sweep overwrites before its use, and loads the first vectors.
func (p precision) begin(l *line, n, last reg.GPVirtual) {
	t := GP64()
	p.move(Mem{Base: l.mid}, t, l.first)
	p.move(Mem{Base: l.mid, Index: last, Scale: uint8(p.size)}, t, l.last)
	p.load(Mem{Base: l.mid}, l.here)
	p.rotate(l.here, l.right, true)
	p.store(l.right, l.wrap)
	p.load(Mem{Base: l.mid, Index: n, Scale: 1, Disp: -vector}, l.left)
	p.rotate(l.left, l.left, false)
}

// edge gives the first and last point of a swept row their values.
func (p precision) edge(l line, dst, last reg.GPVirtual) {
	t := GP64()
	p.move(l.first, t, Mem{Base: dst})
	p.move(l.last, t, Mem{Base: dst, Index: last, Scale: uint8(p.size)})
}

func (p precision) move(from Mem, by reg.GPVirtual, to Mem) {
	if p.size == 4 {
		MOVL(from, by.As32())
		MOVL(by.As32(), to)
	} else {
		MOVQ(from, by)
		MOVQ(by, to)
	}
}

// rotate moves each lane down (to the one before), or up.
func (p precision) rotate(from, to reg.VecVirtual, down bool) {
	if p.size == 8 {
		order := 0x93
		if down {
			order = 0x39
		}
		VPERMPD(Imm(uint64(order)), from, to)
		return
	}
	index := YMM()
	VMOVDQU(rotation(down), index)
	VPERMPS(from, index, to)
}

// unroll is the number of vectors of the main loop, after which left, here and
// right are in the same registers again.
const unroll = 3

// sweep goes over the vectors of the rows from left to right.
func (p precision) sweep(label string, f update, k constants, row []reg.GPVirtual, lines []line, n reg.GPVirtual) {
	i, stop := GP64(), GP64()
	XORQ(i, i)
	LEAQ(Mem{Base: n, Disp: -vector * (unroll + 1)}, stop)
	JMP(LabelRef(label + "_more"))
	Label(label + "_loop")
	for u := range unroll {
		p.step(f, k, row, lines, i, u*vector, false)
	}
	ADDQ(Imm(unroll*vector), i)
	Label(label + "_more")
	CMPQ(i, stop)
	JLE(LabelRef(label + "_loop"))
	ADDQ(Imm((unroll-1)*vector), stop)
	JMP(LabelRef(label + "_rest"))
	Label(label + "_single")
	saved := append([]line(nil), lines...)
	p.step(f, k, row, lines, i, 0, false)
	for r := range lines {
		VMOVAPS(saved[r].here, saved[r].left)
		VMOVAPS(saved[r].right, saved[r].here)
		lines[r] = saved[r]
	}
	ADDQ(Imm(vector), i)
	Label(label + "_rest")
	CMPQ(i, stop)
	JLE(LabelRef(label + "_single"))
	p.step(f, k, row, lines, i, 0, true)
}

// step updates the vector at i + d of each row; the last one of a row has the
// first one at its right.
func (p precision) step(f update, k constants, row []reg.GPVirtual, lines []line, i reg.GPVirtual, d int, last bool) {
	at := func(r, d int) Mem { return Mem{Base: row[r], Index: i, Scale: 1, Disp: d} }
	sums := make([]reg.VecVirtual, len(lines))
	for r := range lines {
		if last {
			p.load(lines[r].wrap, lines[r].right)
		} else {
			p.load(at(r+1, d+vector), lines[r].right)
		}
		sums[r] = YMM()
	}
	if len(lines) == 2 {
		p.add(at(0, d), lines[1].here, sums[0])
		p.add(at(3, d), lines[0].here, sums[1])
	} else {
		p.load(at(0, d), sums[0])
		p.add(at(2, d), sums[0], sums[0])
	}
	for r := range lines {
		l := &lines[r]
		k.odd = r%2 == 1
		f(p, k, sums[r], l.left, l.here, l.right)
		p.store(sums[r], at(r, d))
	}
	for r := range lines {
		l := &lines[r]
		l.left, l.here, l.right = l.here, l.right, l.left
	}
}
