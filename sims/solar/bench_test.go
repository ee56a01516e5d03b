package solar

import (
	"context"
	"testing"
)

// BenchmarkThirtyYears integrates the eleven bodies over 30 years with the defaults of each method and the serial field.
func BenchmarkThirtyYears(b *testing.B) {
	for _, name := range Integrators() {
		for label, relativity := range map[string]bool{"newton": false, "gr": true} {
			b.Run(name+"/"+label, func(b *testing.B) {
				thirtyYears(b, nil, Options{Integrator: name, Relativity: relativity})
			})
		}
	}
}

// springs is a very cheap field: each body is bound to the origin, with Earth's period.
type springs struct{}

func (springs) Accelerate(_ context.Context, x, a []float64) error {
	for i := range a {
		a[i] = -0.000296 * x[i]
	}
	return nil
}

// BenchmarkIntegratorAlone measures the cost of an integrator without that of its field, in ns/eval.
func BenchmarkIntegratorAlone(b *testing.B) {
	for _, name := range Integrators() {
		if name == "wh" {
			continue
		}
		b.Run(name, func(b *testing.B) { thirtyYears(b, springs{}, Options{Integrator: name}) })
	}
}

func thirtyYears(b *testing.B, field Field, opts Options) {
	sys := systemFor(b, opts.Integrator)
	var report Report
	for b.Loop() {
		sim := must(New(sys, field, opts))(b)
		report = must(sim.Run(context.Background(), 2462502.5, Watch{}))(b)
	}
	b.ReportMetric(float64(report.Steps), "steps")
	b.ReportMetric(float64(report.Evaluations), "evals")
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*report.Evaluations), "ns/eval")
}

// BenchmarkWH measures wh's rate for the eight planets and steps of 5 days, with each form, and with Pluto, which needs a
// second block.
func BenchmarkWH(b *testing.B) {
	const years = 1000
	for _, variant := range []string{"", "avx512", "avx2", "contract", "pluto"} {
		sys := planets(b)
		if variant == "pluto" {
			sys = systemFor(b, "wh")
		}
		b.Run(variant, func(b *testing.B) {
			for b.Loop() {
				runTo(b, sys, Options{Integrator: "wh", Variant: variant}, sys.Epoch+365.25*years)
			}
			b.ReportMetric(float64(b.N)*years/b.Elapsed().Seconds(), "years/s")
		})
	}
}

// BenchmarkField measures one evaluation of the serial field for the eleven bodies.
func BenchmarkField(b *testing.B) {
	sys := must(J2000())(b)
	p, field := NewPhase(sys), Newton(sys.GMs())
	a := make([]float64, len(p.X))
	for b.Loop() {
		if err := field.Accelerate(context.Background(), p.X, a); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkCorrection measures one evaluation of the relativistic terms.
func BenchmarkCorrection(b *testing.B) {
	sys := must(J2000())(b)
	p, correction := NewPhase(sys), must(Schwarzschild(sys))(b)
	a := make([]float64, len(p.X))
	for b.Loop() {
		correction.Add(p.X, p.V, a)
	}
}

func BenchmarkInvariants(b *testing.B) {
	sys := must(J2000())(b)
	for b.Loop() {
		Measure(sys)
	}
}
