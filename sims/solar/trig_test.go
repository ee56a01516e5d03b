package solar

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"math"
	"math/big"
	"math/rand/v2"
	"testing"
)

// precision of the numbers that results are compared with, in bits.
const precision = 200

func bigOf(x float64) *big.Float { return new(big.Float).SetPrec(precision).SetFloat64(x) }

// bigSincos returns sine and cosine of x by their series.
func bigSincos(x *big.Float) (sin, cos *big.Float) {
	sin, cos = bigOf(0), bigOf(0)
	term := bigOf(1)
	for k := 0; term.Sign() != 0 && term.MantExp(nil) > -160 || k < 20; k++ {
		sum := cos
		if k%2 == 1 {
			sum = sin
		}
		if k%4 >= 2 {
			sum.Sub(sum, term)
		} else {
			sum.Add(sum, term)
		}
		term.Mul(term, x)
		term.Quo(term, bigOf(float64(k+1)))
	}
	return sin, cos
}

// units returns the difference of got and want in units of the last place of want.
func units(got float64, want *big.Float) float64 {
	near, _ := want.Float64()
	d, _ := new(big.Float).Sub(bigOf(got), want).Float64()
	_, exponent := math.Frexp(near)
	return math.Abs(d) / math.Ldexp(1, max(exponent-53, -1074))
}

// bigPi is π, by Machin's formula.
func bigPi() *big.Float {
	inverse := func(n float64) *big.Float { // arctangent of 1/n
		sum, power := bigOf(0), new(big.Float).Quo(bigOf(1), bigOf(n))
		for k := 1.0; k < 300; k += 2 {
			term := new(big.Float).Quo(power, bigOf(k))
			if int(k)%4 == 3 {
				term.Neg(term)
			}
			sum.Add(sum, term)
			power.Quo(power, bigOf(n*n))
		}
		return sum
	}
	pi := new(big.Float).Mul(bigOf(16), inverse(5))
	return pi.Sub(pi, new(big.Float).Mul(bigOf(4), inverse(239)))
}

func TestSincos(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	worst := 0.0
	for range 2000 {
		x := (random.Float64() - 0.5) * 14
		if random.IntN(4) == 0 {
			x = math.Ldexp(x, -random.IntN(60))
		}
		s, c := sincos(x)
		ws, wc := bigSincos(bigOf(x))
		worst = max(worst, units(s, ws), units(c, wc))
	}
	for n := range 20 { // near the zeros
		x := float64(n) * halfPi
		s, c := sincos(x)
		ws, wc := bigSincos(bigOf(x))
		if n > 0 {
			worst = max(worst, units(c, wc))
			worst = max(worst, units(s, ws))
		}
	}
	t.Logf("%.3f units", worst)
	if worst > 1 {
		t.Errorf("%g units in the last place", worst)
	}
}

func TestSincosDegrees(t *testing.T) {
	for n := -8; n <= 8; n++ {
		s, c := sincosDegrees(float64(90 * n))
		if ws, wc := [4]float64{0, 1, 0, -1}[n&3], [4]float64{1, 0, -1, 0}[n&3]; s != ws || c != wc {
			t.Errorf("%d°: %g, %g", 90*n, s, c)
		}
	}
	pi := bigPi()
	random := rand.New(rand.NewPCG(3, 4))
	worst := 0.0
	for range 2000 {
		x := (random.Float64() - 0.5) * 720
		s, c := sincosDegrees(x)
		ws, wc := bigSincos(new(big.Float).Quo(new(big.Float).Mul(bigOf(x), pi), bigOf(180)))
		worst = max(worst, units(s, ws), units(c, wc))
	}
	t.Logf("%.3f units", worst)
	if worst > 1 {
		t.Errorf("%g units in the last place", worst)
	}
}

