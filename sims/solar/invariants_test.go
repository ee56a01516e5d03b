package solar

import (
	"errors"
	"math"
	"math/big"
	"math/rand/v2"
	"testing"
)

func TestMeasureTwoBodies(t *testing.T) {
	sys := &System{Bodies: []Body{
		{Name: "a", GM: 3, X: [3]float64{-1}, V: [3]float64{0, -1}},
		{Name: "b", GM: 1, X: [3]float64{3}, V: [3]float64{0, 3, 4}},
	}}
	got := Measure(sys)
	got.energy, got.spin = dd{}, dd3{}
	want := Invariants{
		Mass:            4,
		Energy:          1.5 + 12.5 - 0.75,
		AngularMomentum: [3]float64{0, -12, 12},
		Momentum:        [3]float64{0, 0, 4},
		Velocity:        [3]float64{0, 0, 1},
	}
	if got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func TestMasslessSystemHasNoBarycentre(t *testing.T) {
	got := Measure(&System{Bodies: []Body{{Name: "a", X: [3]float64{1}}, {Name: "b", X: [3]float64{1}}}})
	if got.Barycentre != [3]float64{} || got.Energy != 0 {
		t.Errorf("got %+v", got)
	}
}

// Double-double operations agree with 200-bit arithmetic to 2^-100.
func TestDoubleDouble(t *testing.T) {
	wide := func() *big.Float { return new(big.Float).SetPrec(200) }
	exact := func(a dd) *big.Float { return wide().Add(wide().SetFloat64(a.hi), wide().SetFloat64(a.lo)) }
	rng := rand.New(rand.NewPCG(1, 2))
	for range 1000 {
		a := renormal(rng.Float64()+0.5, (rng.Float64()-0.5)*0x1p-54)
		b := renormal(rng.Float64()+0.5, (rng.Float64()-0.5)*0x1p-54)
		for name, pair := range map[string][2]*big.Float{
			"add":  {exact(a.add(b)), wide().Add(exact(a), exact(b))},
			"mul":  {exact(a.mul(b)), wide().Mul(exact(a), exact(b))},
			"div":  {exact(a.div(b)), wide().Quo(exact(a), exact(b))},
			"sqrt": {exact(a.sqrt()), wide().Sqrt(exact(a))},
		} {
			if diff, _ := wide().Sub(pair[0], pair[1]).Float64(); math.Abs(diff) > 0x1p-100 {
				t.Fatalf("%s of %v and %v is off by %g", name, a, b, diff)
			}
		}
	}
}

func TestCompare(t *testing.T) {
	want := Snapshot{JD: 10, Bodies: []State{{Name: "b"}, {Name: "a", X: [3]float64{1, 1, 1}}}}
	got := Snapshot{JD: 10, Bodies: []State{{Name: "a", X: [3]float64{1, 4, 5}}, {Name: "c"}, {Name: "b"}}}
	d := must(Compare(got, want))(t)
	if len(d) != 2 || d[0] != (Difference{"b", 0}) || d[1] != (Difference{"a", 5 * AU}) {
		t.Errorf("got %+v", d)
	}
	for name, bad := range map[string]Snapshot{
		"another date":   {JD: 11, Bodies: got.Bodies},
		"a body missing": {JD: 10, Bodies: got.Bodies[:1]},
		"no date":        {JD: math.NaN(), Bodies: got.Bodies},
	} {
		if _, err := Compare(bad, want); !errors.Is(err, ErrInput) {
			t.Errorf("%s: %v, want ErrInput", name, err)
		}
	}
}

func TestValidate(t *testing.T) {
	good := Body{Name: "a", GM: 1}
	for name, sys := range map[string]System{
		"no bodies":     {},
		"epoch":         {Epoch: math.NaN(), Bodies: []Body{good}},
		"name":          {Bodies: []Body{{Name: " a"}}},
		"same name":     {Bodies: []Body{good, good}},
		"negative mass": {Bodies: []Body{{Name: "a", GM: -1}}},
		"infinite mass": {Bodies: []Body{{Name: "a", GM: math.Inf(1)}}},
		"position":      {Bodies: []Body{{Name: "a", X: [3]float64{0, math.NaN()}}}},
		"velocity":      {Bodies: []Body{{Name: "a", V: [3]float64{0, 0, math.Inf(-1)}}}},
	} {
		if err := sys.Validate(); !errors.Is(err, ErrInput) {
			t.Errorf("%s: %v, want ErrInput", name, err)
		}
	}
	if sys := must(J2000())(t); sys.Validate() != nil || sys.Index("Moon") != 4 || sys.Index("Vulcan") != -1 {
		t.Error("J2000 is not what it was")
	}
}

// Merged bodies keep the system's mass, momentum and centre.
func TestMergeKeeps(t *testing.T) {
	sys := must(J2000())(t)
	joined := must(sys.Merge("Earth-Moon", "Earth", "Moon"))(t)
	if len(joined.Bodies) != len(sys.Bodies)-1 || joined.Index("Earth-Moon") != sys.Index("Earth") || joined.Index("Moon") >= 0 {
		t.Errorf("bodies %v", joined.Bodies)
	}
	before, after := Measure(sys), Measure(joined)
	for k := range 3 {
		if math.Abs(after.Momentum[k]-before.Momentum[k]) > 1e-25 || math.Abs(after.Barycentre[k]-before.Barycentre[k]) > 1e-18 {
			t.Errorf("momentum %v, then %v; centre %v, then %v", before.Momentum, after.Momentum, before.Barycentre, after.Barycentre)
		}
	}
}
