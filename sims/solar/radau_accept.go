package solar

import (
	"math"

	"offload/internal/ieee"
)

// accept moves p to the end of the step and keeps it for the next prediction. Everything is summed to twice the
// precision: what rounding an increment takes away grows with the step, and would otherwise be most of the error at
// the default tolerance.
func (r *radau15) accept(p *Phase, dt float64) {
	dt2 := float64(dt * dt)
	for i, a0 := range r.a0 {
		f, v := &r.f[i], p.V[i]
		curve, curveLow := f.exactDot(&r.wx[8], &r.xLow, 0.5*a0)
		x, low := addProduct(p.X[i], p.XLow[i]+float64(dt*p.VLow[i])+float64(dt2*curveLow), dt, v)
		p.X[i], p.XLow[i] = addProduct(x, low, dt2, curve)
		turn, turnLow := f.exactDot(&r.wv[8], &r.vLow, a0)
		p.V[i], p.VLow[i] = addProduct(v, p.VLow[i]+float64(dt*turnLow), dt, turn)
	}
	spare := r.older
	r.older, r.last = r.last, past{dt: dt, a0: r.a0, f: r.f}
	r.a0, r.f = spare.a0, spare.f
	r.haveA0 = false
}

// addProduct returns hi + low + x·y as such a pair again; nothing of the product is lost.
func addProduct(hi, low, x, y float64) (float64, float64) {
	product := float64(x * y)
	sum, rest := ieee.TwoSum(hi, product)
	return ieee.TwoSum(sum, rest+(math.FMA(x, y, -product)+low))
}
