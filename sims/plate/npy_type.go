package plate

import (
	"encoding/binary"
	"math"
	"strings"

	"offload/device"
)

// element is the type of an array's elements: one of NumPy's kinds b, i, u and f (bool,
// int, uint, float) with its size in bytes and its byte order.
type element struct {
	kind  byte
	size  int
	order binary.ByteOrder
}

// elementOf returns the element that NumPy's type string stands for, such as '<f8'.
func elementOf(descr string) (element, error) {
	e := element{order: binary.NativeEndian}
	name := strings.TrimLeft(descr, "<>|=")
	switch descr[:len(descr)-len(name)] {
	case "", "=", "|":
	case "<":
		e.order = binary.LittleEndian
	case ">":
		e.order = binary.BigEndian
	default:
		name = ""
	}
	switch name {
	case "b1", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f2", "f4", "f8":
		e.kind, e.size = name[0], int(name[1]-'0')
		return e, nil
	}
	return e, formatError("elements of type %.20q%s", descr, meaning(name))
}

// meaning says in words what a type is that is not read.
func meaning(name string) string {
	if name == "" {
		return ""
	}
	switch name[0] {
	case 'c':
		return " (complex numbers)"
	case 'f':
		return " (long double)"
	case 'O':
		return " (Python objects)"
	case 'S', 'U', 'a':
		return " (strings)"
	case 'M', 'm':
		return " (dates or times)"
	case 'V':
		return " (raw bytes)"
	}
	return ""
}

// bits returns the bits of the first element in data.
func (e element) bits(data []byte) uint64 {
	switch e.size {
	case 1:
		return uint64(data[0])
	case 2:
		return uint64(e.order.Uint16(data))
	case 4:
		return uint64(e.order.Uint32(data))
	}
	return e.order.Uint64(data)
}

// float returns the value of an element of kind f.
func (e element) float(bits uint64) float64 {
	switch e.size {
	case 2:
		return half(uint16(bits))
	case 4:
		return float64(math.Float32frombits(uint32(bits)))
	}
	return math.Float64frombits(bits)
}

// half returns the value of an IEEE number of 16 bits: a sign, 5 bits of exponent and
// 10 of fraction.
func half(bits uint16) float64 {
	exponent, fraction := int(bits>>10&0x1f), float64(bits&0x3ff)
	x := math.Ldexp(fraction+0x400, exponent-25)
	switch {
	case exponent == 0:
		x = fraction * 0x1p-24
	case exponent == 0x1f && fraction == 0:
		x = math.Inf(1)
	case exponent == 0x1f:
		return math.NaN()
	}
	if bits>>15 != 0 {
		return -x
	}
	return x
}

// converter returns the value of an element, which is number n of the array.
type converter[V any] func(e element, bits uint64, n int) (V, error)

// number rounds an element to T once. It fails for finite numbers beyond the range of T.
func number[T device.Float](e element, bits uint64, n int) (T, error) {
	unused := 64 - 8*e.size // bits
	switch e.kind {
	case 'b':
		return T(min(bits, 1)), nil
	case 'u':
		return T(bits), nil
	case 'i':
		return T(int64(bits<<unused) >> unused), nil
	}
	x := e.float(bits)
	v := T(x)
	if math.IsInf(float64(v), 0) && !math.IsInf(x, 0) {
		return 0, formatError("%g, value number %d, is too large for %v", x, n, device.TypeOf[T]())
	}
	return v, nil
}

// truth reports whether an element is not zero. As in NumPy, NaN is not.
func truth(e element, bits uint64, _ int) (bool, error) {
	if e.kind == 'f' {
		return e.float(bits) != 0, nil
	}
	return bits != 0, nil
}
