package flows

import (
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"testing"

	"offload/internal/ieee"
)

// The vector form gives the bits of the form in Go, and writes nothing else.
func TestVector(t *testing.T) {
	if !HasVector() {
		if os.Getenv("OFFLOAD_REQUIRE_SIMD") != "" {
			t.Fatal("OFFLOAD_REQUIRE_SIMD is set and this machine or build has no vector form")
		}
		t.Skip("no vector form")
	}
	testVector[float32](t)
	testVector[float64](t)
}

func testVector[T Float](t *testing.T) {
	plain, vector := Form[T]{}, Vector[T]()
	r := rand.New(rand.NewPCG(1, 2))
	for n := 1; n < 90; n++ {
		row, side := randomRow[T](r, n, n%2 == 1), values[T](r, n)
		p, z := values[T](r, n), values[float32](r, n)
		for name, run := range map[string]func(f *Form[T], dst []T, small []float32, spare []T) T{
			"Relax, red":   func(f *Form[T], dst []T, _ []float32, spare []T) T { f.Relax(dst, row, side, spare, 0); return 0 },
			"Relax, black": func(f *Form[T], dst []T, _ []float32, spare []T) T { f.Relax(dst, row, side, spare, 1); return 0 },
			"Residual":     func(f *Form[T], dst []T, _ []float32, spare []T) T { f.Residual(dst, row, side, spare); return 0 },
			"First, red":   func(f *Form[T], dst []T, _ []float32, _ []T) T { f.First(dst, side, p, 0); return 0 },
			"First, black": func(f *Form[T], dst []T, _ []float32, _ []T) T { f.First(dst, side, p, 1); return 0 },
			"Product":      func(f *Form[T], dst []T, _ []float32, spare []T) T { f.Product(dst, row, spare); return 0 },
			"Remainder": func(f *Form[T], _ []T, small []float32, spare []T) T {
				return f.Remainder(small, row, side, spare, 16)
			},
			"Search":   func(f *Form[T], dst []T, _ []float32, _ []T) T { f.Search(dst, z, p, 0.25, -0.75); return 0 },
			"Advance":  func(f *Form[T], dst []T, _ []float32, _ []T) T { f.Advance(dst, side, p, 0.625); return 0 },
			"Dot":      func(f *Form[T], _ []T, _ []float32, _ []T) T { return f.Dot(side, p) },
			"MixedDot": func(f *Form[T], _ []T, _ []float32, _ []T) T { return f.MixedDot(z, p) },
			"Flush":    func(f *Form[T], dst []T, _ []float32, _ []T) T { copy(dst, p); f.Flush(dst); return 0 },
		} {
			if !supports(&vector, name) {
				continue
			}
			want, got := newResult[T](n), newResult[T](n)
			want.value = run(&plain, want.inner(want.row), want.inner32(), make([]T, n))
			got.value = run(&vector, got.inner(got.row), got.inner32(), make([]T, n))
			got.compare(t, name, n, want)
		}
	}
}

// supports reports whether f has a routine; those of the cycle are float32.
func supports[T Float](f *Form[T], name string) bool {
	switch name {
	case "Relax, red", "Relax, black", "Residual":
		return f.relax[0] != nil
	}
	return true
}

// Long rows have several segments in their dot products.
func TestDots(t *testing.T) {
	if !HasVector() {
		t.Skip("no vector form")
	}
	testDots[float32](t)
	testDots[float64](t)
}

func testDots[T Float](t *testing.T) {
	plain, vector := Form[T]{}, Vector[T]()
	r := rand.New(rand.NewPCG(3, 4))
	for _, n := range []int{0, 1, 255, 256, 257, 263, 264, 265, 511, 512, 513, 1025, 1030} {
		a, b, z := values[T](r, n), values[T](r, n), values[float32](r, n)
		if got, want := vector.Dot(a, b), plain.Dot(a, b); got != want {
			t.Errorf("Dot of %d %T: %g, want %g", n, got, got, want)
		}
		if got, want := vector.MixedDot(z, b), plain.MixedDot(z, b); got != want {
			t.Errorf("MixedDot of %d %T: %g, want %g", n, got, got, want)
		}
	}
}

