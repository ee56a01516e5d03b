// The generator of leapfrog_amd64.s, and with -avx512 of avx512_amd64.s: go run . -out ../leapfrog_amd64.s
package main

import (
	"flag"
	"math"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

const (
	column  = 128 * 8 // bytes of a column of a block
	bodyRow = 4 * 8   // bytes of a body's row
)

func main() {
	avx512 := flag.Bool("avx512", false, "write the form for AVX-512")
	flag.Parse()
	ConstraintExpr("!purego")
	advance(machine{avx512: *avx512, bytes: map[bool]int{false: 32, true: 64}[*avx512]})
	Generate()
}

// machine is AVX2 or AVX-512.
type machine struct {
	avx512 bool
	bytes  int // of a vector
}

func (m machine) name() string {
	if m.avx512 {
		return "AVX512"
	}
	return "AVX2"
}

func (m machine) vec() reg.VecVirtual {
	if m.avx512 {
		return ZMM()
	}
	return YMM()
}

// double returns the address of a vector of a number.
func (m machine) double(name string, v float64) Mem {
	c := GLOBL(name, RODATA|NOPTR)
	for i := range m.bytes / 8 {
		DATA(8*i, U64(math.Float64bits(v)))
	}
	return c
}

// single is double for float32.
func (m machine) single(name string, v float32) Mem {
	c := GLOBL(name, RODATA|NOPTR)
	for i := range m.bytes / 4 {
		DATA(4*i, U32(math.Float32bits(v)))
	}
	return c
}

// routine is what the parts of the routine share.
type routine struct {
	machine
	one, second, ones, least Mem
	first                    reg.VecVirtual
	scratch                  reg.Register // for each body r² of two vectors, and 1/√r² of both in float32
}

// advance writes the routine. For each time it goes through the groups of two vectors of particles, and for each through
// the bodies. A pull takes too long for the processor to overlap it with others by itself, so it has two stages: while
// those of one group are summed, the roots and quotients of the next one are computed.
func advance(m machine) {
	suffix := m.name()
	r := routine{
		machine: m,
		one:     m.double("one"+suffix, 1), ones: m.single("ones"+suffix, 1),
		second: m.double("fifteenEighths"+suffix, 15./8), least: m.single("least"+suffix, 0x1p-126),
	}
	threeHalves := m.double("threeHalves"+suffix, 3./2)

	TEXT("advance"+suffix, NOSPLIT, "func(block *float64, groups int, bodies *float64, count, times int, h, half float64, scratch *byte)")
	Pragma("noescape")
	Doc("advance" + suffix + " advances groups of " + map[bool]string{false: "8", true: "16"}[m.avx512] +
		" particles, at least two, as Row does. The scratch has room for three vectors a body.")
	block, bodies := Load(Param("block"), GP64()), Load(Param("bodies"), GP64())
	groups, count, times := Load(Param("groups"), GP64()), Load(Param("count"), GP64()), Load(Param("times"), GP64())
	scratch := Load(Param("scratch"), GP64())
	h, half := m.param("h"), m.param("half")
	begun := GP64() // whether it is not the first time
	XORQ(begun, begun)
	r.first = m.vec()
	VMOVUPD(threeHalves, r.first)

	at, left, next := GP64(), GP64(), GP64()
	body, nextBody, bodiesLeft, slot := GP64(), GP64(), GP64(), GP64()
	r.scratch = slot
	MOVQ(bodies, nextBody)
	MOVQ(count, bodiesLeft)
	MOVQ(scratch, slot)
	Label("first")
	r.estimate(block, nextBody)
	ADDQ(Imm(bodyRow), nextBody)
	ADDQ(Imm(uint64(3*m.bytes)), slot)
	DECQ(bodiesLeft)
	JNZ(LabelRef("first"))

	Label("time")
	MOVQ(block, at)
	MOVQ(groups, left)

	Label("group")
	Comment("After the last group comes the first one at the next time; after that of the last time, its estimates are not used.")
	MOVQ(bodies, body)
	MOVQ(bodies, nextBody)
	LEAQ(Mem{Base: at, Disp: 2 * m.bytes}, next)
	CMPQ(left, Imm(1))
	JNE(LabelRef("begin"))
	MOVQ(block, next)
	CMPQ(times, Imm(1))
	JE(LabelRef("begin"))
	MOVQ(count, nextBody)
	SHLQ(Imm(5), nextBody)
	ADDQ(bodies, nextBody)
	Label("begin")
	var a [2][3]reg.VecVirtual
	for g := range a {
		for c := range 3 {
			a[g][c] = m.vec()
			if m.avx512 {
				VPXORQ(a[g][c], a[g][c], a[g][c])
			} else {
				VXORPD(a[g][c], a[g][c], a[g][c])
			}
		}
	}
	MOVQ(count, bodiesLeft)
	MOVQ(scratch, slot)

	Label("body")
	r.sum(at, body, a)
	r.estimate(next, nextBody)
	ADDQ(Imm(bodyRow), body)
	ADDQ(Imm(bodyRow), nextBody)
	ADDQ(Imm(uint64(3*m.bytes)), slot)
	DECQ(bodiesLeft)
	JNZ(LabelRef("body"))

	Comment("The kick that ends a step, and the kick and the drift of the next one.")
	TESTQ(begun, begun)
	JZ(LabelRef("kicked"))
	m.kick(at, a, half)
	Label("kicked")
	CMPQ(times, Imm(1))
	JE(LabelRef("next"))
	m.kick(at, a, half)
	step := m.vec()
	VBROADCASTSD(h, step)
	for g := range a {
		for c := range 3 {
			x := m.vec()
			VMOVUPD(m.place(at, g, 3+c), x)
			VFMADD213PD(m.place(at, g, c), step, x)
			VMOVUPD(x, m.place(at, g, c))
		}
	}
	Label("next")
	ADDQ(Imm(uint64(2*m.bytes)), at)
	DECQ(left)
	JNZ(LabelRef("group"))

	MOVQ(body, bodies)
	MOVQ(U32(1), begun)
	DECQ(times)
	JNZ(LabelRef("time"))
	VZEROUPPER()
	RET()
}

// sum adds the pull of a body, of which the estimates are in the scratch.
func (r *routine) sum(at, body reg.Register, a [2][3]reg.VecVirtual) {
	var x [3]reg.VecVirtual
	for c := range x {
		x[c] = r.vec()
		VBROADCASTSD(Mem{Base: body, Disp: 8 * c}, x[c])
	}
	for g := range a {
		e, y, w := r.vec(), r.vec(), r.vec()
		VMOVUPD(r.slot(g), e)
		VCVTPS2PD(r.slot(2).Offset(g*r.bytes/2), y)
		VMULPD(y, y, w)           // y²
		VFNMADD213PD(r.one, w, e) // e
		VMULPD(w, y, y)           // y³
		VMOVUPD(r.first, w)
		VFMADD231PD(r.second, e, w)
		VMULPD(e, w, w)
		VFMADD213PD(y, y, w)
		if r.avx512 {
			VMULPD_BCST(Mem{Base: body, Disp: 24}, w, w)
		} else {
			VBROADCASTSD(Mem{Base: body, Disp: 24}, y)
			VMULPD(y, w, w)
		}
		for c := range 3 {
			d := r.vec()
			VSUBPD(r.place(at, g, c), x[c], d)
			VFMADD231PD(w, d, a[g][c])
		}
	}
}

// slot is the address of vector v of the body in the scratch.
func (r *routine) slot(v int) Mem { return Mem{Base: r.scratch, Disp: r.bytes * v} }

// estimate stores r² of two vectors and 1/√r², which is computed in float32. Both of that fit one vector.
func (r *routine) estimate(at, body reg.Register) {
	var x [3]reg.VecVirtual
	for c := range x {
		x[c] = r.vec()
		VBROADCASTSD(Mem{Base: body, Disp: 8 * c}, x[c])
	}
	s := r.vec()
	upper := r.vec()
	for g := range 2 {
		d, r2 := r.vec(), r.vec()
		VSUBPD(r.place(at, g, 2), x[2], d)
		VMULPD(d, d, r2)
		for c := 1; c >= 0; c-- {
			VSUBPD(r.place(at, g, c), x[c], d)
			VFMADD231PD(d, d, r2)
		}
		VMOVUPD(r2, r.slot(g))
		to := []reg.VecVirtual{s, upper}[g]
		if r.avx512 {
			VCVTPD2PS(r2, to.AsY())
		} else {
			VCVTPD2PSY(r2, to.AsX())
		}
	}
	q := r.vec()
	if r.avx512 {
		VINSERTF64X4(Imm(1), upper.AsY(), s, s)
		k := K()
		VCMPPS(Imm(notLess), r.least, s, k)
		VMOVAPS_Z(s, k, s)
	} else {
		VINSERTF128(Imm(1), upper.AsX(), s, s)
		VCMPPS(Imm(notLess), r.least, s, upper)
		VANDPS(upper, s, s)
	}
	VSQRTPS(s, s)
	VMOVUPS(r.ones, q)
	VDIVPS(s, q, q)
	VMOVUPS(q, r.slot(2))
}

// param returns the address of a number among the parameters.
func (m machine) param(name string) Mem {
	p, err := Param(name).Resolve()
	if err != nil {
		panic(err)
	}
	return p.Addr
}

// place is vector g of column c of the group at an address.
func (m machine) place(at reg.Register, g, c int) Mem {
	return Mem{Base: at, Disp: column*c + m.bytes*g}
}

// kick adds half a step times the acceleration to the velocity.
func (m machine) kick(at reg.Register, a [2][3]reg.VecVirtual, half Mem) {
	step := m.vec()
	VBROADCASTSD(half, step)
	for g := range a {
		for c := range 3 {
			v := m.vec()
			VMOVUPD(m.place(at, g, 3+c), v)
			VFMADD231PD(step, a[g][c], v)
			VMOVUPD(v, m.place(at, g, 3+c))
		}
	}
}

// notLess is the predicate ¬(a < b), which is true for NaN.
const notLess = 0x15
