package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// A source goes through three stages: r²·√r², its inverse, the sums. Each stage is
// ahead sources before the next, so that what it needs is there when it comes: root
// and quotient take some fifty clocks, and what waits for them would fill the
// scheduler of the processor.
const ahead = 4

// rings is where the results of the first two stages wait, behind the lanes in
// pairs.Strides.
const rings = tileSize * 3 * vector

// pairLoop is the registers of both.
type pairLoop struct {
	precision
	constants
	a, source, stride, strides reg.GPVirtual
	sum                        [2][3]reg.VecVirtual
}

// both: every pair of two tiles once, for both bodies. The earlier tile a is in
// two vectors; each body of the later tile b keeps its sum in lanes, in memory.
func both(p precision) {
	TEXT("both"+suffix(p), NOSPLIT, fmt.Sprintf("func(a, b *%s, m int, eps2 %[1]s, toA, toB *%[1]s, strides *byte)", p.name))
	Pragma("noescape")
	Doc("both" + suffix(p) + " is Both" + p.condition() + ".")
	l := pairLoop{precision: p, constants: p.load(), a: GP64(), source: GP64(), stride: GP64(), strides: GP64()}
	Load(Param("a"), l.a)
	Load(Param("strides"), l.strides)
	b, toA, m := Load(Param("b"), GP64()), Load(Param("toA"), GP64()), Load(Param("m"), GP64())
	clearStrides(p, l.strides, m)

	blocks := GP64()
	MOVQ(U64(uint64(p.bytes(tileSize)/(2*vector))), blocks)
	Label("blocks" + suffix(p))
	for v := range l.sum {
		for k := range l.sum[v] {
			l.sum[v][k] = YMM()
			p.xor(l.sum[v][k], l.sum[v][k], l.sum[v][k])
		}
	}
	count := GP64()
	MOVQ(b, l.source)
	MOVQ(l.strides, l.stride)
	MOVQ(m, count)
	for j := range ahead {
		l.cubes(j, j)
	}
	l.turn(-ahead)
	Label("pairs" + suffix(p))
	l.turn(0)
	ADDQ(number(ahead*p.size), l.source)
	ADDQ(number(ahead*3*vector), l.stride)
	SUBQ(number(ahead), count)
	JG(LabelRef("pairs" + suffix(p)))

	for v := range l.sum {
		for k := range l.sum[v] {
			p.move(l.sum[v][k], Mem{Base: toA, Disp: p.sums(k) + v*vector})
		}
	}
	ADDQ(number(2*vector), l.a)
	ADDQ(number(2*vector), toA)
	DECQ(blocks)
	JNZ(LabelRef("blocks" + suffix(p)))

	joinAll(p, "b", l.strides, m, Load(Param("toB"), GP64()))
	VZEROUPPER()
	RET()
}

// at loads n of the source's x, y, z, gm, the j-th from the current one.
func (l *pairLoop) at(j, n int) []reg.VecVirtual {
	at := make([]reg.VecVirtual, n)
	for k := range at {
		at[k] = YMM()
		l.broadcast(Mem{Base: l.source, Disp: l.column(k) + j*l.size}, at[k])
	}
	return at
}

// differences sets d = x_j − x_i for a vector of targets. The last vector may take
// the place of the source.
func (l *pairLoop) differences(at []reg.VecVirtual, v int) (d [3]reg.VecVirtual) {
	for k := range d {
		if d[k] = at[k]; v == 0 {
			d[k] = YMM()
		}
		l.sub(Mem{Base: l.a, Disp: l.column(k) + v*vector}, at[k], d[k])
	}
	return d
}

// turn does the three stages for as many sources as wait in a ring. The first one
// to be used is j sources from the current one; those before it are not used.
func (l *pairLoop) turn(j int) {
	for slot := range ahead {
		if j+slot >= 0 {
			l.use(j+slot, slot)
		}
		l.inverses(slot)
		l.cubes(j+slot+2*ahead, slot)
	}
}

// cubes puts r²·√r² of the j-th source from the current one into a slot.
func (l *pairLoop) cubes(j, slot int) {
	at := l.at(j, 3)
	for v := range l.sum {
		r, q := YMM(), YMM()
		l.cube(l.constants, l.differences(at, v), r, q)
		l.move(q, l.cubeSlot(slot, v))
	}
}

// inverses puts the weights of the source of a slot into their slot.
func (l *pairLoop) inverses(slot int) {
	for v := range l.sum {
		w := YMM()
		l.div(l.cubeSlot(slot, v), l.constants.one, w)
		l.move(w, l.weightSlot(slot, v))
	}
}

func (l *pairLoop) cubeSlot(slot, v int) Mem {
	return Mem{Base: l.strides, Disp: rings + (2*slot+v)*vector}
}

func (l *pairLoop) weightSlot(slot, v int) Mem {
	return l.cubeSlot(slot, v).Offset(2 * ahead * vector)
}

// use adds up the j-th source from the current one, whose weights are in a slot.
//
//	a_i = fma(gm_j·w, d, a_i); a_j = fma(gm_i·w, −d, a_j)
func (l *pairLoop) use(j, slot int) {
	Comment("a_i = fma(gm_j·w, d, a_i); a_j = fma(gm_i·w, −d, a_j)")
	at := l.at(j, 4)
	var d [2][3]reg.VecVirtual
	for v := range d {
		d[v] = l.differences(at, v)
		s, w := YMM(), YMM()
		l.move(l.weightSlot(slot, v), w)
		l.mul(at[3], w, s)
		l.mul(Mem{Base: l.a, Disp: l.column(3) + v*vector}, w, w)
		for k := range d[v] {
			l.fma231(s, d[v][k], l.sum[v][k])
		}
		for k := range d[v] {
			lane := Mem{Base: l.stride, Disp: (3*j + k) * vector}
			if v == 0 {
				l.fnma213(lane, w, d[0][k])
			} else {
				l.fnma231(w, d[1][k], d[0][k])
				l.move(d[0][k], lane)
			}
		}
	}
}

// clearStrides sets the lanes of m bodies, rounded up to ahead, to zero.
func clearStrides(p precision, strides, m reg.Register) {
	zero := YMM()
	VPXOR(zero, zero, zero)
	stride, left := GP64(), GP64()
	MOVQ(strides, stride)
	MOVQ(m, left)
	Label("clear" + suffix(p))
	for i := range 3 * ahead {
		VMOVDQU(zero, Mem{Base: stride, Disp: i * vector})
	}
	ADDQ(number(3*vector*ahead), stride)
	SUBQ(number(ahead), left)
	JG(LabelRef("clear" + suffix(p)))
}