// Transfers have all numbers of coarse columns for fine ones.
func TestTransfers(t *testing.T) {
	if !HasVector() {
		t.Skip("no vector form")
	}
	plain, vector := Form[float32]{}, Vector[float32]()
	r := rand.New(rand.NewPCG(5, 6))
	for n := 1; n < 90; n++ {
		for coarse := max(1, n/2); coarse <= n/2+1; coarse++ {
			width := (n + 1) / 2
			fine, a, b, sums := values[float32](r, n), values[float32](r, coarse+1), values[float32](r, coarse+1), values[float32](r, coarse)
			var w [6][]float32
			for k := range w {
				w[k] = values[float32](r, width)
			}
			for name, run := range map[string]func(f *Form[float32], dst []float32){
				"Gather": func(f *Form[float32], dst []float32) {
					copy(dst, sums)
					f.Gather(dst[:coarse], w[0], w[1], w[2], fine)
				},
				"Spread": func(f *Form[float32], dst []float32) {
					copy(dst, fine)
					f.Spread(dst[:2*min(n/2, coarse)], a, w[0], w[1], w[2])
				},
				"SpreadBetween": func(f *Form[float32], dst []float32) {
					copy(dst, fine)
					f.SpreadBetween(dst[:2*min(n/2, coarse)], a, b, w[0], w[1], w[2], w[3], w[4], w[5])
				},
			} {
				want, got := newResult[float32](n+2), newResult[float32](n+2)
				run(&plain, want.inner(want.row))
				run(&vector, got.inner(got.row))
				got.compare(t, name, n, want)
			}
		}
	}
}

// The largest magnitude leaves out NaN, as a comparison does.
func TestRemainderOfNaN(t *testing.T) {
	forms := map[string]Form[float64]{"go": {}}
	if HasVector() {
		forms["vector"] = Vector[float64]()
	}
	for name, f := range forms {
		row := randomRow[float64](rand.New(rand.NewPCG(7, 8)), 20, true)
		for j := range row.Inverse {
			row.Inverse[j], row.Loss[j] = 1, 0
		}
		for _, m := range [][]float64{row.East, row.South, row.North, row.SouthEast, row.SouthWest, row.AboveSouthEast, row.AboveSouthWest} {
			clear(m)
		}
		side := make([]float64, 20)
		side[3], side[7], side[12], side[19] = -5, math.NaN(), 4, math.NaN()
		dst := make([]float32, 20)
		if got := f.Remainder(dst, row, side, make([]float64, 20), 2); got != 5 {
			t.Errorf("%s: largest magnitude is %g, want 5", name, got)
		}
		if dst[3] != -10 || dst[12] != 8 || dst[7] == dst[7] {
			t.Errorf("%s: values %g", name, dst)
		}
	}
}

// result is a row with a margin, in both types, and a number.
type result[T Float] struct {
	row   []T
	small []float32
	value T
}

const margin = 9

func newResult[T Float](n int) *result[T] {
	r := &result[T]{row: make([]T, n+2*margin), small: make([]float32, n+2*margin)}
	for i := range r.row {
		r.row[i], r.small[i] = -12345, -12345
	}
	return r
}

func (r *result[T]) inner(row []T) []T  { return row[margin : len(row)-margin] }
func (r *result[T]) inner32() []float32 { return r.small[margin : len(r.small)-margin] }

func (r *result[T]) compare(t *testing.T, name string, n int, want *result[T]) {
	t.Helper()
	if r.value != want.value {
		t.Errorf("%s of %d %T: %g, want %g", name, n, r.value, r.value, want.value)
	}
	if !sameBits(r.row, want.row) || !sameBits(r.small, want.small) {
		t.Errorf("%s of %d %T: results differ", name, n, r.value)
	}
}

func sameBits[T Float](a, b []T) bool {
	return slices.EqualFunc(a, b, func(x, y T) bool {
		return x == y && math.Signbit(float64(x)) == math.Signbit(float64(y)) || x != x && y != y
	})
}

// randomRow returns a row with some held points and some missing links.
func randomRow[T Float](r *rand.Rand, n int, eight bool) *Row[T] {
	conductances := func() []T {
		all := values[T](r, n)
		for i := range all {
			all[i] = ieee.Abs(all[i])
		}
		return all
	}
	row := &Row[T]{
		Up: values[T](r, n), Mid: values[T](r, n), Down: values[T](r, n),
		East: conductances(), South: conductances(), North: conductances(), Inverse: conductances(), Loss: conductances(),
	}
	if eight {
		row.SouthEast, row.SouthWest = values[T](r, n), values[T](r, n)
		row.AboveSouthEast, row.AboveSouthWest = values[T](r, n), values[T](r, n)
	}
	return row
}

// values returns n numbers of both signs and different magnitudes, some of them 0 or near
// the floor.
func values[T Float](r *rand.Rand, n int) []T {
	s := make([]T, n)
	for i := range s {
		switch v := T(2*r.Float64() - 1); r.IntN(10) {
		case 0:
		case 1:
			s[i] = 0 * v // of both signs
		case 2:
			s[i] = v * floor[T]() * 2
		default:
			s[i] = v
		}
	}
	return s
}
