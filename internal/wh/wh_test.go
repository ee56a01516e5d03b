package wh

import (
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"runtime"
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

// The forms differ in no bit, for one block and for several, on the steps of planets and where a form leaves arcs to the
// contract or ends before an encounter.
func TestFormsGiveTheSameBits(t *testing.T) {
	for _, form := range Forms() {
		for seed := range uint64(24) {
			n, light := int(seed)%18, int(seed)*5%12
			got, want := random(form, n, light, seed), random(contract(), n, light, seed)
			same := func(what string) {
				t.Helper()
				sameBits(t, form.Name+" "+what, got, want)
			}
			both := func(do func(p *Planets)) { do(got); do(want) }
			both((*Planets).Drift)
			same("drift")
			both((*Planets).Kick)
			same("kick")
			for _, h := range []float64{5, -5, 0.1, 80} { // 80 days are long arcs
				both(func(p *Planets) { p.SetDrift(h); p.SetKick(h, 1e-8) })
				for _, steps := range []int{0, 1, 20} {
					both(func(p *Planets) { p.Steps(steps) })
					same("steps")
				}
			}
			reach := make([]float64, n)
			for i := range reach {
				reach[i] = 0.08
			}
			both(func(p *Planets) { p.SetDrift(3); p.SetKick(3, 0); p.SetNear(0.3, reach) })
			done, near := got.Steps(200)
			if wantDone, wantNear := want.Steps(200); done != wantDone || near != wantNear {
				t.Errorf("%s, %d planets: near %v after %d steps, want %v after %d", form.Name, n, near, done, wantNear, wantDone)
			}
			same("steps to an encounter")
		}
	}
}

// A machine with the instructions runs the forms that need them.
func TestForms(t *testing.T) {
	best := Forms()[0].Name
	t.Log(best)
	if FormOf("contract").Name != "contract" || FormOf("").Name != best || FormOf("neon").Name != best {
		t.Error("a form has another name")
	}
	if os.Getenv("OFFLOAD_REQUIRE_SIMD") == "1" && runtime.GOARCH == "amd64" && best == "contract" {
		t.Error("no form with vectors")
	}
}

func BenchmarkStep(b *testing.B) {
	for _, n := range [][2]int{{8, 0}, {9, 0}, {16, 0}, {64, 0}, {8, 80}} {
		for _, form := range Forms() {
			b.Run(fmt.Sprintf("%d+%d/%s", n[0], n[1], form.Name), func(b *testing.B) {
				p := random(form, n[0], n[1], 1)
				for b.Loop() {
					p.Steps(100)
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(100*b.N), "ns/step")
			})
		}
	}
}
