package ieee

import (
	"math"
	"math/big"
	"math/rand/v2"
	"testing"
)

// exactFMA returns x·y + z, rounded once, with math/big.
func exactFMA(x, y, z float32) float32 {
	b := func(v float32) *big.Float { return new(big.Float).SetPrec(2000).SetFloat64(float64(v)) }
	p := new(big.Float).SetPrec(2000).Mul(b(x), b(y))
	s := p.Add(p, b(z))
	f, _ := s.Float32()
	return f
}

func TestFMA32RoundsOnce(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	random := func() float32 {
		for {
			v := math.Float32frombits(r.Uint32())
			if !math.IsNaN(float64(v)) && !math.IsInf(float64(v), 0) {
				return v
			}
		}
	}
	for range 300_000 {
		x, y, z := random(), random(), random()
		switch r.IntN(4) {
		case 0: // z near −x·y: cancellation
			z = -float32(float64(x) * float64(y))
		case 1: // x·y far below z: sticky bits
			y = math.Float32frombits(math.Float32bits(1/x)&^0x7fffff) * float32(math.Ldexp(float64(z), -24))
		case 2: // results in the subnormal range
			x, y, z = float32(math.Ldexp(r.Float64(), -70)), float32(math.Ldexp(r.Float64(), -72)), float32(math.Ldexp(r.Float64(), -140))
		}
		got, want := FMA32(x, y, z), exactFMA(x, y, z)
		if math.IsNaN(float64(y)) || math.IsInf(float64(y), 0) || math.IsInf(float64(z), 0) {
			continue
		}
		if got != want {
			t.Fatalf("FMA32(%g, %g, %g) = %g, want %g", x, y, z, got, want)
		}
	}
}

func TestFMA32Halfway(t *testing.T) {
	// 1 + 2^-24 lies halfway between 1 and the next float32; the product adds
	// or removes a tail far below float64's last bit.
	tail := float32(math.Ldexp(1, -90))
	x := float32(math.Ldexp(1, -24))
	for _, c := range []struct{ x, y, z, want float32 }{
		{x, 1, 1, 1},
		{math.Nextafter32(x, 1), 1, 1, math.Nextafter32(1, 2)},
		{tail, tail, 1, 1},
		{-tail, tail, 1, 1},
		{1, 0, float32(math.Copysign(0, -1)), 0},
	} {
		if got := FMA32(c.x, c.y, c.z); got != c.want {
			t.Errorf("FMA32(%g, %g, %g) = %g, want %g", c.x, c.y, c.z, got, c.want)
		}
	}
}

func TestFMA32Special(t *testing.T) {
	inf := float32(math.Inf(1))
	if got := FMA32(inf, 1, 1); got != inf {
		t.Errorf("∞·1 + 1 = %g", got)
	}
	if got := FMA32(inf, 0, 1); got == got {
		t.Errorf("∞·0 + 1 = %g, want NaN", got)
	}
	if got := FMA32(math.MaxFloat32, 2, -inf); got != -inf {
		t.Errorf("max·2 − ∞ = %g", got)
	}
}

func TestTwoSumIsExact(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for range 100_000 {
		x, y := math.Ldexp(r.Float64()-0.5, r.IntN(60)), math.Ldexp(r.Float64()-0.5, r.IntN(60))
		s, e := TwoSum(x, y)
		exact := new(big.Float).SetPrec(300).Add(big.NewFloat(x), big.NewFloat(y))
		if got := new(big.Float).SetPrec(300).Add(big.NewFloat(s), big.NewFloat(e)); got.Cmp(exact) != 0 {
			t.Fatalf("TwoSum(%g, %g) = %g, %g", x, y, s, e)
		}
	}
}

func BenchmarkFMA(b *testing.B) {
	b.Run("f32", func(b *testing.B) { benchFMA[float32](b) })
	b.Run("f64", func(b *testing.B) { benchFMA[float64](b) })
}

func benchFMA[T Float](b *testing.B) {
	s := T(1)
	for i := 0; b.Loop(); i++ {
		s = FMA(s, 0.5, T(i&7))
	}
	if s < 0 {
		b.Fatal(s)
	}
}
