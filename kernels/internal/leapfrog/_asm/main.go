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

// advance writes the routine. For each time it goes through the groups of two vectors of particles, and for each through
// the bodies; so the vectors of one group are computed while the next begins.
func advance(m machine) {
	suffix := m.name()
	one, ones := m.double("one"+suffix, 1), m.single("ones"+suffix, 1)
	first, second := m.double("threeHalves"+suffix, 3./2), m.double("fifteenEighths"+suffix, 15./8)
	least := m.single("least"+suffix, 0x1p-126)

	TEXT("advance"+suffix, NOSPLIT, "func(block *float64, groups int, bodies *float64, count, times int, h, half float64)")
	Pragma("noescape")
	Doc("advance" + suffix + " advances groups of " + map[bool]string{false: "8", true: "16"}[m.avx512] + " particles as Row does.")
	block, bodies := Load(Param("block"), GP64()), Load(Param("bodies"), GP64())
	groups, count, times := Load(Param("groups"), GP64()), Load(Param("count"), GP64()), Load(Param("times"), GP64())
	h, half := m.param("h"), m.param("half")
	begun := GP64() // whether it is not the first time
	XORQ(begun, begun)

	Label("time")
	at, left := GP64(), GP64()
	MOVQ(block, at)
	MOVQ(groups, left)

	Label("group")
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
	body, bodiesLeft := GP64(), GP64()
	MOVQ(bodies, body)
	MOVQ(count, bodiesLeft)

	Label("body")
	var d [2][3]reg.VecVirtual
	var r2 [2]reg.VecVirtual
	for g := range d {
		for c := range 3 {
			d[g][c] = m.vec()
			VBROADCASTSD(Mem{Base: body, Disp: 8 * c}, d[g][c])
			VSUBPD(m.place(at, g, c), d[g][c], d[g][c])
		}
		r2[g] = m.vec()
		VMULPD(d[g][2], d[g][2], r2[g])
		VFMADD231PD(d[g][1], d[g][1], r2[g])
		VFMADD231PD(d[g][0], d[g][0], r2[g])
	}
	y := m.estimate(r2, ones, least)
	for g := range d {
		w := m.vec()
		y2 := m.vec()
		VMULPD(y[g], y[g], y2)
		VFNMADD213PD(one, y2, r2[g]) // e
		VMULPD(y2, y[g], y[g])       // y³
		VMOVUPD(first, w)
		VFMADD231PD(second, r2[g], w)
		VMULPD(r2[g], w, w)
		VFMADD213PD(y[g], y[g], w)
		if m.avx512 {
			VMULPD_BCST(Mem{Base: body, Disp: 24}, w, w)
		} else {
			gm := m.vec()
			VBROADCASTSD(Mem{Base: body, Disp: 24}, gm)
			VMULPD(gm, w, w)
		}
		for c := range 3 {
			VFMADD231PD(w, d[g][c], a[g][c])
		}
	}
	ADDQ(Imm(bodyRow), body)
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

// estimate returns 1/√r² of two vectors, computed in float32. Both fit one vector of that.
func (m machine) estimate(r2 [2]reg.VecVirtual, ones, least Mem) (y [2]reg.VecVirtual) {
	s := m.vec()
	if m.avx512 {
		upper := YMM()
		VCVTPD2PS(r2[0], s.AsY())
		VCVTPD2PS(r2[1], upper)
		VINSERTF64X4(Imm(1), upper, s, s)
		k := K()
		VCMPPS(Imm(notLess), least, s, k)
		VSQRTPS_Z(s, k, s)
	} else {
		upper := XMM()
		VCVTPD2PSY(r2[0], s.AsX())
		VCVTPD2PSY(r2[1], upper)
		VINSERTF128(Imm(1), upper, s, s)
		mask := YMM()
		VCMPPS(Imm(notLess), least, s, mask)
		VANDPS(mask, s, s)
		VSQRTPS(s, s)
	}
	q := m.vec()
	VMOVUPS(ones, q)
	VDIVPS(s, q, q)
	y = [2]reg.VecVirtual{m.vec(), m.vec()}
	if m.avx512 {
		upper := YMM()
		VEXTRACTF64X4(Imm(1), q, upper)
		VCVTPS2PD(q.AsY(), y[0])
		VCVTPS2PD(upper, y[1])
	} else {
		upper := XMM()
		VEXTRACTF128(Imm(1), q, upper)
		VCVTPS2PD(q.AsX(), y[0])
		VCVTPS2PD(upper, y[1])
	}
	return y
}

// notLess is the predicate ¬(a < b), which is true for NaN.
const notLess = 0x15
