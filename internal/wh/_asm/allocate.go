package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// machine is AVX-512, or AVX2 with two registers for a vector.
type machine struct{ avx512 bool }

func (m machine) parts() int { return vectorBytes / m.bytes() }

func (m machine) bytes() int {
	if m.avx512 {
		return 64
	}
	return 32
}

func (m machine) registers() int {
	if m.avx512 {
		return 32
	}
	return 16
}

var (
	wide   = []reg.Physical{reg.Z0, reg.Z1, reg.Z2, reg.Z3, reg.Z4, reg.Z5, reg.Z6, reg.Z7, reg.Z8, reg.Z9, reg.Z10, reg.Z11, reg.Z12, reg.Z13, reg.Z14, reg.Z15, reg.Z16, reg.Z17, reg.Z18, reg.Z19, reg.Z20, reg.Z21, reg.Z22, reg.Z23, reg.Z24, reg.Z25, reg.Z26, reg.Z27, reg.Z28, reg.Z29, reg.Z30, reg.Z31}
	narrow = []reg.Physical{reg.Y0, reg.Y1, reg.Y2, reg.Y3, reg.Y4, reg.Y5, reg.Y6, reg.Y7, reg.Y8, reg.Y9, reg.Y10, reg.Y11, reg.Y12, reg.Y13, reg.Y14, reg.Y15}
	masks  = []reg.Physical{reg.K0, reg.K1, reg.K2, reg.K3}
)

func (m machine) register(i int) reg.Physical {
	if m.avx512 {
		return wide[i]
	}
	return narrow[i]
}

// writer assigns registers to the values of a program, in its order, and writes its instructions. Where registers run
// out, the value that is used last goes to the block's scratch, unless memory has it.
type writer struct {
	*program
	bases  []reg.Register
	uses   [][]int // of each value that are to come
	in     []int   // value of each register, or -1
	where  []int   // register of each value, or -1
	memory []int   // offset of each value, or -1
	free   []int   // offsets in the scratch
	unused []int   // offsets that are free after the current instruction
	locked map[int]bool
}

func (p *program) write(bases ...reg.Register) {
	w := &writer{program: p, bases: bases, locked: map[int]bool{}}
	for i, n := range p.nodes {
		w.uses, w.where, w.memory = append(w.uses, nil), append(w.where, -1), append(w.memory, -1)
		if n.op == opLoad || n.op == opLoadAll {
			w.memory[i] = n.at
		}
		for _, a := range n.args {
			w.uses[a] = append(w.uses[a], i)
		}
	}
	for range p.registers() {
		w.in = append(w.in, -1)
	}
	for at := p.layout.scratchLen()*vectorBytes - p.bytes(); at >= 3*vectorBytes; at -= p.bytes() {
		w.free = append(w.free, p.layout.scratch(0)+at)
	}
	if p.avx512 {
		KXORW(reg.K2, reg.K2, reg.K2)
		KXORW(reg.K3, reg.K3, reg.K3)
	}
	for i := range p.nodes {
		w.emit(i)
	}
}

// emit writes node i.
func (w *writer) emit(i int) {
	n := &w.nodes[i]
	clear(w.locked)
	w.free, w.unused = append(w.free, w.unused...), w.unused[:0]
	var ops []Op
	for k, a := range n.args {
		if w.mayBeMemory(n, k, ops) {
			ops = append(ops, w.at(a))
		} else {
			ops = append(ops, w.register(w.need(a)))
		}
	}
	for _, a := range n.args {
		if len(w.uses[a]) > 0 && w.uses[a][0] == i {
			w.uses[a] = w.uses[a][1:]
			if len(w.uses[a]) > 0 && w.uses[a][0] == i { // twice in one node
				w.uses[a] = w.uses[a][1:]
			}
		}
	}
	imm := U8(uint8(n.imm))
	switch n.op {
	case opLoad, opLoadAll: // when it is used
	case opStore:
		VMOVUPD(ops[0], Mem{Base: w.bases[n.base], Disp: n.at})
	case opTest:
		VCMPPD(imm, ops[1], ops[0], reg.K1)
		KORW(reg.K1, masks[n.at], masks[n.at])
	case opBranch:
		bits := GP32()
		if w.avx512 {
			KMOVW(masks[n.at], bits)
		} else {
			VMOVMSKPD(ops[0], bits)
		}
		TESTL(bits, bits)
		JNZ(LabelRef(n.name))
	case opFMA, opFMS, opFNMA:
		w.fused(i, n, ops)
		return
	default:
		w.retire(n)
		d := w.register(w.take(i))
		switch n.op {
		case opAdd:
			VADDPD(ops[1], ops[0], d)
		case opSub:
			VSUBPD(ops[1], ops[0], d)
		case opMul:
			VMULPD(ops[1], ops[0], d)
		case opDiv:
			VDIVPD(ops[1], ops[0], d)
		case opSqrt:
			VSQRTPD(ops[0], d)
		case opAnd:
			if w.avx512 {
				VPANDQ(ops[1], ops[0], d)
			} else {
				VANDPD(ops[1], ops[0], d)
			}
		case opOr:
			VORPD(ops[1], ops[0], d)
		case opAlign:
			VALIGNQ(imm, ops[0], ops[1], d)
		case opPermute:
			VPERMPD(imm, ops[0], d)
		case opHalves:
			VPERM2F128(imm, ops[1], ops[0], d)
		case opBlend:
			VBLENDPD(imm, ops[1], ops[0], d)
		case opCompare:
			VCMPPD(imm, ops[1], ops[0], d)
		case opSelect:
			if w.avx512 {
				VBLENDMPD(ops[1], ops[0], masks[n.at], d)
			} else {
				VBLENDVPD(ops[2], ops[1], ops[0], d)
			}
		default:
			panic(fmt.Sprint("operation ", n.op))
		}
		return
	}
	w.retire(n)
}

