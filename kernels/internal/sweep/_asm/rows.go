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

// rows makes a sweep over several rows, as many together as the routine says.
func (p precision) rows(r routine) {
	p.text(r.name, "buf []%[1]s, at []int32, n, last int, cx, cy, floor %[1]s", r.doc(p)...)
	k := r.constants(p)
	control := AllocLocal(8)
	if r.flush == underflow {
		flushToZero(control)
	}
	buf, at, count := param("buf"), param("at"), length("at")
	n := Load(Param("n"), GP64()).(reg.GPVirtual)
	last := Load(Param("last"), GP64()).(reg.GPVirtual)
	shiftBytes(n, p.size)
	edges, wraps := make([]Mem, r.atOnce), make([]Mem, r.atOnce)
	for i := range edges {
		edges[i], wraps[i] = AllocLocal(16), AllocLocal(vector)
	}
	SUBQ(Imm(uint64(r.atOnce+2)), count)
	JLT(LabelRef("one"))
	for _, rows := range []int{r.atOnce, 1} {
		label := "several"
		if rows == 1 {
			label = "one"
			Label(label)
			ADDQ(Imm(uint64(r.atOnce-1)), count)
			JLT(LabelRef("done"))
		}
		again := label + "_rows"
		Label(again)
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
		ADDQ(Imm(uint64(4*rows)), at)
		SUBQ(Imm(uint64(rows)), count)
		JGE(LabelRef(again))
	}
	Label("done")
	if r.flush == underflow {
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
	for r := range lines {
		if last {
			p.load(lines[r].wrap, lines[r].right)
		} else {
			p.load(at(r+1, d+vector), lines[r].right)
		}
	}
	for r := range lines {
		l := &lines[r]
		up, down := Op(at(r, d)), Op(at(r+2, d))
		if r > 0 {
			up = lines[r-1].here
		}
		if r < len(lines)-1 {
			down = lines[r+1].here
		}
		k.odd = r%2 == 1
		a := YMM()
		p.sum(up, down, a)
		f(p, k, a, l.left, l.here, l.right)
		p.store(a, at(r, d))
	}
	for r := range lines {
		l := &lines[r]
		l.left, l.here, l.right = l.here, l.right, l.left
	}
}

// sum adds what is above and below, of which one or both may be in memory.
func (p precision) sum(up, down Op, to reg.VecVirtual) {
	if m, ok := up.(Mem); ok {
		if _, ok := down.(Mem); !ok {
			p.add(m, down, to)
			return
		}
		p.load(m, to)
		up = to
	}
	p.add(down, up, to)
}
