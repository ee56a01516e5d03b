package sweep

import "math"

// BoundsLen is the number of elements of a record of bounds. A form with vectors
// keeps in it, for each lane, the largest magnitude of the values, the bits of the
// least one above zero less one, and all bits that any value has.
const BoundsLen = 3 * 8

// ClearBounds makes b the bounds of no values.
func (f *Form[T]) ClearBounds(b []T) {
	clear(b)
	switch b := any(b[f.Lanes : 2*f.Lanes]).(type) {
	case []float32:
		for l := range b {
			b[l] = math.Float32frombits(math.MaxUint32)
		}
	case []float64:
		for l := range b {
			b[l] = math.Float64frombits(math.MaxUint64)
		}
	}
}

// Peak is the largest magnitude, NaN left out.
func (f *Form[T]) Peak(b []T) (peak T) {
	for _, p := range b[:f.Lanes] {
		if p > peak {
			peak = p
		}
	}
	return peak
}

// Least is a magnitude that no value but zero is below, if no value has a minus
// sign; otherwise it is 0.
func (f *Form[T]) Least(b []T) T {
	least, signs := uint32(math.MaxUint32), uint32(0)
	for l := range f.Lanes {
		least = min(least, upper(b[f.Lanes+l]))
		signs |= upper(b[2*f.Lanes+l])
	}
	switch {
	case signs>>31 != 0:
		return 0
	case least == math.MaxUint32:
		return T(math.Inf(1))
	}
	return fromUpper[T](least)
}

// upper are the first 32 bits of x.
func upper[T Float](x T) uint32 {
	switch x := any(x).(type) {
	case float32:
		return math.Float32bits(x)
	case float64:
		return uint32(math.Float64bits(x) >> 32)
	}
	return 0
}

// fromUpper is the number whose first bits are those and whose others are zero.
func fromUpper[T Float](bits uint32) (x T) {
	switch x := any(&x).(type) {
	case *float32:
		*x = math.Float32frombits(bits)
	case *float64:
		*x = math.Float64frombits(uint64(bits) << 32)
	}
	return x
}
