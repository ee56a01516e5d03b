package check_test

import (
	"errors"
	"math/rand/v2"
	"testing"

	"offload/device"
	"offload/device/check"
)

// Of bits that flip anywhere inside a plate, at any time and before a sum is taken, most
// of those are found that matter.
func TestChecksumRates(t *testing.T) {
	rates[float32](t, 23, 32, [2]float64{0.85, 0.05})
	rates[float64](t, 52, 64, [2]float64{1, 1})
}

// rates flips bits of plates in T, whose fractions have so many of them, and wants at
// least these parts found: in sign and exponent, and in the upper half of the fraction.
func rates[T device.Float](t *testing.T, fraction, bits int, least [2]float64) {
	const n, launches, each = 101, 8, 64
	trials := 400
	if testing.Short() {
		trials = 60
	}
	cores := open(t, device.Options{})
	r := rand.New(rand.NewPCG(1, 2))
	var tried, found [3]int // sign and exponent, upper half of the fraction, lower half
	for range trials {
		f := flip{launch: 1 + r.IntN(launches), bit: r.IntN(bits)}
		f.buffer = f.launch % 2
		f.element = (1+r.IntN(n-2))*n + 1 + r.IntN(n-2)
		d := &flipping{Device: cores, flip: f}
		err := sweeps[T](t, check.Checksum(d), n, launches*each, each)
		if err != nil && !errors.Is(err, check.ErrChecksum) {
			t.Fatal(err)
		}
		class := 0
		if f.bit < fraction {
			class = 1
		}
		if f.bit < fraction/2 {
			class = 2
		}
		tried[class]++
		if err != nil {
			found[class]++
		}
	}
	t.Logf("%v: found %d of %d in sign and exponent, %d of %d in the upper half of the fraction, %d of %d in the lower half",
		device.TypeOf[T](), found[0], tried[0], found[1], tried[1], found[2], tried[2])
	for class, part := range least {
		if float64(found[class]) < part*float64(tried[class]) {
			t.Errorf("%v: that is less than %g of class %d", device.TypeOf[T](), part, class)
		}
	}
}
