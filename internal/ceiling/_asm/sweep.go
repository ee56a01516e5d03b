package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// The block of a sweep: rows × vectors inner points, with a row or a vector at
// each side. Input and output together fill six tenths of a first-level cache of
// 32 KiB.
const (
	rows    = 16
	vectors = 15
	stride  = vector * (vectors + 2)
)

// steps is the period after which left, here and right are in the same registers again.
const steps = 3

// lines is the number of rows that are swept together.
const lines = 4

// sweep generates a Jacobi sweep over a small block. It sweeps four rows at a time to the
// right, so that each vector of points costs one and a half loads and a store.
func (p precision) sweep() {
	TEXT(fmt.Sprintf("sweepAVX2x%d", p.bits), NOSPLIT,
		fmt.Sprintf("func(rounds int, out, in *[%d]%s, weights *[2]%s)", (rows+2)*stride/p.size, p.elem, p.elem))
	Pragma("noescape")
	Doc(fmt.Sprintf("sweepAVX2x%d computes the inner points of a block, rounds times; see sweepGo.", p.bits))
	rounds := Load(Param("rounds"), GP64())
	out := Load(Param("out"), GP64())
	in := Load(Param("in"), GP64())
	weights := Load(Param("weights"), GP64())
	w := registers(2)
	for i := range w {
		p.broadcast(p.at(weights, i), w[i])
	}
	from, to, groups, left := GP64(), GP64(), GP64(), GP64()
	var line [lines][]reg.VecVirtual
	for r := range line {
		line[r] = registers(steps)
	}

	Label("round")
	MOVQ(in, from)
	MOVQ(out, to)
	MOVQ(operand.U32(rows/lines), groups)

	Label("group")
	for r := range line {
		p.load(operand.Mem{Base: from, Disp: (r + 1) * stride}, line[r][0])
		p.load(operand.Mem{Base: from, Disp: (r+1)*stride + vector}, line[r][1])
	}
	MOVQ(operand.U32(vectors/steps), left)

	Label("step")
	for i := range steps {
		p.step(from, to, (i+1)*vector, line, i, w)
	}
	ADDQ(operand.U32(steps*vector), from)
	ADDQ(operand.U32(steps*vector), to)
	DECQ(left)
	JNZ(operand.LabelRef("step"))

	ADDQ(operand.U32(lines*stride-vectors*vector), from)
	ADDQ(operand.U32(lines*stride-vectors*vector), to)
	DECQ(groups)
	JNZ(operand.LabelRef("group"))
	DECQ(rounds)
	JNZ(operand.LabelRef("round"))
	VZEROUPPER()
	RET()
}

// step generates the update of the vectors at d of four rows. One of the sums uses a
// multiplier, to balance the load of adders and multipliers.
func (p precision) step(from, to reg.Register, d int, line [lines][]reg.VecVirtual, i int, w []reg.VecVirtual) {
	left, here, right := i%steps, (i+1)%steps, (i+2)%steps
	for r := range line {
		p.load(operand.Mem{Base: from, Disp: (r+1)*stride + d + vector}, line[r][right])
	}
	for r := range line {
		Comment("v = c·(1·(left + right) + (up + down))")
		sum := YMM()
		switch r {
		case 0:
			p.add(operand.Mem{Base: from, Disp: d}, line[1][here], sum)
		case lines - 1:
			p.add(operand.Mem{Base: from, Disp: (lines+1)*stride + d}, line[r-1][here], sum)
		default:
			p.add(line[r-1][here], line[r+1][here], sum)
		}
		p.add(line[r][right], line[r][left], line[r][left])
		p.fma(w[1], line[r][left], sum)
		p.mul(w[0], sum, sum)
		p.load(sum, operand.Mem{Base: to, Disp: (r+1)*stride + d})
	}
}
