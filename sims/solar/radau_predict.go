package solar

const (
	radauForget = 8.0  // times the last step: a longer one is not predicted,
	radauBrief  = 1e-3 // times the last step: a shorter one needs no prediction, and its weights might overflow
	radauRecall = 2.0  // times: where steps grow more than this, the one before the last is not used
	radauOlder  = 2    // nodes used of the step before the last, its latest
)

// past is what a completed step leaves for the prediction of the next ones.
type past struct {
	dt float64   // length; 0 if there was no such step
	a0 []float64 // acceleration at its start,
	f  []coef    // and the changes from there
}

// recall holds, for each node of a step, the weights of the eight nodes of the last step and of radauOlder nodes of
// the step before it.
type recall [7][8 + radauOlder]float64

// predict starts f from the accelerations of the last two steps, continued by the one polynomial through those at the
// eight nodes of the last step, at the two latest nodes of the step before, and at the start of this step. More nodes
// would add nothing but noise: a polynomial continued beyond its nodes by the range they cover magnifies rounding
// about sixfold for each node.
func (r *radau15) predict(dt float64) {
	q := 0.0
	if r.last.dt != 0 {
		q = dt / r.last.dt
	}
	if !(q >= radauBrief && q <= radauForget) {
		clear(r.f)
		return
	}
	w := r.weights(dt, q)
	for i, a0 := range r.a0 {
		last, older := &r.last.f[i], &r.older.f[i]
		since, before := r.last.a0[i]-a0, r.older.a0[i]-a0
		y := [8 + radauOlder]float64{
			since, last[0] + since, last[1] + since, last[2] + since, last[3] + since,
			last[4] + since, last[5] + since, last[6] + since, older[5] + before, older[6] + before,
		}
		f := &r.f[i]
		for n := range f {
			f[n] = mix(&w[n], &y)
		}
	}
}

// weights are Lagrange's for this step's nodes, in the barycentric form. Times are in units of dt from its start,
// where the value is 0.
func (r *radau15) weights(dt, q float64) *recall {
	var t [8 + radauOlder]float64
	for j, h := range r.h {
		t[j] = (h - 1) / q
	}
	known := t[:8]
	if p := r.last.dt / r.older.dt; q <= radauRecall && p > 0 && p <= radauRecall {
		known = t[:]
		for j := range radauOlder {
			t[8+j] = t[0] + float64((r.h[8-radauOlder+j]-1)*(r.older.dt/dt))
		}
	}
	w := &r.recall
	*w = recall{}
	var product [7]float64 // over all known times, of this step's node's distance
	for n := range product {
		product[n] = r.h[n+1]
		for _, t := range known {
			product[n] = float64(product[n] * (r.h[n+1] - t))
		}
	}
	for k, tk := range known {
		scale := tk
		for i, t := range known {
			if i != k {
				scale = float64(scale * (tk - t))
			}
		}
		for n := range product {
			w[n][k] = product[n] / float64(scale*(r.h[n+1]-tk))
		}
	}
	return w
}

// mix is Σ w[k]·y[k].
func mix(w, y *[8 + radauOlder]float64) float64 {
	s := float64(w[0]*y[0]) + float64(w[1]*y[1])
	t := float64(w[2]*y[2]) + float64(w[3]*y[3])
	u := float64(w[4]*y[4]) + float64(w[5]*y[5])
	v := float64(w[6]*y[6]) + float64(w[7]*y[7])
	return (s + t) + (u + v) + (float64(w[8]*y[8]) + float64(w[9]*y[9]))
}
