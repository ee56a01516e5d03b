// Package flows has the loops of the kernels for networks of conductances, over rows of
// points. Package multigrid describes the planes of coefficients and the formulas.
package flows

import (
	"offload/internal/contract"
	"offload/internal/ieee"
)

// Float is a type of floating-point numbers.
type Float = ieee.Float

// Row is a row of points with what their flows depend on. All slices have the length of
// Mid. Columns wrap.
type Row[T Float] struct {
	Up, Mid, Down                     []T // values in the row above, in the row itself, and below
	East, South, North, Inverse, Loss []T // North is the plane South of the row above

	// The planes of the row itself and of the row above; nil for four neighbours.
	SouthEast, SouthWest, AboveSouthEast, AboveSouthWest []T
}

// Form is a set of loops. All forms give the same bits. Rows are not empty. Outputs do not
// overlap inputs, and spare is a row of scratch.
type Form[T Float] struct {
	// Relax copies Mid to dst, and relaxes every second point of it, beginning with first.
	Relax func(dst []T, r Row[T], f, spare []T, first int)

	// First is Relax where Mid, Up and Down are 0.
	First func(dst, f, inverse []T, first int)

	// Residual sets dst to (f + s) − loss·mid, where s is the flow into a point.
	Residual func(dst []T, r Row[T], f, spare []T)

	// Product sets dst to loss·mid − s, or 0 where inverse is 0, and flushes it.
	Product func(dst []T, r Row[T], spare []T)

	// Remainder sets dst to scaled values of (f + s) − loss·mid, or 0 where inverse is 0,
	// both flushed, and returns the largest magnitude of a value times inverse.
	Remainder func(dst []float32, r Row[T], f, spare []T, scale T) T

	// Search sets dst to z·sigma + beta·p and flushes it.
	Search func(dst []T, z []float32, p []T, sigma, beta T)

	// Advance sets dst to x + alpha·p and flushes it.
	Advance func(dst, x, p []T, alpha T)

	// Dot and MixedDot return Σ a·b.
	Dot      func(a, b []T) T
	MixedDot func(a []float32, b []T) T

	// Gather adds before[j−1]·r[2j−1], same[j]·r[2j] and after[j]·r[2j+1] to each sum[j],
	// without what would be outside r.
	Gather func(sum, before, same, after, r []T)

	// Flush replaces values below the floor by 0.
	Flush func(dst []T)

	// Spread adds same[j]·a[j] to u[2j] and left[j]·a[j] + right[j]·a[j+1] to u[2j+1], of
	// which there are as many of each, and flushes both.
	Spread func(u, a, same, left, right []T)

	// SpreadBetween is Spread with two rows a and b, whose contributions are added first.
	SpreadBetween func(u, a, b, sameA, leftA, rightA, sameB, leftB, rightB []T)
}

// Plain returns the form in Go.
func Plain[T Float]() Form[T] {
	return Form[T]{
		Relax: func(dst []T, r Row[T], f, spare []T, first int) {
			copy(dst, r.Mid)
			flows(spare, &r, first, 2)
			relax(dst, r.Mid, f, spare, r.Loss, r.Inverse, first)
		},
		First: firstRed[T],
		Residual: func(dst []T, r Row[T], f, spare []T) {
			flows(spare, &r, 0, 1)
			residual(dst, r.Mid, f, spare, r.Loss)
		},
		Product: func(dst []T, r Row[T], spare []T) {
			flows(spare, &r, 0, 1)
			product(dst, r.Mid, spare, r.Loss, r.Inverse)
		},
		Remainder: func(dst []float32, r Row[T], f, spare []T, scale T) T {
			flows(spare, &r, 0, 1)
			return remainder(dst, r.Mid, f, spare, r.Loss, r.Inverse, scale)
		},
		Search:        search[T],
		Advance:       advance[T],
		Dot:           dot[T, T],
		MixedDot:      dot[float32, T],
		Gather:        gather[T],
		Flush:         flush[T],
		Spread:        spread[T],
		SpreadBetween: spreadBetween[T],
	}
}

// floor returns the magnitude below which a value becomes 0.
func floor[T Float]() T {
	var v T
	if _, single := any(v).(float32); single {
		return contract.NetworkFloor32
	}
	f := contract.NetworkFloor64
	return T(f)
}

func flushed[T Float](v, floor T) T {
	if v < floor && v > -floor {
		return 0
	}
	return v
}

// flows sets dst[j] to the flow into point j for j = first, first+stride, …
func flows[T Float](dst []T, r *Row[T], first, stride int) {
	n := len(r.Mid)
	if first == 0 {
		dst[0] = r.flow(0)
		first = stride
	}
	if last := n - 1; first <= last && (last-first)%stride == 0 {
		dst[last] = r.flow(last)
	}
	if r.SouthEast == nil {
		flows4(dst, r, first, stride)
	} else {
		flows8(dst, r, first, stride)
	}
}

// flow returns the flow into point j, which may be the first or last one.
func (r *Row[T]) flow(j int) T {
	west, east := j-1, j+1
	if j == 0 {
		west = len(r.Mid) - 1
	}
	if east == len(r.Mid) {
		east = 0
	}
	c := r.Mid[j]
	s := (T(r.East[j]*(r.Mid[east]-c)) + T(r.East[west]*(r.Mid[west]-c))) +
		(T(r.South[j]*(r.Down[j]-c)) + T(r.North[j]*(r.Up[j]-c)))
	if r.SouthEast == nil {
		return s
	}
	return s + ((T(r.SouthEast[j]*(r.Down[east]-c)) + T(r.AboveSouthEast[west]*(r.Up[west]-c))) +
		(T(r.SouthWest[j]*(r.Down[west]-c)) + T(r.AboveSouthWest[east]*(r.Up[east]-c))))
}

