package sweep

import (
	"math"
	"math/rand/v2"
	"testing"
)

// ready skips a test of Vector where it cannot run.
func ready(t *testing.T) {
	t.Helper()
	if !HasVector() {
		t.Skip("this processor or build has no vectors")
	}
}

func widths(least int) []int {
	var w []int
	for n := max(3, least); n <= max(70, least+70); n++ {
		w = append(w, n)
	}
	return append(w, 255, 256, 257, 545, 1024, 1027)
}

// kinds of values: plain, around the floor, special, far above the floor without a
// minus sign.
const (
	kinds = 4
	free  = 3
)

func fill[T Float](s []T, r *rand.Rand, kind int) {
	exponent, tiny := -80, 1e-42
	if _, double := any(s).([]float64); double {
		exponent, tiny = -900, 1e-320
	}
	special := []T{T(math.NaN()), T(math.Inf(1)), T(math.Inf(-1)), T(math.Copysign(0, -1)), 0, T(tiny), T(-tiny)}
	for i := range s {
		v := 2*r.Float64() - 1
		s[i] = T(v)
		switch {
		case kind == 1:
			s[i] = T(math.Ldexp(v, exponent+r.IntN(9)-4))
		case kind == 2 && r.IntN(20) == 0:
			s[i] = special[r.IntN(len(special))]
		case kind == free:
			s[i] = T(math.Abs(v))
		}
	}
}

func floorOf[T Float]() T {
	var s []T
	if _, double := any(s).([]float64); double {
		return T(math.Ldexp(1, -900))
	}
	return T(math.Ldexp(1, -80))
}

// same reports whether two values have the same bits, or are both NaN.
func same[T Float](a, b T) bool {
	return a != a && b != b || math.Float64bits(float64(a)) == math.Float64bits(float64(b))
}

// update is the formula of u.
func update[T Float](u Update, up, down, left, here, right, cx, cy, floor T) T {
	v := T(cy*(up+down)) + T(cx*(left+right))
	if u == Heat {
		twice := here + here
		v = here + (T(cy*((up+down)-twice)) + T(cx*((left+right)-twice)))
	}
	if v < floor && v > -floor {
		v = 0
	}
	return v
}

// blocks cuts a row of packed width n·lanes as Pack and Unpack take it.
func blocks[T Float](row []T, lanes int) (head, middle, tail []T) {
	n := len(row) / lanes
	return row[:n], row[n : len(row)-n], row[len(row)-n:]
}

func TestPack(t *testing.T) {
	ready(t)
	testPack[float32](t)
	testPack[float64](t)
}

func testPack[T Float](t *testing.T) {
	f := Vector[T](Jacobi)
	r := rand.New(rand.NewPCG(1, 2))
	for _, n := range widths(f.MinWidth) {
		width := f.Width(n)
		for _, atEnd := range []bool{false, true} {
			row, packed, back := guarded[T](t, width, atEnd), guarded[T](t, width, atEnd), guarded[T](t, width, atEnd)
			fill(row, r, 0)
			bounds := guarded[T](t, 3*f.Lanes, atEnd)
			f.ClearBounds(bounds)
			head, middle, tail := blocks(row, f.Lanes)
			f.Pack(packed, head, middle, tail, bounds)
			var want, got T
			for j, v := range row {
				want = max(want, v, -v)
				if packed[f.Place(j, width)] != v {
					t.Fatalf("width %d: point %d is not where it belongs", width, j)
				}
			}
			if got = f.Peak(bounds); got != want {
				t.Fatalf("width %d: peak %g, not %g", width, got, want)
			}
			head, middle, tail = blocks(back, f.Lanes)
			f.Unpack(head, middle, tail, packed)
			for j, v := range row {
				if back[j] != v {
					t.Fatalf("width %d: point %d comes back as %g, not %g", width, j, back[j], v)
				}
			}
		}
	}
}

func TestRows(t *testing.T) {
	ready(t)
	for _, u := range []Update{Jacobi, Heat} {
		testRows[float32](t, u)
		testRows[float64](t, u)
	}
}

