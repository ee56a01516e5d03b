package sweep

import (
	"math"
	"math/rand/v2"
	"testing"
)

// Least bounds what Pack was given from below, closely, and FreeSweeps is a number
// of sweeps after which nothing is below the floor.
func TestLeast(t *testing.T) {
	ready(t)
	testLeast[float32](t)
	testLeast[float64](t)
}

func testLeast[T Float](t *testing.T) {
	f := Vector[T](Jacobi)
	width := f.Width(max(100, f.MinWidth))
	for _, c := range []struct {
		name  string
		place func(row []T)
		least float64
	}{
		{"plain values", func(row []T) { row[17] = 0.25 }, 0.25},
		{"zeros", func(row []T) { clear(row[3:40]); row[90] = 0.5 }, 0.5},
		{"nothing but zeros", func(row []T) { clear(row) }, math.Inf(1)},
		{"a minus sign", func(row []T) { row[99] = -7 }, 0},
		{"zero with a minus sign", func(row []T) { row[0] = T(math.Copysign(0, -1)) }, 0},
		{"a value near the floor", func(row []T) { row[50] = floorOf[T]() }, float64(floorOf[T]())},
	} {
		row, packed, bounds := make([]T, width), make([]T, width), make([]T, BoundsLen)
		for i := range row {
			row[i] = T(1 + i)
		}
		c.place(row)
		f.ClearBounds(bounds)
		head, middle, tail := blocks(row, f.Lanes)
		f.Pack(packed, head, middle, tail, bounds)
		got := float64(f.Least(bounds))
		if got > c.least || got < c.least*(1-0x1p-19) {
			t.Errorf("%T, %s: Least = %g, want about %g and not more", row[0], c.name, got, c.least)
		}
	}
}

// Sweeps in the worst place, next to zeros alone, stay above the floor as long as
// FreeSweeps says, and not much longer.
func TestFreeSweeps(t *testing.T) {
	ready(t)
	testFreeSweeps[float32](t)
	testFreeSweeps[float64](t)
}

func testFreeSweeps[T Float](t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for _, u := range []Update{Jacobi, Heat} {
		f := Vector[T](u)
		for range 200 {
			cx, cy := T(0.01+0.22*r.Float64()), T(0.01+0.22*r.Float64())
			v := T(math.Ldexp(1+r.Float64(), r.IntN(40)-45)) // float32: up to 40 sweeps
			if floorOf[T]() < 0x1p-100 {
				v = T(math.Ldexp(float64(v), -800))
			}
			floor := floorOf[T]()
			free := f.FreeSweeps(v, floor, cx, cy, 1000)
			sweeps := 0
			for {
				next := min(update(u, v, 0, 0, 0, 0, cx, cy, 0), update(u, 0, 0, v, 0, 0, cx, cy, 0))
				if u == Heat {
					next = min(next, update(u, 0, 0, 0, v, 0, cx, cy, 0))
				}
				if v = next; v < floor {
					break
				}
				sweeps++
			}
			if free > sweeps {
				t.Fatalf("%T, update %d, cx = %g, cy = %g: %d sweeps are called free, %d are", v, u, cx, cy, free, sweeps)
			}
			if free == 0 && sweeps > 1 && u == Jacobi {
				t.Fatalf("%T: none of %d sweeps is called free", v, sweeps)
			}
		}
	}
}
