package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// The block of a sweep: rows × vectors inner points, with a row or a vector at
// each side. Input and output together fill two thirds of a first-level cache of
// 32 KiB.
const (
	rows    = 18
	vectors = 15
	stride  = vector * (vectors + 2)
)

// After steps left, here and right are in the same registers again.
const steps = 3

// sweep writes a Jacobi sweep over a small block. It goes to the right in two rows
// at a time, so that each vector of points costs two loads and a store.
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
	from, to, pairs, left := GP64(), GP64(), GP64(), GP64()
	lines := [2][]reg.VecVirtual{registers(steps), registers(steps)}

	Label("round")
	MOVQ(in, from)
	MOVQ(out, to)
	MOVQ(operand.U32(rows/2), pairs)

	Label("pair")
	for r, line := range lines {
		p.load(operand.Mem{Base: from, Disp: (r + 1) * stride}, line[0])
		p.load(operand.Mem{Base: from, Disp: (r+1)*stride + vector}, line[1])
	}
	MOVQ(operand.U32(vectors/steps), left)

	Label("step")
	for i := range steps {
		p.step(from, to, (i+1)*vector, lines, i, w)
	}
	ADDQ(operand.U32(steps*vector), from)
	ADDQ(operand.U32(steps*vector), to)
	DECQ(left)
	JNZ(operand.LabelRef("step"))

	ADDQ(operand.U32(2*stride-vectors*vector), from)
	ADDQ(operand.U32(2*stride-vectors*vector), to)
	DECQ(pairs)
	JNZ(operand.LabelRef("pair"))
	DECQ(rounds)
	JNZ(operand.LabelRef("round"))
	VZEROUPPER()
	RET()
}

// step writes the update of the vectors at d of two rows.
func (p precision) step(from, to reg.Register, d int, lines [2][]reg.VecVirtual, i int, w []reg.VecVirtual) {
	left, here, right := i%steps, (i+1)%steps, (i+2)%steps
	for r, line := range lines {
		p.load(operand.Mem{Base: from, Disp: (r+1)*stride + d + vector}, line[right])
	}
	for r, line := range lines {
		Comment("v = cy·(up + down) + cx·(left + right)")
		sum := YMM()
		p.add(operand.Mem{Base: from, Disp: 3*r*stride + d}, lines[1-r][here], sum)
		p.add(line[right], line[left], line[left])
		p.mul(w[1], sum, sum)
		p.mul(w[0], line[left], line[left])
		p.add(line[left], sum, sum)
		p.load(sum, operand.Mem{Base: to, Disp: (r+1)*stride + d})
	}
}