// testRows sweeps over rows that touch guarded memory, and compares with the
// formula point by point.
func testRows[T Float](t *testing.T, u Update) {
	f := Vector[T](u)
	for i, n := range widths(f.MinWidth) {
		for _, rows := range []int{1, 2, 4, 5, 8, 11} {
			cx, cy, kind := T(0.25), T(0.25), (i+rows)%kinds
			if i%2 == 1 {
				cx, cy = 0.3, 0.1
			}
			checkRows(t, &f, u, f.Rows, n, rows, kind, cx, cy, true)
			checkRows(t, &f, u, f.Quick(cx, cy), n, rows, kind, cx, cy, f.Signed)
			if f.Free != nil && kind == free {
				checkRows(t, &f, u, f.Free(cx, cy), n, rows, kind, cx, cy, true)
			}
		}
	}
}

func checkRows[T Float](t *testing.T, f *Form[T], u Update, sweep Rows[T], n, rows, kind int, cx, cy T, signs bool) {
	t.Helper()
	r := rand.New(rand.NewPCG(uint64(n), uint64(rows)))
	width, floor := f.Width(n), floorOf[T]()
	buf := guarded[T](t, (rows+2)*width, rows%2 == 1)
	at, plain := make([]int32, rows+2), make([][]T, rows+2)
	for j, place := range r.Perm(rows + 2) {
		at[j] = int32(place * width)
		plain[j] = make([]T, width)
		fill(plain[j], r, kind)
		clear(plain[j][n:])
		head, middle, tail := blocks(plain[j], f.Lanes)
		f.Pack(buf[at[j]:][:width], head, middle, tail, make([]T, BoundsLen))
	}
	sweep(buf, at, width, f.Place(n-1, width), cx, cy, floor)
	for j := range rows {
		up, mid, down := plain[j], plain[j+1], plain[j+2]
		for c := range n {
			want := mid[c]
			if c > 0 && c < n-1 {
				want = update(u, up[c], down[c], mid[c-1], mid[c], mid[c+1], cx, cy, floor)
			}
			got := buf[int(at[j])+f.Place(c, width)]
			if !same(got, want) && (signs || got != want) {
				t.Fatalf("update %d, %T, %d points, row %d of %d, values %d: point %d is %g, not %g", u, got, n, j, rows, kind, c, got, want)
			}
		}
	}
}

func TestSquares(t *testing.T) {
	ready(t)
	testSquares[float32](t)
	testSquares[float64](t)
}

func testSquares[T Float](t *testing.T) {
	f := Vector[T](Jacobi)
	r := rand.New(rand.NewPCG(5, 6))
	for n := range 300 {
		last, before := guarded[T](t, n, n%2 == 0), guarded[T](t, n, n%2 == 1)
		fill(last, r, n%kinds)
		fill(before, r, n%kinds)
		got, want := guarded[T](t, 2*ResidualLanes, true), make([]T, 2*ResidualLanes)
		floor := floorOf[T]()
		f.Squares(got, last, before, floor)
		squares(want, last, before, floor)
		for l := range ResidualLanes {
			if !same(got[l], want[l]) {
				t.Fatalf("%d points: sum %d is %g, not %g", n, l, got[l], want[l])
			}
		}
		var g, w T
		for l := ResidualLanes; l < 2*ResidualLanes; l++ {
			g, w = max(g, got[l]), max(w, want[l])
		}
		if g != w {
			t.Fatalf("%d points: largest change %g, not %g", n, g, w)
		}
	}
}

func TestSegments(t *testing.T) {
	ready(t)
	testSegments[float32](t)
	testSegments[float64](t)
}

func testSegments[T Float](t *testing.T) {
	f := Vector[T](Jacobi)
	r := rand.New(rand.NewPCG(7, 8))
	for n := range 6 {
		for kind := range kinds {
			last, before := guarded[T](t, n*Segment, true), guarded[T](t, n*Segment, kind == 1)
			fill(last, r, kind)
			fill(before, r, kind)
			got, want := guarded[T](t, n, true), make([]T, n)
			g, w := f.Segments(got, last, before, floorOf[T]()), segments(want, last, before, floorOf[T]())
			for i := range want {
				if !same(got[i], want[i]) {
					t.Fatalf("values %d, %d segments: sum %d is %g, not %g", kind, n, i, got[i], want[i])
				}
			}
			if g != w {
				t.Fatalf("values %d, %d segments: largest change %g, not %g", kind, n, g, w)
			}
		}
	}
}

func TestPrefetch(t *testing.T) {
	ready(t)
	f := Vector[float32](Jacobi)
	for n := range 70 {
		f.Prefetch(guarded[float32](t, n, true))
	}
}
