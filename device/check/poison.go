package check

import (
	"bytes"
	"fmt"
	"math"

	"offload/device"
)

// Poisons are values that spoil a result. A NaN spreads, except through comparisons; very
// large and very small values change those. A moderate number shows additions to it.
const (
	quiet = iota
	moderate
	large
	small
)

// readable are the poisons of elements that may not be read.
var readable = [...]int{quiet, large, small}

// The bits of poisons, without their tags.
var (
	poisons32 = [...]uint32{0x7fc00000, 0x3e000000, 0x6c800000, 0xec800000}
	poisons64 = [...]uint64{0x7ff8 << 48, 0x3fc0 << 48, 0x7830 << 48, 0xf830 << 48}
	poisonsI  = [...]uint32{0xa5a00000, 0x00400000, 0x7fe00000, 0x80200000}
)

// fill sets elements r of s, which is matrix i, to a poison. Each element has a tag, so
// that a copy to another element is detected.
func fill(s device.Slice, r device.Range, i, poison int) {
	tag := func(e int) uint32 { return uint32(i)<<17 | uint32(e)&(1<<17-1) }
	for e := r.Lo; e < r.Hi; e++ {
		switch s.Type() {
		case device.Float32:
			device.As[float32](s)[e] = math.Float32frombits(poisons32[poison] | tag(e))
		case device.Float64:
			device.As[float64](s)[e] = math.Float64frombits(poisons64[poison] | uint64(tag(e))<<27)
		case device.Int32:
			device.As[int32](s)[e] = int32(poisonsI[poison] | tag(e))
		case device.Uint32:
			if device.As[uint32](s)[e] = poisonsI[poison] | tag(e); poison == small {
				device.As[uint32](s)[e] = 0
			}
		}
	}
}

// sameBits reports whether element i of a and b has equal bits.
func sameBits(a, b device.Slice, i int) bool {
	return bytes.Equal(a.Sub(i, i+1).Bytes(), b.Sub(i, i+1).Bytes())
}

// firstDifference returns the first element of r in which a and b differ, or -1. Unless
// bits is set, all NaNs are equal.
func firstDifference(a, b device.Slice, r device.Range, bits bool) int {
	if bytes.Equal(a.Sub(r.Lo, r.Hi).Bytes(), b.Sub(r.Lo, r.Hi).Bytes()) {
		return -1
	}
	for i := r.Lo; i < r.Hi; i++ {
		if !sameBits(a, b, i) && (bits || !isNaN(a, i) || !isNaN(b, i)) {
			return i
		}
	}
	return -1
}

func isNaN(s device.Slice, i int) bool {
	switch s.Type() {
	case device.Float32:
		v := device.As[float32](s)[i]
		return v != v
	case device.Float64:
		v := device.As[float64](s)[i]
		return v != v
	}
	return false
}

// format returns element i of s as text, or "" if s is empty.
func format(s device.Slice, i int) string {
	if s.Len() == 0 {
		return ""
	}
	switch s.Type() {
	case device.Float32:
		return fmt.Sprint(device.As[float32](s)[i])
	case device.Float64:
		return fmt.Sprint(device.As[float64](s)[i])
	case device.Int32:
		return fmt.Sprint(device.As[int32](s)[i])
	}
	return fmt.Sprint(device.As[uint32](s)[i])
}

// clone returns a copy of m and its data.
func (m *matrices) clone() (c matrices) {
	for i, s := range m {
		c[i] = s.Clone()
	}
	return c
}
