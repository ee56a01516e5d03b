package redblack

import (
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"testing"
	"unsafe"
)

// vectorForms returns the forms that this processor can run.
func vectorForms[T Float](t *testing.T) map[string]Form[T] {
	forms := map[string]Form[T]{}
	if HasAVX2() {
		forms["AVX2"] = AVX2[T]()
	} else if os.Getenv("OFFLOAD_REQUIRE_SIMD") != "" {
		t.Fatal("OFFLOAD_REQUIRE_SIMD is set and this machine or build has no vector form")
	}
	if HasAVX512() {
		forms["AVX-512"] = AVX512[T]()
	}
	return forms
}

// Vector forms give the bits of the form in Go, and write nothing else.
func TestVector(t *testing.T) {
	t.Run("f32", testVector[float32])
	t.Run("f64", testVector[float64])
}

func testVector[T Float](t *testing.T) {
	plain, vectors := Plain[T](), vectorForms[T](t)
	r := rand.New(rand.NewPCG(1, 2))
	for n := range 70 {
		a, b, c, d := values[T](r, n+1), values[T](r, n+1), values[T](r, n+1), values[T](r, n+1)
		p := values[float32](r, n+1)
		for name, run := range map[string]func(f *Form[T], dst []T, small []float32) T{
			"Cubic":       func(f *Form[T], dst []T, _ []float32) T { f.Cubic(dst[:n], a, b, c, d); return 0 },
			"Flush":       func(f *Form[T], dst []T, _ []float32) T { f.Flush(dst[:n], a); return 0 },
			"StreamFlush": func(f *Form[T], dst []T, _ []float32) T { f.StreamFlush(dst[:n], a); return 0 },
			"Join":        func(f *Form[T], dst []T, _ []float32) T { f.Join(dst[:2*n], a, b); return 0 },
			"StreamJoin":  func(f *Form[T], dst []T, _ []float32) T { f.StreamJoin(dst[:2*n], a, b); return 0 },
			"Split": func(f *Form[T], _ []T, dst []float32) T {
				f.Split(dst[:n/2], dst[n:][:n/2], p)
				return 0
			},
			"Largest": func(f *Form[T], _ []T, _ []float32) T { return T(f.Largest(p[:n])) },
		} {
			want, want32 := make([]T, 2*n+9), make([]float32, 2*n+9)
			w := run(&plain, want, want32)
			for form, f := range vectors {
				got, got32 := make([]T, 2*n+9), make([]float32, 2*n+9)
				if g := run(&f, got, got32); w != g {
					t.Errorf("%s, %s of %d: largest is %g, want %g", form, name, n, g, w)
				}
				if !sameBits(want, got) || !sameBits(want32, got32) {
					t.Errorf("%s, %s of %d: results differ", form, name, n)
				}
			}
		}
	}
}

// A wave gives the bits of its parts one after another, and writes nothing else.
func TestWave(t *testing.T) {
	t.Run("f32", testWave[float32])
	t.Run("f64", testWave[float64])
}

func testWave[T Float](t *testing.T) {
	for name, f := range vectorForms[T](t) {
		for n := 1; n < 150; n++ {
			for count := range 7 {
				w := newWaveTest[T](n, count, n+7*count)
				w.run(&f)
				if t.Run(fmt.Sprintf("%s/%d points, %d half-sweeps", name, n, count), w.compare); t.Failed() {
					return
				}
			}
		}
	}
}

// waveTest is a wave with random values. What it writes is there twice: as the form in Go and
// as another form computes it.
type waveTest[T Float] struct {
	n, count, first      int
	corrects             bool
	output               int
	state                []T
	a, b                 []float32
	rows, beside, side   [][]T // of the links
	want, got            [][]T
	wantOut, gotOut      []T
	wantSmall, gotSmall  []float32
	wantLargest, largest T
	stored               int
}

// around is the number of elements before and behind half-rows that a wave may read.
const around = 16

func newWaveTest[T Float](n, count, variant int) *waveTest[T] {
	r := rand.New(rand.NewPCG(uint64(n), uint64(count)))
	w := &waveTest[T]{n: n, count: count, first: variant & 1, corrects: variant&2 != 0, output: variant / 4 % 3}
	w.state, w.a, w.b = values[T](r, n), values[float32](r, n), values[float32](r, n)
	for range count + 3 {
		w.rows = append(w.rows, values[T](r, n+3*around))
		w.beside = append(w.beside, values[T](r, n+3*around))
		if variant&16 != 0 {
			w.side = append(w.side, values[T](r, n))
		}
	}
	clone := func() (c [][]T) {
		for _, row := range w.rows {
			c = append(c, slices.Clone(row))
		}
		return c
	}
	w.want, w.got = clone(), clone()
	w.wantOut, w.gotOut = make([]T, 2*n), make([]T, 2*n)
	w.wantSmall, w.gotSmall = make([]float32, n+around), make([]float32, n+around)
	w.expect()
	return w
}

