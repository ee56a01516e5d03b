package main

import (
	"fmt"
	"math"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"

	"offload/internal/contract"
)

// machine is a precision with the instructions of AVX2 or AVX-512.
type machine struct {
	precision
	avx512 bool
	bytes  int // of a vector
}

func machineOf(p precision, avx512 bool) machine {
	m := machine{precision: p, avx512: avx512, bytes: 32}
	if avx512 {
		m.bytes = 64
	}
	m.lanes = m.bytes / p.size
	return m
}

func (m machine) vec() reg.VecVirtual {
	if m.avx512 {
		return ZMM()
	}
	return YMM()
}

// all is a vector register with v in all lanes.
func (m machine) all(v Op) reg.VecVirtual {
	x := m.vec()
	m.broadcast(v, x)
	return x
}

// table returns constants in memory.
func (m machine) table(name string, values []float64) Mem {
	name = fmt.Sprint(name, m.precision.name, "x", m.bytes)
	t, ok := numbers[name]
	if !ok {
		t = GLOBL(name, RODATA|NOPTR)
		for i, v := range values {
			if m.size == 4 {
				DATA(4*i, U32(math.Float32bits(float32(v))))
			} else {
				DATA(8*i, U64(math.Float64bits(v)))
			}
		}
		numbers[name] = t
	}
	return t
}

// constant returns the address of a vector of one number.
func (m machine) constant(name string, v float64) Mem {
	values := make([]float64, m.lanes)
	for i := range values {
		values[i] = v
	}
	return m.table(name, values)
}

func (m machine) floorAt() Mem {
	if m.size == 4 {
		return m.constant("floors", contract.Floor32)
	}
	return m.constant("floors", contract.Floor64)
}

// magnitudes returns the address of masks of all bits but the sign. In those at the address
// the first element is 0; those one vector behind are complete.
func (m machine) magnitudes() Mem {
	values := make([]float64, m.lanes*(vectors+1))
	for i := range values {
		if m.size == 4 {
			values[i] = float64(math.Float32frombits(math.MaxInt32))
		} else {
			values[i] = math.Float64frombits(math.MaxInt64)
		}
	}
	values[0] = 0
	return m.table("magnitudes", values)
}

// and sets dst to the bits of a and b.
func (m machine) andBits(a, b Op, dst reg.Register) {
	if m.avx512 {
		VPANDQ(a, b, dst)
		return
	}
	m.and(a, b, dst)
}

// most replaces most by a where that is larger as an integer; a is lost.
func (m machine) most(a, most reg.VecVirtual) {
	if m.avx512 && m.size == 8 {
		VPMAXSQ(a, most, most)
		return
	}
	m.larger(a, most)
}

// flushAt sets dst to v with lanes below the floor zero.
func (m machine) flushAt(v, dst reg.VecVirtual) {
	t := m.vec()
	m.andBits(m.magnitudes().Offset(m.bytes), v, t)
	if !m.avx512 {
		m.cmp(Imm(notLess), m.floorAt(), t, t)
		m.and(t, v, dst)
		return
	}
	k := K()
	m.cmp(Imm(notLess), m.floorAt(), t, k)
	m.masked(v, k, dst)
}

// masked sets dst to the lanes of v in k, and the others to zero.
func (m machine) masked(v reg.VecVirtual, k reg.OpmaskVirtual, dst reg.VecVirtual) {
	if m.size == 4 {
		VMOVAPS_Z(v, k, dst)
	} else {
		VMOVAPD_Z(v, k, dst)
	}
}

// narrowed stores 2·v as float32 numbers below whose floor is zero.
func (m machine) narrowed(v reg.VecVirtual, to Mem) {
	if m.size == 4 {
		m.add(v, v, v)
		m.flushAt(v, v)
		m.load(v, to)
		return
	}
	s := machineOf(single, m.avx512)
	magnitude, floor := s.magnitudes().Offset(s.bytes), s.floorAt()
	if !m.avx512 {
		x, t := XMM(), XMM()
		VCVTPD2PSY(v, x) // doubling is exact before and after it
		VADDPS(x, x, x)
		VANDPS(magnitude, x, t)
		VCMPPS(Imm(notLess), floor, t, t)
		VANDPS(t, x, x)
		VMOVUPS(x, to)
		return
	}
	y, t, k := YMM(), YMM(), K()
	VCVTPD2PS(v, y)
	VADDPS(y, y, y)
	VPANDD(magnitude, y, t)
	VCMPPS(Imm(notLess), floor, t, k)
	VMOVAPS_Z(y, k, y)
	VMOVUPS(y, to)
}

// rest is the mask of the lanes of the last vector.
type rest struct {
	whole, half reg.VecVirtual // for AVX2; half is for float32 numbers beside those of the precision
	k           reg.OpmaskVirtual
}