// mayBeMemory reports whether an instruction can take its k-th operand from memory, and it is there and not in a
// register. A vector that is used again soon is better loaded.
func (w *writer) mayBeMemory(n *node, k int, before []Op) bool {
	a := n.args[k]
	if w.where[a] >= 0 || w.memory[a] < 0 || w.nodes[a].op == opLoadAll || len(w.uses[a]) > 1 && w.uses[a][1]-w.uses[a][0] < 12 {
		return false
	}
	for _, o := range before {
		if _, ok := o.(Mem); ok {
			return false
		}
	}
	for j, b := range n.args {
		if j != k && b == a {
			return false
		}
	}
	switch n.op {
	case opAdd, opSub, opMul, opDiv, opAnd, opCompare, opTest, opBlend, opHalves:
		return k == 1
	case opFMA, opFMS, opFNMA, opSqrt, opPermute:
		return true
	case opAlign:
		return k == 0
	}
	return false
}

// at returns where memory has a value: a block's field, or the scratch of the first one.
func (w *writer) at(a int) Mem { return Mem{Base: w.bases[w.nodes[a].base], Disp: w.memory[a]} }

// need returns the register of a value, which it loads if necessary, and locks it.
func (w *writer) need(a int) int {
	r := w.where[a]
	if r < 0 {
		r = w.take(a)
		if w.nodes[a].op == opLoadAll {
			VBROADCASTSD(w.at(a), w.register(r))
		} else {
			VMOVUPD(w.at(a), w.register(r))
		}
	}
	w.locked[r] = true
	return r
}

// take gives value a a register.
func (w *writer) take(a int) int {
	best, last := -1, -1
	for r, v := range w.in {
		if v < 0 {
			best = r
			break
		}
		if w.locked[r] {
			continue
		}
		next := 1 << 30
		if len(w.uses[v]) > 0 {
			next = 2 * w.uses[v][0]
			if w.memory[v] >= 0 {
				next += 1 + 40 // cheaper to lose
			}
		}
		if next > last {
			best, last = r, next
		}
	}
	if v := w.in[best]; v >= 0 {
		if w.memory[v] < 0 && len(w.uses[v]) > 0 {
			if len(w.free) == 0 {
				panic("the scratch is too small")
			}
			w.memory[v] = w.free[len(w.free)-1]
			w.free = w.free[:len(w.free)-1]
			VMOVUPD(w.register(best), w.at(v))
		}
		w.where[v] = -1
	}
	w.in[best], w.where[a] = a, best
	return best
}

// retire frees the registers and the scratch of the operands that are not used again.
func (w *writer) retire(n *node) {
	for _, a := range n.args {
		if len(w.uses[a]) > 0 {
			continue
		}
		if r := w.where[a]; r >= 0 {
			w.in[r], w.where[a] = -1, -1
			delete(w.locked, r)
		}
		if w.memory[a] >= 0 && w.nodes[a].op != opLoad && w.nodes[a].op != opLoadAll {
			w.unused = append(w.unused, w.memory[a])
			w.memory[a] = -1
		}
	}
}

// fused writes a fused operation, whose result takes the place of an operand.
func (w *writer) fused(i int, n *node, ops []Op) {
	dies := func(k int) bool {
		_, memory := ops[k].(Mem)
		return !memory && len(w.uses[n.args[k]]) == 0
	}
	isMem := func(k int) bool { _, memory := ops[k].(Mem); return memory }
	d := -1
	switch {
	case dies(2) && n.args[2] != n.args[0] && n.args[2] != n.args[1]:
		d = 2
	case dies(0) && n.args[0] != n.args[1] && n.args[0] != n.args[2]:
		d = 0
	case dies(1) && n.args[1] != n.args[0] && n.args[1] != n.args[2]:
		d = 1
	}
	if d < 0 { // a copy of an operand
		r := w.register(w.take(i))
		d = 2
		VMOVUPD(ops[2], r)
		ops[2] = r
		w.retire(n)
		if isMem(0) && isMem(1) {
			panic("two operands in memory")
		}
	} else {
		r := w.where[n.args[d]]
		w.where[n.args[d]] = -1
		w.in[r], w.where[i] = i, r
		w.retire(n)
		ops[d] = w.register(r)
	}
	f := map[op][3]func(...Op){
		opFMA:  {VFMADD132PD, VFMADD213PD, VFMADD231PD},
		opFMS:  {VFMSUB132PD, VFMSUB213PD, VFMSUB231PD},
		opFNMA: {VFNMADD132PD, VFNMADD213PD, VFNMADD231PD},
	}[n.op]
	a, b, c := ops[0], ops[1], ops[2]
	switch {
	case d == 2 && isMem(0):
		f[2](a, b, c)
	case d == 2:
		f[2](b, a, c)
	case d == 1:
		a, b = b, a
		fallthrough
	default: // in a
		if _, memory := b.(Mem); memory {
			f[0](b, c, a) // a = a·b + c
		} else {
			f[1](c, b, a) // a = b·a + c
		}
	}
}