// flows4 is flows of the inner columns for four neighbours.
func flows4[T Float](dst []T, r *Row[T], first, stride int) {
	mid := r.Mid
	n := len(mid)
	dst, up, down, east, south, north := dst[:n], r.Up[:n], r.Down[:n], r.East[:n], r.South[:n], r.North[:n]
	for j := first; j < n-1; j += stride {
		if j < 1 { // for the compiler: no bounds check of j−1
			continue
		}
		c := mid[j]
		dst[j] = (T(east[j]*(mid[j+1]-c)) + T(east[j-1]*(mid[j-1]-c))) +
			(T(south[j]*(down[j]-c)) + T(north[j]*(up[j]-c)))
	}
}

// flows8 is flows of the inner columns for eight neighbours.
func flows8[T Float](dst []T, r *Row[T], first, stride int) {
	mid := r.Mid
	n := len(mid)
	dst, up, down, east, south, north := dst[:n], r.Up[:n], r.Down[:n], r.East[:n], r.South[:n], r.North[:n]
	se, sw, nw, ne := r.SouthEast[:n], r.SouthWest[:n], r.AboveSouthEast[:n], r.AboveSouthWest[:n]
	for j := first; j < n-1; j += stride {
		if j < 1 {
			continue
		}
		c := mid[j]
		s := (T(east[j]*(mid[j+1]-c)) + T(east[j-1]*(mid[j-1]-c))) +
			(T(south[j]*(down[j]-c)) + T(north[j]*(up[j]-c)))
		dst[j] = s + ((T(se[j]*(down[j+1]-c)) + T(nw[j-1]*(up[j-1]-c))) +
			(T(sw[j]*(down[j-1]-c)) + T(ne[j+1]*(up[j+1]-c))))
	}
}

func relax[T Float](dst, mid, f, flow, loss, inverse []T, first int) {
	n, floor := len(dst), floor[T]()
	mid, f, flow, loss, inverse = mid[:n], f[:n], flow[:n], loss[:n], inverse[:n]
	for j := first; j < n; j += 2 {
		dst[j] = flushed(mid[j]+T(((f[j]+flow[j])-T(loss[j]*mid[j]))*inverse[j]), floor)
	}
}

func firstRed[T Float](dst, f, inverse []T, first int) {
	n, floor := len(dst), floor[T]()
	f, inverse = f[:n], inverse[:n]
	clear(dst)
	for j := first; j < n; j += 2 {
		dst[j] = flushed(f[j]*inverse[j], floor)
	}
}

func residual[T Float](dst, mid, f, flow, loss []T) {
	n := len(dst)
	mid, f, flow, loss = mid[:n], f[:n], flow[:n], loss[:n]
	for j := range dst {
		dst[j] = (f[j] + flow[j]) - T(loss[j]*mid[j])
	}
}

func product[T Float](dst, mid, flow, loss, inverse []T) {
	n, floor := len(dst), floor[T]()
	mid, flow, loss, inverse = mid[:n], flow[:n], loss[:n], inverse[:n]
	for j := range dst {
		v := flushed(T(loss[j]*mid[j])-flow[j], floor)
		if inverse[j] == 0 {
			v = 0
		}
		dst[j] = v
	}
}

func remainder[T Float](dst []float32, mid, f, flow, loss, inverse []T, scale T) (most T) {
	n, floor := len(dst), floor[T]()
	mid, f, flow, loss, inverse = mid[:n], f[:n], flow[:n], loss[:n], inverse[:n]
	for j := range dst {
		v := flushed((f[j]+flow[j])-T(loss[j]*mid[j]), floor)
		if inverse[j] == 0 {
			v = 0
		}
		if a := T(ieee.Abs(v) * inverse[j]); a > most {
			most = a
		}
		dst[j] = flushed(float32(T(v*scale)), contract.NetworkFloor32)
	}
	return most
}

func search[T Float](dst []T, z []float32, p []T, sigma, beta T) {
	n, floor := len(dst), floor[T]()
	z, p = z[:n], p[:n]
	for j := range dst {
		dst[j] = flushed(T(T(z[j])*sigma)+T(beta*p[j]), floor)
	}
}

func advance[T Float](dst, x, p []T, alpha T) {
	n, floor := len(dst), floor[T]()
	x, p = x[:n], p[:n]
	for j := range dst {
		dst[j] = flushed(x[j]+T(alpha*p[j]), floor)
	}
}

const lanes = contract.ResidualLanes

func dot[A, T Float](a []A, b []T) (sum T) {
	for lo := 0; lo < len(b); lo += contract.ResidualSegment {
		hi := min(lo+contract.ResidualSegment, len(b))
		var part [lanes]T
		x, y := a[lo:hi], b[lo:hi]
		for ; len(x) >= lanes && len(y) >= lanes; x, y = x[lanes:], y[lanes:] {
			for l := range part {
				part[l] += T(T(x[l]) * y[l])
			}
		}
		for l := range x {
			part[l&(lanes-1)] += T(T(x[l]) * y[l])
		}
		for n := lanes / 2; n > 0; n /= 2 {
			for l := range n {
				part[l] += part[l+n]
			}
		}
		sum += part[0]
	}
	return sum
}
