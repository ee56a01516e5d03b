package redblack

import (
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"testing"
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
	plain, vector := Plain[T](), Vector[T]()
	r := rand.New(rand.NewPCG(1, 2))
	for n := range 70 {
		a, b, c, d, e := values[T](r, n+1), values[T](r, n+1), values[T](r, n+1), values[T](r, n+1), values[T](r, n+1)
		p, q := values[float32](r, n+1), values[float32](r, n+1)
		for name, run := range map[string]func(f *Form[T], dst []T, small []float32) T{
			"Relax":            func(f *Form[T], dst []T, _ []float32) T { f.Relax(dst[:n], a, b, c, nil, 0.2, 0.3); return 0 },
			"Relax, source":    func(f *Form[T], dst []T, _ []float32) T { f.Relax(dst[:n], a, b, c, d, 0.2, 0.3); return 0 },
			"Residual":         func(f *Form[T], _ []T, dst []float32) T { return f.Residual(dst[:n], e, a, b, c, nil, 0.2, 0.3) },
			"Residual, source": func(f *Form[T], _ []T, dst []float32) T { return f.Residual(dst[:n], e, a, b, c, d, 0.2, 0.3) },
			"Correct":          func(f *Form[T], dst []T, _ []float32) T { f.Correct(dst[:n], a, p, q); return 0 },
			"Cubic":            func(f *Form[T], dst []T, _ []float32) T { f.Cubic(dst[:n], a, b, c, d); return 0 },
			"Flush":            func(f *Form[T], dst []T, _ []float32) T { f.Flush(dst[:n], a); return 0 },
			"StreamFlush":      func(f *Form[T], dst []T, _ []float32) T { f.StreamFlush(dst[:n], a); return 0 },
			"Join":             func(f *Form[T], dst []T, _ []float32) T { f.Join(dst[:2*n], a, b); return 0 },
			"StreamJoin":       func(f *Form[T], dst []T, _ []float32) T { f.StreamJoin(dst[:2*n], a, b); return 0 },
			"Split": func(f *Form[T], _ []T, dst []float32) T {
				f.Split(dst[:n/2], dst[n:][:n/2], p)
				return 0
			},
			"Largest": func(f *Form[T], _ []T, _ []float32) T { return T(f.Largest(p[:n])) },
		} {
			want, want32, got, got32 := make([]T, 2*n+9), make([]float32, 2*n+9), make([]T, 2*n+9), make([]float32, 2*n+9)
			if w, g := run(&plain, want, want32), run(&vector, got, got32); w != g {
				t.Errorf("%s of %d %T: largest is %g, want %g", name, n, w, g, w)
			}
			if !sameBits(want, got) || !sameBits(want32, got32) {
				t.Errorf("%s of %d %T: results differ", name, n, want[0])
			}
		}
	}
}

// A chain gives the bits of its updates one after another.
func TestChain(t *testing.T) {
	if !HasVector() {
		t.Skip("no vector form")
	}
	testChain[float32](t)
	testChain[float64](t)
}

func testChain[T Float](t *testing.T) {
	const behind = 8 // elements that a chain may read and write back
	plain, vector := Plain[T](), Vector[T]()
	r := rand.New(rand.NewPCG(3, 4))
	for n := range 70 {
		for count := range 7 {
			var want, got [9][]T
			var links [9]Link[T]
			sourced := (n+count)%2 == 0
			rows, sides := [9][]T{}, [9][]T{}
			for l := range count + 2 {
				want[l] = values[T](r, n+behind)
				got[l] = slices.Clone(want[l])
				rows[l] = values[T](r, n+1+behind)
				links[l] = Link[T]{At: &got[l][0], Row: &rows[l][0]}
				if sourced {
					sides[l] = values[T](r, n+1)
					links[l].Side = &sides[l][0]
				}
			}
			for l := 1; l <= count; l++ {
				plain.Relax(want[l][:n], want[l+1], want[l-1], rows[l], sides[l], 0.3, 0.2)
			}
			vector.Chain(links[:count+2], n, 0.3, 0.2)
			for l := range count + 2 {
				if !sameBits(want[l], got[l]) {
					t.Errorf("link %d of %d, %d points: results differ", l, count, n)
				}
			}
		}
	}
}

// The largest magnitude is NaN if a value is, wherever it is.
func TestNaN(t *testing.T) {
	forms := []Form[float64]{Plain[float64]()}
	if HasVector() {
		forms = append(forms, Vector[float64]())
	}
	for _, f := range forms {
		for i := range 37 {
			c := make([]float32, 37)
			c[i] = float32(math.NaN())
			if v := f.Largest(c); v == v {
				t.Errorf("element %d is NaN, but the largest magnitude is %g", i, v)
			}
			at, zero := make([]float64, 37), make([]float64, 38)
			at[i] = math.NaN()
			if v := f.Residual(c, at, zero, zero, zero, nil, 0.25, 0.25); v == v {
				t.Errorf("element %d is NaN, but the largest residual is %g", i, v)
			}
		}
	}
}

// values returns numbers of both signs, some of which are zero or near the floor.
func values[T Float](r *rand.Rand, n int) []T {
	s := make([]T, n)
	for i := range s {
		s[i] = T(2*r.Float64() - 1)
		switch r.IntN(4) {
		case 0:
			s[i] *= 2 * floor[T]()
		case 1:
			s[i] *= 0
		}
	}
	return s
}

func sameBits[T Float](a, b []T) bool {
	return slices.EqualFunc(a, b, func(x, y T) bool {
		return math.Float64bits(float64(x)) == math.Float64bits(float64(y))
	})
}
