package solar

// coef holds one component's seven coefficients: of the series b or of its Newton form g (see radau15).
type coef [7]float64

// radauTables are the numbers radau15 needs, made from the nodes alone.
type radauTables struct {
	h    [8]float64    // nodes of the step, h[0] = 0
	r    [8][7]float64 // r[n][j] = 1/(h[n]-h[j]), j < n
	c    [7]coef       // h·Π_{j=1..k}(h-h[j]) = Σ c[k][i]·h^(i+1)
	d    [7]coef       // h^(i+1) = Σ d[i][k]·h·Π_{j=1..k}(h-h[j])
	wx   [9]coef       // position weights h^(k+3)/((k+2)(k+3)) at each node; row 8 is the step's end
	wv   [9]coef       // velocity weights h^(k+2)/(k+2)
	half [9]float64    // h²/2
}

// radauNodes are the eight Gauss-Radau abscissae on [0, 1): the zeros of P7(x)+P8(x) at h = (x+1)/2, P Legendre's
// polynomials (Everhart 1985; recomputed to 30 digits).
func radauNodes() [8]float64 {
	return [8]float64{
		0,
		0.0562625605269221464656521910323,
		0.180240691736892364987579942809,
		0.352624717113169637373907770171,
		0.547153626330555383001448557652,
		0.734210177215410531523210608307,
		0.885320946839095768090359762932,
		0.977520613561287501891174500429,
	}
}

// newRadauTables derives the tables. The recurrences for c and d add numbers of one sign only, so every entry is
// good to a few units in the last place.
func newRadauTables() *radauTables {
	t := &radauTables{h: radauNodes()}
	for n := 1; n < 8; n++ {
		for j := range n {
			t.r[n][j] = 1 / (t.h[n] - t.h[j])
		}
	}
	t.c[0][0], t.d[0][0] = 1, 1
	for k := 1; k < 7; k++ {
		for i := range k + 1 {
			t.c[k][i] = -float64(t.h[k] * t.c[k-1][i])
			t.d[k][i] = float64(t.h[i+1] * t.d[k-1][i])
			if i > 0 {
				t.c[k][i] += t.c[k-1][i-1]
				t.d[k][i] += t.d[k-1][i-1]
			}
		}
	}
	for n := range 9 {
		t.weights(n)
	}
	return t
}

// weights fills row n of the integrated series' weights.
func (t *radauTables) weights(n int) {
	h := 1.0
	if n < 8 {
		h = t.h[n]
	}
	power := float64(h * h)
	t.half[n] = power / 2
	for k := range 7 {
		t.wv[n][k] = power / float64(k+2)
		power = float64(power * h)
		t.wx[n][k] = power / float64((k+2)*(k+3))
	}
}