// expect computes the wave by the form in Go.
func (w *waveTest[T]) expect() {
	f, n := Plain[T](), w.n
	at := func(l int) []T { return w.want[l][around:][:n] }
	row := func(l int) []T { return w.beside[l][around-w.first:][:n+1] }
	side := func(l int) []T {
		if w.side == nil {
			return nil
		}
		return w.side[l]
	}
	if w.corrects {
		f.Correct(at(0), w.state, w.a, w.b)
	}
	for l := 1; l <= w.count; l++ {
		f.Relax(at(l), at(l+1), at(l-1), row(l), side(l), 0.3, 0.2)
	}
	if w.first != 0 {
		defer func() { // afterwards the first points are as they were
			for l := range w.want {
				w.want[l][around] = w.rows[l][around]
			}
		}()
	}
	if w.output == None {
		return
	}
	l := w.count + 1
	f.Residual(w.wantSmall[:n], at(l), at(l+1), at(l-1), row(l), side(l), 0.3, 0.2)
	x := min(w.first, n)
	w.wantLargest = f.Residual(make([]float32, n-x), at(l)[x:], at(l + 1)[x:], at(l - 1)[x:], row(l)[x:], tail(side(l), x), 0.3, 0.2)
	black := w.beside[l][around:][:n]
	switch {
	case w.output == State:
		clear(w.wantOut)
		f.Flush(w.wantOut[:n], black)
	case w.first != 0:
		f.Join(w.wantOut, at(l), black)
	default:
		f.Join(w.wantOut, black, at(l))
	}
	if w.output == Solution {
		clear(w.wantSmall)
	}
}

func tail[T Float](s []T, x int) []T {
	if s == nil {
		return nil
	}
	return s[x:]
}

// run computes the wave by f.
func (w *waveTest[T]) run(f *Form[T]) {
	var links []Link[T]
	for l := range w.got {
		links = append(links, Link[T]{At: &w.got[l][around], Row: &w.beside[l][around-w.first]})
	}
	v := Wave[T]{Count: w.count, Residual: &w.gotSmall[0], Out: &w.gotOut[0], Wide: w.first, CX: 0.3, CY: 0.2}
	if w.corrects {
		v.State, v.A, v.B = &w.state[0], &w.a[0], &w.b[0]
	}
	var sides []T
	if w.side != nil { // at distances of n and 3n in turn
		at := 0
		for l := len(w.side) - 1; l > 0; l-- {
			sides = append(sides, w.side[l]...)
			step := 1 + 2*(l&1)
			sides = append(sides, make([]T, (step-1)*w.n)...)
			if l == 1 {
				at = len(sides) - step*w.n
			}
		}
		v.Side = &sides[at]
		size := int(unsafe.Sizeof(sides[0]))
		v.SideSteps = [2]int{-w.n * size, -3 * w.n * size}
	}
	v.Segments = [3]Segment{{}, {w.n, w.output}, {w.n, None}}
	w.largest, w.stored = v.Run(f, links), w.n/f.Lanes*f.Lanes
}

func (w *waveTest[T]) compare(t *testing.T) {
	if w.largest != w.wantLargest {
		t.Errorf("largest residual %g, want %g", w.largest, w.wantLargest)
	}
	for l := range w.got {
		behind := around + w.n
		if l <= w.count && (l > 0 || w.corrects) {
			behind = around + (w.n+around-1)/around*around
		}
		if w.first != 0 {
			if w.got[l][around+w.n] != w.rows[l][around+w.n] {
				t.Errorf("link %d: the element behind the last has changed", l)
			}
		}
		if !sameBits(w.got[l][:around+w.n], w.want[l][:around+w.n]) || !sameBits(w.got[l][behind:], w.rows[l][behind:]) {
			t.Errorf("link %d differs", l)
		}
	}
	stored, inner := w.stored, w.n
	if w.output == Solution {
		stored *= 2
	}
	if !sameBits(w.gotOut[:stored], w.wantOut[:stored]) {
		t.Error("the output differs")
	}
	if w.output == Solution || w.output == None {
		inner = 0
	}
	if !sameBits(w.gotSmall[:inner], w.wantSmall[:inner]) {
		t.Error("the residuals differ")
	}
}

// The largest magnitude is NaN if a value is, wherever it is.
func TestNaN(t *testing.T) {
	forms := vectorForms[float64](t)
	forms["Go"] = Plain[float64]()
	for name, f := range forms {
		for i := range 37 {
			c := make([]float32, 37)
			c[i] = float32(math.NaN())
			if v := f.Largest(c); v == v {
				t.Errorf("%s: element %d is NaN, but the largest magnitude is %g", name, i, v)
			}
			w := newWaveTest[float64](37, 2, 4)
			w.got[3][around+i] = math.NaN()
			if f.Lanes == 0 {
				w.largest = f.Residual(c, w.got[3][around:], w.got[4], w.got[2], w.beside[3], nil, 0.25, 0.25)
			} else {
				w.run(&f)
			}
			if w.largest == w.largest {
				t.Errorf("%s: element %d is NaN, but the largest residual is %g", name, i, w.largest)
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
