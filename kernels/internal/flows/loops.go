package flows

import (
	"offload/internal/contract"
	"offload/internal/ieee"
)

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
	if ieee.Abs(v) < floor { // mostly false: signs would be guessed wrong half of the time
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
		dst[j] = flushed(T(f[j]*inverse[j]), floor)
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
