package solar

// dot is Σ w[k]·b[k], the small terms first.
func (b *coef) dot(w *coef) float64 {
	s := float64(b[6]*w[6]) + float64(b[5]*w[5])
	s += float64(b[4] * w[4])
	s += float64(b[3] * w[3])
	s += float64(b[2] * w[2])
	s += float64(b[1] * w[1])
	return s + float64(b[0]*w[0])
}

// shifted returns the series b written for a following step q times as long: with the old step's time 1 + q·h,
// b'_i = q^(i+1) Σ_{j≥i} C(j+1, i+1) b_j (Everhart 1985; Rein & Spiegel 2015).
func (b *coef) shifted(q float64) coef {
	var p coef // powers of q
	p[0] = q
	for i := 1; i < 7; i++ {
		p[i] = float64(p[i-1] * q)
	}
	return coef{
		float64(p[0] * (float64(7*b[6]) + float64(6*b[5]) + float64(5*b[4]) + float64(4*b[3]) + float64(3*b[2]) + float64(2*b[1]) + b[0])),
		float64(p[1] * (float64(21*b[6]) + float64(15*b[5]) + float64(10*b[4]) + float64(6*b[3]) + float64(3*b[2]) + b[1])),
		float64(p[2] * (float64(35*b[6]) + float64(20*b[5]) + float64(10*b[4]) + float64(4*b[3]) + b[2])),
		float64(p[3] * (float64(35*b[6]) + float64(15*b[5]) + float64(5*b[4]) + b[3])),
		float64(p[4] * (float64(21*b[6]) + float64(6*b[5]) + b[4])),
		float64(p[5] * (float64(7*b[6]) + b[5])),
		float64(p[6] * b[6]),
	}
}

// newtonForm returns the g that describe the same polynomial as b.
func (t *radauTables) newtonForm(b *coef) (g coef) {
	for k := range 7 {
		s := 0.0
		for i := 6; i >= k; i-- {
			s += float64(t.d[i][k] * b[i])
		}
		g[k] = s
	}
	return g
}

// correct makes the series pass through the acceleration a at node n, given that it passes through those at the
// nodes before: a0 at the start. It returns the change of g[n-1], a divided difference of order n.
func (t *radauTables) correct(n int, a, a0 float64, b, g *coef) float64 {
	r, c := &t.r[n], &t.c[n-1]
	s := float64((a - a0) * r[0])
	for j := 1; j < n; j++ {
		s = float64((s - g[j-1]) * r[j])
	}
	change := s - g[n-1]
	g[n-1] = s
	for i := range n {
		b[i] += float64(change * c[i])
	}
	return change
}
