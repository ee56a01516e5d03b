//go:build !purego

package sweep

import "golang.org/x/sys/cpu"

// HasVector reports whether this processor can run Vector.
func HasVector() bool { return cpu.X86.HasAVX2 && cpu.X86.HasFMA }

var vector32 = Form[float32]{
	Lanes:    8,
	MinWidth: 64,
	Pack:     pack32,
	Unpack:   unpack32,
	Squares:  squares32,
	Segments: segments32,
	Prefetch: prefetch32,
}

var vector64 = Form[float64]{
	Lanes:    4,
	MinWidth: 16,
	Pack:     pack64,
	Unpack:   unpack64,
	Squares:  squares64,
	Segments: segments64,
	Prefetch: prefetch64,
}

// Vector returns the form for AVX2 with fused multiply-adds.
func Vector[T Float](u Update) (f Form[T]) {
	switch f := any(&f).(type) {
	case *Form[float32]:
		*f = vector32
		f.update(u, routines32)
	case *Form[float64]:
		*f = vector64
		f.update(u, routines64)
	}
	return f
}

// routines are the sweeps of one precision.
type routines[T Float] struct {
	jacobi, quarter, weighted, mean, free Rows[T]
	heat, fused, freeHeat                 Rows[T]
}

var (
	routines32 = routines[float32]{jacobi32, quarter32, weighted32, mean32, free32, heat32, fused32, freeHeat32}
	routines64 = routines[float64]{jacobi64, quarter64, weighted64, mean64, free64, heat64, fused64, freeHeat64}
)

// update sets the sweeps. Quarter and weighted flush by underflow, which also zeroes
// intermediate results below the smallest normal number; those are far below the rounding
// error of any value above the floor.
func (f *Form[T]) update(u Update, r routines[T]) {
	f.Update = u
	if u == Heat {
		f.Rows, f.Signed = r.heat, true
		f.Quick = func(T, T) Rows[T] { return r.fused }
		f.Free = func(T, T) Rows[T] { return r.freeHeat }
		return
	}
	f.Rows = r.jacobi
	f.Quick = quarters(r.quarter, r.weighted)
	f.Free = quarters(r.mean, r.free)
}

// quarters returns a function that chooses equal if both coefficients are a quarter, else
// any.
func quarters[T Float](equal, any Rows[T]) func(cx, cy T) Rows[T] {
	return func(cx, cy T) Rows[T] {
		if cx == 0.25 && cy == 0.25 {
			return equal
		}
		return any
	}
}