// The angle of a point: of the difference d from the result, the sine is (y·cos - x·sin)/r.
func TestAtan2(t *testing.T) {
	random := rand.New(rand.NewPCG(5, 6))
	worst := 0.0
	for range 2000 {
		x, y := random.Float64()-0.5, random.Float64()-0.5
		if random.IntN(4) == 0 {
			y = math.Ldexp(y, -random.IntN(40))
		}
		got := atan2(y, x)
		s, c := bigSincos(bigOf(got))
		cross := new(big.Float).Sub(c.Mul(c, bigOf(y)), s.Mul(s, bigOf(x)))
		d, _ := cross.Quo(cross, bigOf(math.Hypot(x, y))).Float64()
		_, exponent := math.Frexp(got)
		worst = max(worst, math.Abs(d)/math.Ldexp(1, exponent-53))
	}
	t.Logf("%.3f units", worst)
	if worst > 1 {
		t.Errorf("%g units in the last place", worst)
	}
	for _, c := range [][3]float64{{0, 0, 0}, {0, 1, 0}, {1, 0, math.Pi / 2}, {-1, 0, -math.Pi / 2}, {0, -1, math.Pi}, {1, 1, math.Pi / 4}, {1, -1, 3 * math.Pi / 4}, {0, math.Copysign(0, -1), 0}} {
		if got := atan2(c[0], c[1]); got != c[2] {
			t.Errorf("atan2(%g, %g) = %g, want %g", c[0], c[1], got, c[2])
		}
	}
}

// The residual of Kepler's equation, divided by its derivative, is the error.
func TestEccentricAnomaly(t *testing.T) {
	random := rand.New(rand.NewPCG(7, 8))
	worst := 0.0
	for range 2000 {
		e, m := random.Float64(), (random.Float64()-0.5)*2*math.Pi
		if random.IntN(2) == 0 {
			e = 1 - math.Ldexp(1, -random.IntN(54))
			m = math.Ldexp(m, -random.IntN(60))
		}
		got := eccentricAnomaly(m, e)
		s, c := bigSincos(bigOf(got))
		value := new(big.Float).Sub(bigOf(got), s.Mul(s, bigOf(e)))
		value.Sub(value, bigOf(m))
		slope := new(big.Float).Sub(bigOf(1), c.Mul(c, bigOf(e)))
		d, _ := value.Quo(value, slope).Float64()
		_, exponent := math.Frexp(got)
		if u := math.Abs(d) / math.Ldexp(1, exponent-53); u > worst {
			worst = u
			if u > 2 {
				t.Errorf("e %v, M %v: E %v is %g units off", e, m, got, u)
			}
		}
	}
	t.Logf("%.3f units", worst)
	for _, e := range []float64{0, 0.5, 0.999999} {
		for _, m := range []float64{0, math.Pi, -math.Pi} {
			if got := eccentricAnomaly(m, e); math.Abs(got-m) > 5e-16 {
				t.Errorf("e %g, M %g: %g", e, m, got)
			}
		}
	}
}

// The bits of all functions are the same on every machine.
func TestFunctionsHaveTheSameBits(t *testing.T) {
	digest := sha256.New()
	add := func(values ...float64) {
		for _, x := range values {
			if err := binary.Write(digest, binary.LittleEndian, math.Float64bits(x)); err != nil {
				t.Fatal(err)
			}
		}
	}
	random := rand.New(rand.NewPCG(9, 10))
	for range 1000 {
		x, y := 20*(random.Float64()-0.5), random.Float64()
		s, c := sincos(x)
		sd, cd := sincosDegrees(50 * x)
		add(s, c, sd, cd, atan2(x, y-0.5), eccentricAnomaly(x/10, y), hyperbolicAnomaly(10*x, 1+y), inverseSinh(x), cubeRoot(y+1e-3), barker(x), degreesOf(x))
		o := Orbit{Q: y + 0.01, E: 2 * random.Float64(), I: 10 * math.Abs(x), Node: 17 * x, Peri: 30 * x, M: 15 * x}
		p, v := o.state(1e-4, math.NaN())
		add(p[:]...)
		add(v[:]...)
		o = orbitOf(p, v, 1e-4)
		add(o.A, o.Q, o.E, o.I, o.Node, o.Peri, o.M, o.Period)
	}
	if got, want := fmt.Sprintf("%x", digest.Sum(nil)[:8]), "16708147da44f0d4"; got != want {
		t.Errorf("the digest is %s, want %s", got, want)
	}
}
