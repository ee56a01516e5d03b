package wh

import "math"

const (
	twoPi      = 6.283185307179586
	twoPiLow   = 2.4492935982947064e-16 // 2π - twoPi
	maxNewtons = 200                    // bisection alone takes some 60

	maxDoublings = 2100 // from the least number to the largest

	maxMiss = 0x1p64 // of h, from where Newton's steps begin: farther off they are short, and sums may overflow
)

// anyArc is Kepler for arcs of any length on orbits of any eccentricity. Of an ellipse it leaves out whole revolutions,
// and goes the shorter way. An orbit beyond the range of numbers ends in NaN.
func anyArc(x, v *[3]float64, gm, h float64) {
	r := math.Sqrt(math.FMA(x[0], x[0], math.FMA(x[1], x[1], float64(x[2]*x[2]))))
	v2 := math.FMA(v[0], v[0], math.FMA(v[1], v[1], float64(v[2]*v[2])))
	eta := math.FMA(x[0], v[0], math.FMA(x[1], v[1], float64(x[2]*v[2])))
	beta := math.FMA(gm+gm, 1/r, -v2)
	o := arc{gm: gm, r: r, eta: eta, beta: beta, zeta: math.FMA(-beta, r, gm)}
	known := finite(&[3]float64{o.eta, o.zeta}) // or no search would end soon
	if known {
		o.move(x, v, h)
	}
	if !known || !finite(x) || !finite(v) {
		nan := math.NaN() // the same bits everywhere
		*x, *v = [3]float64{nan, nan, nan}, [3]float64{nan, nan, nan}
	}
}

func finite(x *[3]float64) bool { return x[0]-x[0] == 0 && x[1]-x[1] == 0 && x[2]-x[2] == 0 }

// move moves the body of the orbit by h.
func (o *arc) move(x, v *[3]float64, h float64) {
	if o.beta > 0 {
		h = o.withoutRevolutions(h)
	}
	g := functions(o.beta, o.length(h))
	end := math.FMA(o.zeta, g[2], math.FMA(o.eta, g[1], o.r))
	f := float64(float64(o.gm*g[2]) / o.r)
	t := math.FMA(-o.gm, g[3], h)
	fdot := float64(float64(o.gm*g[1]) / float64(o.r*end))
	gdot := float64(float64(o.gm*g[2]) / end)
	for k := range 3 {
		xk, vk := x[k], v[k]
		x[k] = xk + math.FMA(-f, xk, float64(t*vk))
		v[k] = vk + math.FMA(-fdot, xk, -float64(gdot*vk))
	}
}

// arc is an orbit at the start of an arc, with the names of quick.
type arc struct{ gm, r, eta, beta, zeta float64 }

// withoutRevolutions returns h less the nearest multiple of the period 2π·GM/β^(3/2).
func (o *arc) withoutRevolutions(h float64) float64 {
	rate := float64(o.beta*math.Sqrt(o.beta)) / o.gm
	n := math.RoundToEven(float64(h*rate) / twoPi)
	if n == 0 || n-n != 0 {
		return h
	}
	return math.FMA(-n, float64(twoPiLow/rate), math.FMA(-n, twoPi/rate, h))
}

// length returns the arc s that takes h.
//
// Time grows with s at the rate of the distance, which is positive, so that bounds to s can be kept. Newton's steps are
// halved into the bounds where they leave them or do not shrink, or where the arc is far too long. An arc that is too long may have times beyond the range of
// numbers, of any sign; one that is too short lacks no more than h.
func (o *arc) length(h float64) float64 {
	sign := math.Copysign(1, h)
	low, high := 0.0, math.Abs(h)/o.r // of |s|
	if o.beta > 0 {
		high = float64(1.0000001*twoPi) / math.Sqrt(o.beta)
	} else {
		for range maxDoublings {
			if miss, _ := o.at(float64(sign*high), h); !early(float64(sign*miss), h) {
				break
			}
			low, high = high, float64(2*high)
		}
	}
	s, last := float64(0.5*(low+high)), high-low
	if first := math.Abs(h) / o.r; first > low && first < high {
		s = first
	}
	for range maxNewtons {
		miss, slope := o.at(float64(sign*s), h)
		if miss = float64(sign * miss); early(miss, h) {
			low = s
		} else { // also if it is not a number
			high = s
		}
		next := float64(0.5 * (low + high))
		if miss <= float64(maxMiss*math.Abs(h)) {
			newton := s - miss/slope
			step := math.Abs(newton - s)
			if step <= float64(0x1p-52*s) {
				return float64(sign * newton)
			}
			if newton > low && newton < high && step < float64(0.75*last) {
				next = newton
			}
		}
		if last = math.Abs(next - s); last == 0 {
			break
		}
		s = next
	}
	return float64(sign * s)
}

// early reports whether an arc is too short, of which the time less h is miss, both in the direction of h.
func early(miss, h float64) bool { return miss < 0 && miss >= float64(-2*math.Abs(h)) }

// at returns by how much the time of the arc s exceeds h, and the distance at its end.
func (o *arc) at(s, h float64) (miss, slope float64) {
	g := functions(o.beta, s)
	miss = math.FMA(o.zeta, g[3], math.FMA(o.eta, g[2], math.FMA(o.r, s, -h)))
	return miss, math.FMA(o.zeta, g[2], math.FMA(o.eta, g[1], o.r))
}

// functions returns G₀ to G₃ for any s, by halving it until the series converge, and the formulas of the double argument.
func functions(beta, s float64) [4]float64 {
	doublings := 0
	z := float64(beta * float64(s*s))
	for ; math.Abs(z) > maxZ && doublings < maxDoublings; doublings++ {
		s, z = float64(0.5*s), float64(0.25*z)
	}
	s2 := float64(s * s)
	c2, c3 := series(&stumpff2, z), series(&stumpff3, z)
	g := [4]float64{math.FMA(-z, c2, 1), math.FMA(-float64(s*z), c3, s), float64(s2 * c2), float64(float64(s*s2) * c3)}
	for range doublings {
		g[3] = float64(2 * math.FMA(g[1], g[2], g[3]))
		g[2] = float64(2 * float64(g[1]*g[1]))
		g[1] = float64(2 * float64(g[0]*g[1]))
		g[0] = math.FMA(-beta, g[2], 1)
	}
	return g
}
