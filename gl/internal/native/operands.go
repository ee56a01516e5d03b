package native

import (
	"math"
	"math/rand/v2"

	"offload/device"
	"offload/internal/ieee"
)

// format describes a precision: the bits of the significand and the exponents of
// normal numbers.
type format struct {
	bits, minExponent, maxExponent int
}

func formatOf[T device.Float]() format {
	if device.TypeOf[T]() == device.Float32 {
		return format{24, -126, 127}
	}
	return format{53, -1022, 1023}
}

// random generates operands, the same for the same seed on every machine.
type random[T device.Float] struct {
	*rand.Rand
	format
}

func newRandom[T device.Float](seed uint64) random[T] {
	return random[T]{rand.New(rand.NewPCG(seed, 0)), formatOf[T]()}
}

// number returns a number with a random sign, a random significand (often with few
// or many bits set), and an exponent from lo to hi.
func (r random[T]) number(lo, hi int) T {
	significand := 1<<(r.bits-1) | r.Uint64()>>(65-r.bits)
	switch r.IntN(8) {
	case 0:
		significand = 1<<r.bits - 1 - r.Uint64()&3
	case 1:
		significand = 1<<(r.bits-1) + r.Uint64()&3
	case 2:
		significand &^= 1<<(r.bits/2) - 1
	}
	x := math.Ldexp(float64(significand), lo+r.IntN(hi-lo+1)-r.bits+1)
	if r.IntN(2) == 0 {
		x = -x
	}
	return T(x)
}

// halfUlp returns half a unit in the last place of x.
func (r random[T]) halfUlp(x T) T {
	_, e := math.Frexp(float64(x))
	return T(math.Ldexp(1, e-r.bits-1))
}

// nudge returns x or one of its neighbours.
func (r random[T]) nudge(x T) T {
	return x + T(r.IntN(3)-1)*2*r.halfUlp(x)
}

// fusedOperands returns operands whose products cancel with z to the last bit, or
// whose sum with z is close to halfway between two numbers, and some of neither kind.
// Zeros of both signs and infinities come first.
func fusedOperands[T device.Float](n int) []T {
	r := newRandom[T](1)
	var s []T
	for i := range n {
		x, y := r.number(-20, 20), r.number(-20, 20)
		z := r.number(-60, 60)
		switch i % 6 {
		case 0:
			z = -x * y
		case 1:
			z = r.nudge(-x * y)
		case 2: // z, and half a unit of it, or less by a tail far below
			x, y = r.halfUlp(z), 1
			if tail := 2 * r.halfUlp(1); r.IntN(3) > 0 {
				x, y = x+x*tail, 1-tail
			}
		case 3: // a product far below half a unit of z
			x, y = T(math.Ldexp(float64(r.halfUlp(z)), -r.IntN(40))), r.number(-3, 3)
		case 4: // a product close to the smallest numbers, or zero
			x, y, z = r.number(r.minExponent/2, r.minExponent/2+30), r.number(r.minExponent/2+2, r.minExponent/2+30), 0
			if r.IntN(2) == 0 {
				z = r.number(r.minExponent+r.bits+3, r.minExponent+r.bits+40)
			}
		}
		s = append(s, x, y, z)
	}
	zero, one, inf, large := T(0), T(1), T(math.Inf(1)), T(math.Ldexp(1, r.maxExponent-20))
	copy(s, []T{
		negativeZero[T](), one, negativeZero[T](),
		zero, -one, zero,
		one, one, -one,
		large, large, one,
		inf, -one, one,
		one, one, -inf,
	})
	return s
}

// rootOperands returns squares, numbers next to them, and numbers whose roots are
// close to halfway between two numbers, of all sizes.
func rootOperands[T device.Float](n int) []T {
	r := newRandom[T](2)
	var s []T
	for i := range n {
		root := r.number(r.minExponent/2, r.maxExponent/2-1)
		x := root * root
		switch i % 4 {
		case 0:
			x = r.nudge(x)
		case 1:
			x = ieee.FMA(root, root, 2*ieee.Abs(root)*r.halfUlp(root))
		case 2:
			x = ieee.Abs(r.number(r.minExponent, r.maxExponent))
		}
		s = append(s, x, 0, 0)
	}
	copy(s, []T{0, 0, 0, negativeZero[T](), 0, 0, T(math.Inf(1)), 0, 0})
	return s
}

// quotientOperands returns operands whose quotients are representable or close to
// halfway between two numbers, of all sizes.
func quotientOperands[T device.Float](n int) []T {
	r := newRandom[T](3)
	var s []T
	for i := range n {
		q, y := r.number(-20, 20), r.number(-20, 20)
		x := q * y
		switch i % 4 {
		case 0:
			x = r.nudge(x)
		case 1:
			x = ieee.FMA(q, y, ieee.Abs(y)*r.halfUlp(q))
		case 2:
			x, y = r.number(r.minExponent, r.maxExponent), r.number(r.minExponent, r.maxExponent)
			if q := ieee.Abs(x / y); q < T(math.Ldexp(1, r.minExponent)) {
				x, y = y, x
			}
		}
		s = append(s, x, y, 0)
	}
	zero, inf := T(0), T(math.Inf(1))
	copy(s, []T{
		zero, 3, 0,
		negativeZero[T](), 3, 0,
		3, zero, 0,
		3, negativeZero[T](), 0,
		inf, -3, 0,
		3, inf, 0,
	})
	return s
}

func negativeZero[T device.Float]() T { return T(math.Copysign(0, -1)) }
