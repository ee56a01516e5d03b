package wh

import (
	"math"
	"math/rand/v2"
	"testing"
)

// random returns planets at random places.
func random(form *Form, n, light int, seed uint64) *Planets {
	r := rand.New(rand.NewPCG(seed, 1))
	gm := make([]float64, n)
	for i := range gm {
		gm[i] = 1e-7 * math.Ldexp(r.Float64(), -r.IntN(10))
	}
	const star = 3e-4
	p := New(star, gm, light, form)
	a := 0.4
	for i := range n + light {
		e, phase := 0.3*r.Float64(), 7*r.Float64()
		v := math.Sqrt(star / a * (1 + e))
		x := [3]float64{a * math.Cos(phase), a * math.Sin(phase), a * 0.1 * r.NormFloat64()}
		p.Set(i, x, [3]float64{-v * math.Sin(phase), v * math.Cos(phase), 0.1 * v * r.NormFloat64()})
		a *= 1.3 + 0.3*r.Float64()
	}
	p.Fill()
	p.SetDrift(5)
	p.SetKick(5, 1e-8)
	return p
}

func sameBits(t *testing.T, what string, got, want *Planets) {
	t.Helper()
	for i := range want.Len() {
		gx, gv := got.Get(i)
		wx, wv := want.Get(i)
		for k := range 3 {
			if math.Float64bits(gx[k]) != math.Float64bits(wx[k]) || math.Float64bits(gv[k]) != math.Float64bits(wv[k]) {
				t.Errorf("%s, body %d: %v %v, want %v %v", what, i, gx, gv, wx, wv)
				return
			}
		}
	}
}

func TestFormsGiveTheSameBits(t *testing.T) {
	contract := Forms()[len(Forms())-1]
	for _, form := range Forms() {
		for seed := range uint64(20) {
			n := 1 + int(seed)
			got, want := random(form, n, int(seed)%3, seed), random(contract, n, int(seed)%3, seed)
			got.Drift()
			want.Drift()
			sameBits(t, form.Name+" drift", got, want)
			for _, steps := range []int{0, 1, 50} {
				got.Steps(steps)
				want.Steps(steps)
				sameBits(t, form.Name+" steps", got, want)
			}
		}
	}
}

func BenchmarkStep(b *testing.B) {
	for _, form := range Forms() {
		b.Run(form.Name, func(b *testing.B) {
			p := random(form, 8, 0, 1)
			for b.Loop() {
				p.Steps(100)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(100*b.N), "ns/step")
		})
	}
}
