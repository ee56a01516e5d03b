package pairs

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
	"unsafe"
)

// forms are the routines that this machine can run, besides plain Go.
func forms[T Float](t *testing.T) map[string]Routines[T] {
	f := map[string]Routines[T]{}
	if r, name, ready := Vector[T](); ready == nil || ready() {
		f[name] = r
	}
	requireForms(t, len(f))
	return f
}

func randomTile[T Float](r *rand.Rand) *Tile[T] {
	t := new(Tile[T])
	for i := range Size {
		t.X[i], t.Y[i], t.Z[i] = T(r.NormFloat64()), T(r.NormFloat64()), T(r.NormFloat64())
		t.GM[i] = T(r.Float64())
	}
	return t
}

func TestForms(t *testing.T) {
	t.Run("f32", testForms[float32])
	t.Run("f64", testForms[float64])
}

func testForms[T Float](t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	a, b := randomTile[T](r), randomTile[T](r)
	a.X[3], a.Y[3], a.Z[3] = b.X[5], b.Y[5], b.Z[5] // coincident
	b.X[200] = T(math.NaN())
	for name, f := range forms[T](t) {
		for _, eps2 := range []T{0, 0.25} {
			for _, n := range []int{1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 100, 255, 256} {
				for _, m := range []int{0, 1, 2, 3, 4, 5, 8, 13, 255, 256} {
					compareForms(t, fmt.Sprintf("%s, ε² = %g, n = %d, m = %d", name, eps2, n, m), f, a, b, n, m, eps2)
				}
			}
		}
	}
}

// compareForms compares every routine with plain Go, in guarded memory.
func compareForms[T Float](t *testing.T, what string, f Routines[T], a, b *Tile[T], n, m int, eps2 T) {
	t.Helper()
	want := Go[T]()
	s := guarded[Strides[T]](t)
	got, exp := guarded[Sums[T]](t), new(Sums[T])
	f.Ordered(&a.copy(t).v, n, &b.copy(t).v, m, eps2, &got.v)
	want.Ordered(a, n, b, m, eps2, exp)
	same(t, what+", ordered", &got.v, exp, 0, n)

	first := Size - n
	got, exp = guarded[Sums[T]](t), new(Sums[T])
	f.Lanes(&b.copy(t).v, first, n, &a.copy(t).v, eps2, &got.v, &s.v)
	want.Lanes(b, first, n, a, eps2, exp, nil)
	same(t, what+", lanes", &got.v, exp, first, Size)
	for i := range first {
		if got.v.X[i] != 0 || got.v.Y[i] != 0 || got.v.Z[i] != 0 {
			t.Fatalf("%s: lanes set body %d, before the first", what, i)
		}
	}

	toA, toB, expA, expB := guarded[Sums[T]](t), guarded[Sums[T]](t), new(Sums[T]), new(Sums[T])
	if m > 0 {
		padded := b.copy(t)
		padded.v.Pad(m)
		f.Both(&a.copy(t).v, &padded.v, m, eps2, &toA.v, &toB.v, &s.v)
		want.Both(a, b, m, eps2, expA, expB, nil)
		same(t, what+", both, earlier tile", &toA.v, expA, 0, Size)
		same(t, what+", both, later tile", &toB.v, expB, 0, m)
		ordered, lanes := new(Sums[T]), new(Sums[T]) // both is ordered and lanes at once
		want.Ordered(a, Size, b, m, eps2, ordered)
		want.Lanes(b, 0, m, a, eps2, lanes, nil)
		same(t, what+", both as ordered", expA, ordered, 0, Size)
		same(t, what+", both as lanes", expB, lanes, 0, m)
	}

	sum, carry := guarded[Sums[T]](t), guarded[Sums[T]](t)
	sum.v, carry.v = *ordered256(a), *expA
	expSum, expCarry := sum.v, carry.v
	f.Add(&sum.v, &carry.v, exp)
	want.Add(&expSum, &expCarry, exp)
	same(t, what+", add, sum", &sum.v, &expSum, 0, Size)
	same(t, what+", add, carry", &carry.v, &expCarry, 0, Size)
	checkGuards(t, what)
}

// ordered256 is some sums to begin with.
func ordered256[T Float](a *Tile[T]) *Sums[T] {
	s := new(Sums[T])
	copy(s.X[:], a.X[:])
	copy(s.Y[:], a.Y[:])
	copy(s.Z[:], a.Z[:])
	return s
}

func same[T Float](t *testing.T, what string, got, want *Sums[T], lo, hi int) {
	t.Helper()
	for i := lo; i < hi; i++ {
		for c, p := range [][2]T{{got.X[i], want.X[i]}, {got.Y[i], want.Y[i]}, {got.Z[i], want.Z[i]}} {
			if bits(p[0]) != bits(p[1]) && (p[0] == p[0] || p[1] == p[1]) { // any NaN equals any NaN
				t.Fatalf("%s: body %d, component %d is %g, want %g", what, i, c, p[0], p[1])
			}
		}
	}
}

func bits[T Float](x T) uint64 {
	if unsafe.Sizeof(x) == 4 {
		return uint64(math.Float32bits(float32(x)))
	}
	return math.Float64bits(float64(x))
}

func BenchmarkBoth(b *testing.B) {
	b.Run("f32", benchBoth[float32])
	b.Run("f64", benchBoth[float64])
}

func benchBoth[T Float](b *testing.B) {
	r := rand.New(rand.NewPCG(1, 2))
	t, u := randomTile[T](r), randomTile[T](r)
	toA, toB, s := new(Sums[T]), new(Sums[T]), new(Strides[T])
	all := map[string]Routines[T]{"go": Go[T]()}
	if r, name, ready := Vector[T](); ready == nil || ready() {
		all[name] = r
	}
	for name, f := range all {
		b.Run(name+"/both", func(b *testing.B) {
			for b.Loop() {
				f.Both(t, u, Size, 0.01, toA, toB, s)
			}
			b.ReportMetric(2*Size*Size*float64(b.N)/b.Elapsed().Seconds()/1e9, "Ginter/s")
		})
		b.Run(name+"/ordered", func(b *testing.B) {
			for b.Loop() {
				f.Ordered(t, Size, u, Size, 0.01, toA)
			}
			b.ReportMetric(Size*Size*float64(b.N)/b.Elapsed().Seconds()/1e9, "Ginter/s")
		})
		b.Run(name+"/lanes", func(b *testing.B) {
			for b.Loop() {
				f.Lanes(t, 0, Size, u, 0.01, toA, s)
			}
			b.ReportMetric(Size*Size*float64(b.N)/b.Elapsed().Seconds()/1e9, "Ginter/s")
		})
		b.Run(name+"/add", func(b *testing.B) {
			for b.Loop() {
				f.Add(toA, toB, toB)
			}
		})
	}
}
