package poisson

import "testing"

// A solution lies between the values that are given; the first guess does not matter.
func TestBounds(t *testing.T) {
	insulated := Edge{Kind: Insulated}
	for _, c := range []struct {
		name           string
		change         func(p *Problem)
		least, largest float32
		ok             bool
	}{
		{"fixed edges", func(*Problem) {}, 1, 4, true},
		{"insulated above and below", func(p *Problem) { p.Top, p.Bottom = insulated, insulated }, 2, 4, true},
		{"a point held", func(p *Problem) { p.Held = []bool{12: true, 24: false} }, 1, 9, true},
		{"convection", func(p *Problem) { p.Top = Edge{Kind: Convection, Transfer: 2, Ambient: -3} }, -3, 4, true},
		{"convection without transfer", func(p *Problem) { p.Top = Edge{Kind: Convection, Ambient: -3} }, 2, 4, true},
		{"a hole", func(p *Problem) {
			p.Conductivity = make([]float64, 25)
			for i := range p.Conductivity {
				p.Conductivity[i] = float64(i % 2)
			}
		}, -5, 9, true},
		{"a source", func(p *Problem) { p.Source = make([]float64, 25) }, 0, 0, false},
		{"reaction", func(p *Problem) { p.Reaction = make([]float64, 25) }, 0, 0, false},
		{"a flux", func(p *Problem) { p.Top = Edge{Kind: Flux, Flux: 1} }, 0, 0, false},
		{"a flux of 0", func(p *Problem) { p.Top = Edge{Kind: Flux} }, 2, 4, true},
		{"nothing held", func(p *Problem) { p.Top, p.Bottom, p.Left, p.Right = insulated, insulated, insulated, insulated }, 0, 0, false},
	} {
		p := &Problem{Rows: 5, Cols: 5}
		c.change(p)
		u := []float32{
			2, 1, 1, 1, 4,
			2, 0, -5, 0, 4,
			2, 0, 9, 0, 4,
			2, 0, 0, 0, 4,
			3, 3, 3, 3, 3,
		}
		least, largest, ok := Bounds(p, u)
		if ok != c.ok || ok && (least != c.least || largest != c.largest) {
			t.Errorf("%s: %v to %v, %v", c.name, least, largest, ok)
		}
	}
}
