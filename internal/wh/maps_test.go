package wh

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
)

// randomMaps returns maps for n planets, of all kinds: with a kick, a drift, both or neither, forward and back.
func randomMaps(r *rand.Rand, count, n int, h float64) (maps []float64) {
	const star = 3e-4
	for range count {
		drift, kick := h*(1+r.Float64()), h
		switch r.IntN(6) {
		case 0:
			drift = 0
		case 1:
			kick = 0
		case 2:
			drift, kick = -drift, -kick
		}
		twist := [2]float64{0, 1e-8}[r.IntN(2)]
		maps = append(maps, drift, kick*star, twist, math.Abs(kick))
		maps = append(maps, 1e-9*r.NormFloat64(), 1e-9*r.NormFloat64(), 1e-9*r.NormFloat64(), 0)
		for range n {
			maps = append(maps, 3*r.NormFloat64(), 3*r.NormFloat64(), 0.1*r.NormFloat64(), kick*1e-7*r.Float64())
		}
	}
	return maps
}

// randomBodies returns rows of bodies around a star: most on ellipses whose arcs are short for steps of a few days, some
// near the star, on hyperbolas, at rest, or at the star itself.
func randomBodies(r *rand.Rand, n int) (rows []float64) {
	const star = 3e-4
	for i := range n {
		a, phase, speed := 0.7+3*r.Float64(), 7*r.Float64(), 1+0.2*r.NormFloat64()
		switch r.IntN(12) {
		case 0:
			a = 0.03
		case 1:
			speed = 3
		case 2:
			speed = 0
		case 3:
			if i%5 == 0 {
				a = 0
			}
		}
		v := speed * math.Sqrt(star/max(a, 0.01))
		rows = append(rows, a*math.Cos(phase), a*math.Sin(phase), 0.1*a*r.NormFloat64(), -v*math.Sin(phase), v*math.Cos(phase), 0.1*v*r.NormFloat64())
	}
	return rows
}

// sameNumbers reports whether a and b have the same bits, or are both not numbers.
func sameNumbers(a, b []float64) bool {
	for i := range a {
		if math.Float64bits(a[i]) != math.Float64bits(b[i]) && !(a[i] != a[i] && b[i] != b[i]) {
			return false
		}
	}
	return len(a) == len(b)
}

// The forms move bodies by maps with the bits of Follow: any number of bodies, planets and maps, arcs that are not quick
// beside others, and bodies that meet a planet or the star.
func TestGroupsFollow(t *testing.T) {
	for _, form := range Forms() {
		r := rand.New(rand.NewPCG(1, 2))
		g := NewGroup(form)
		for _, bodies := range []int{0, 1, 2, 7, 8, 9, 13, 16, 31, 32, 33, 64, 97, 131} {
			for _, n := range []int{0, 1, 3, 7, 8, 9, 17} {
				for _, h := range []float64{4, 60} {
					count := []int{0, 1, 2, 5, groupMaps, groupMaps + 1}[r.IntN(6)]
					maps := randomMaps(r, count, n, h)
					rows := randomBodies(r, bodies)
					if n > 0 && count > 0 && bodies > 3 { // one of them meets the last planet
						copy(rows[3*6:], maps[len(maps)-4:len(maps)-1])
					}
					want := append([]float64(nil), rows...)
					for i := range bodies {
						x, v := [3]float64(want[6*i:]), [3]float64(want[6*i+3:])
						Follow(&x, &v, maps, n, 3e-4)
						copy(want[6*i:], x[:])
						copy(want[6*i+3:], v[:])
					}
					guarded := append(rows, 1, 2, 3, 4, 5, 6)
					g.Follow(guarded[:len(rows)], maps, n, 3e-4)
					if !sameNumbers(guarded[:len(rows)], want) {
						t.Fatalf("%s, %d bodies, %d planets, %d maps of %v: other bits than the contract", form.Name, bodies, n, count, h)
					}
					if !sameNumbers(guarded[len(rows):], []float64{1, 2, 3, 4, 5, 6}) {
						t.Fatalf("%s, %d bodies: wrote behind them", form.Name, bodies)
					}
				}
			}
		}
	}
}