// restOf returns the mask of n lanes.
func (m machine) restOf(n reg.GPVirtual) *rest {
	if m.avx512 {
		bits, k := GP64(), K()
		XORQ(bits, bits)
		BTSQ(n, bits)
		DECQ(bits)
		KMOVW(bits.As32(), k)
		return &rest{k: k}
	}
	table, ok := numbers["lanes"]
	if !ok {
		table = GLOBL("lanes", RODATA|NOPTR)
		for i := range 8 {
			DATA(8*i, U64([2]uint64{math.MaxUint64, 0}[i/4]))
		}
		numbers["lanes"] = table
	}
	from, back := GP64(), GP64()
	LEAQ(table.Offset(32), from)
	MOVQ(n, back)
	NEGQ(back)
	r := &rest{whole: YMM()}
	r.half = r.whole
	m.load(Mem{Base: from, Index: back, Scale: uint8(m.size)}, r.whole)
	if m.size == 8 {
		r.half = YMM()
		VMOVUPS(Mem{Base: from, Index: back, Scale: 4}, r.half.AsX())
	}
	return r
}

// read loads a vector, of which only the lanes of r exist unless it is nil.
func (m machine) read(from Mem, r *rest) reg.VecVirtual {
	x := m.vec()
	switch {
	case r == nil:
		m.load(from, x)
	case m.avx512 && m.size == 8:
		VMOVUPD_Z(from, r.k, x)
	case m.avx512:
		VMOVUPS_Z(from, r.k, x)
	case m.size == 8:
		VMASKMOVPD(from, r.whole, x)
	default:
		VMASKMOVPS(from, r.whole, x)
	}
	return x
}

// read32 is read of float32 numbers, which it converts.
func (m machine) read32(from Mem, r *rest) reg.VecVirtual {
	x := m.vec()
	switch {
	case m.size == 4:
		return m.read(from, r)
	case r == nil:
		VCVTPS2PD(from, x)
		return x
	case m.avx512:
		VMOVUPS_Z(from, r.k, x)
		VCVTPS2PD(x.AsY(), x)
	default:
		VMASKMOVPS(from, r.half.AsX(), x.AsX())
		VCVTPS2PD(x.AsX(), x)
	}
	return x
}

// interleave returns the elements of even and odd in turn.
func (m machine) interleave(even, odd reg.VecVirtual) (first, second reg.VecVirtual) {
	first, second = m.vec(), m.vec()
	if !m.avx512 {
		low, high := YMM(), YMM()
		m.low(odd, even, low)
		m.high(odd, even, high)
		VPERM2F128(Imm(0x20), high, low, first)
		VPERM2F128(Imm(0x31), high, low, second)
		return first, second
	}
	permute := VPERMT2PD
	if m.size == 4 {
		permute = VPERMT2PS
	}
	index := func(name string, from int) Mem {
		name = fmt.Sprint(name, m.precision.name)
		t, ok := numbers[name]
		if !ok {
			t = GLOBL(name, RODATA|NOPTR)
			for i := range m.lanes {
				v := from + i/2 + i%2*m.lanes
				if m.size == 4 {
					DATA(4*i, U32(v))
				} else {
					DATA(8*i, U64(v))
				}
			}
			numbers[name] = t
		}
		return t
	}
	// The first operand holds indices and receives the result.
	idx := ZMM()
	m.load(even, first)
	m.load(even, second)
	VMOVUPS(index("firstHalf", 0), idx)
	permute(odd, idx, first)
	idx = ZMM()
	VMOVUPS(index("secondHalf", m.lanes/2), idx)
	permute(odd, idx, second)
	return first, second
}

// returnMost returns the largest lane of most.
func (m machine) returnMost(most reg.VecVirtual) {
	if !m.avx512 {
		m.returnLargest(most)
		return
	}
	fold := func(t reg.VecVirtual) {
		if m.size == 4 {
			VPMAXSD(t, most, most)
		} else {
			VPMAXSQ(t, most, most)
		}
	}
	t := ZMM()
	VSHUFI64X2(Imm(0x4e), most, most, t)
	fold(t)
	t = ZMM()
	VPERMQ(Imm(0x4e), most, t)
	fold(t)
	t = ZMM()
	VPERMILPD(Imm(0x55), most, t)
	fold(t)
	if m.size == 4 {
		t = ZMM()
		VPSHUFD(Imm(0xb1), most, t)
		fold(t)
	}
	bits := GP64()
	VMOVQ(most.AsX(), bits)
	to, err := ReturnIndex(0).Resolve()
	if err != nil {
		panic(err)
	}
	if m.size == 4 {
		MOVL(bits.As32(), to.Addr)
	} else {
		MOVQ(bits, to.Addr)
	}
	VZEROUPPER()
	RET()
}
