package solar

import "testing"

// BenchmarkThirtyYears integrates the eleven bodies over 30 years with each method's defaults.
func BenchmarkThirtyYears(b *testing.B) {
	for _, name := range Integrators() {
		for label, relativity := range map[string]bool{"newton": false, "gr": true} {
			b.Run(name+"/"+label, func(b *testing.B) {
				var report Report
				for b.Loop() {
					_, report = runTo(b, must(J2000())(b), Options{Integrator: name, Relativity: relativity}, 2462502.5)
				}
				b.ReportMetric(float64(report.Steps), "steps")
				b.ReportMetric(float64(report.Evaluations), "evals")
			})
		}
	}
}

func BenchmarkInvariants(b *testing.B) {
	sys := must(J2000())(b)
	for b.Loop() {
		Measure(sys)
	}
}