// Bodies without mass beside planets have the bits of Follow by the planets' maps, whether or not these are filled up.
func TestMapsOfPlanets(t *testing.T) {
	for _, form := range Forms() {
		for n := range 18 {
			const light, h = 13, 4
			p := random(form, n, light, uint64(n))
			p.SetDrift(h)
			p.SetKick(h, 1e-8)
			var rows, maps, padded []float64
			for i := range light {
				x, v := p.Get(n + i)
				rows = append(append(rows, x[:]...), v[:]...)
			}
			for range 20 {
				p.Kick()
				p.Drift()
				p.kicks[0] = h
				maps = append(maps, p.kicks[:MapWidth*MapRows(n)]...)
				padded = append(padded, p.kicks...)
			}
			other := append([]float64(nil), rows...)
			NewGroup(form).Follow(rows, maps, n, p.star)
			NewGroup(form).Follow(other, padded, max(n, Lanes), p.star)
			var want []float64
			for i := range light {
				x, v := p.Get(n + i)
				want = append(append(want, x[:]...), v[:]...)
			}
			if !sameNumbers(rows, want) || !sameNumbers(other, want) {
				t.Errorf("%s, %d planets: maps give other bits than the planets", form.Name, n)
			}
		}
	}
}

// An arc of a body that a planet has thrown out ends at a place on a straight line, and one beyond the range of numbers
// in NaN.
func TestExtremeArcs(t *testing.T) {
	for _, speed := range []float64{1, 1e5, 1e10, 1e20} {
		for _, h := range []float64{5, -5, 1e4} {
			x, v := [3]float64{1, 2, 3}, [3]float64{0, 0, speed}
			Kepler(&x, &v, 3e-4, h)
			if want := h * speed; speed > 1 && !(math.Abs(x[2]-want) <= 1e-3*math.Abs(want)) {
				t.Errorf("speed %v for %v: at %v, want about %v", speed, h, x[2], want)
			}
		}
	}
	for _, v := range []float64{math.Inf(1), math.NaN(), 1e300} {
		x, v := [3]float64{1, 2, 3}, [3]float64{0, 0, v}
		Kepler(&x, &v, 3e-4, 5)
		for k := range 3 {
			if math.Float64bits(x[k]) != math.Float64bits(math.NaN()) || math.Float64bits(v[k]) != math.Float64bits(math.NaN()) {
				t.Errorf("%v, %v, want NaN", x, v)
			}
		}
	}
}

func BenchmarkFollow(b *testing.B) {
	for _, n := range []int{0, 1, 4, 8, 9, 16} {
		for _, form := range Forms() {
			b.Run(fmt.Sprintf("%d/%s", n, form.Name), func(b *testing.B) {
				r := rand.New(rand.NewPCG(1, 2))
				const bodies, steps = 128, 64
				var maps, rows []float64
				for range steps {
					maps = append(maps, 5, 5*3e-4, 1e-8, 1, 1e-9, 1e-9, 1e-9, 0)
					for range n {
						maps = append(maps, 5+r.Float64(), 3*r.NormFloat64(), 0.1*r.NormFloat64(), 5e-7*r.Float64())
					}
				}
				for range bodies {
					a, phase := 2+r.Float64(), 7*r.Float64()
					v := math.Sqrt(3e-4 / a)
					rows = append(rows, a*math.Cos(phase), a*math.Sin(phase), 0.1*r.NormFloat64(), -v*math.Sin(phase), v*math.Cos(phase), 0.1*v*r.NormFloat64())
				}
				g, start := NewGroup(form), append([]float64(nil), rows...)
				for b.Loop() {
					copy(rows, start)
					g.Follow(rows, maps, n, 3e-4)
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(bodies*steps*b.N), "ns/step")
			})
		}
	}
}
