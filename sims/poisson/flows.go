package poisson

import "offload/device"

// Flows are flows of heat into the points that do not keep their values, in W for each
// metre of thickness.
type Flows struct {
	Top, Bottom, Left, Right float64 // through edges with a flux or with convection
	Held                     float64 // from points that keep their values
	Sources                  float64 // sources less reaction
}

// Edges returns the flow through all edges.
func (f Flows) Edges() float64 { return (f.Top + f.Bottom) + (f.Left + f.Right) }

// Total returns the sum of all flows; it is 0 in the stationary state.
func (f Flows) Total() float64 { return f.Edges() + f.Held + f.Sources }

// HeatFlows returns the flows at the temperatures u. The problem must be valid and u have
// its shape.
func HeatFlows[T device.Float](p *Problem, u []T) Flows {
	var f Flows
	dx, dy := p.spacing()
	p.eachFree(func(i, j, at int, width, height float64) {
		q := 0.0
		if p.Source != nil {
			q = p.Source[at]
		}
		if p.Reaction != nil {
			q -= float64(p.Reaction[at] * float64(u[at]))
		}
		f.Sources += float64(q * float64(width*height))
		for _, e := range [4]struct {
			there  bool
			edge   Edge
			length float64
			flow   *float64
		}{
			{i == 0, p.Top, width, &f.Top}, {i == p.Rows-1, p.Bottom, width, &f.Bottom},
			{j == 0, p.Left, height, &f.Left}, {j == p.Cols-1, p.Right, height, &f.Right},
		} {
			switch {
			case !e.there:
			case e.edge.Kind == Flux:
				*e.flow += float64(e.edge.Flux * e.length)
			case e.edge.Kind == Convection:
				*e.flow += float64(float64(e.edge.Transfer*e.length) * (e.edge.Ambient - float64(u[at])))
			}
		}
		from := func(i, j int, conductance float64) {
			if i, j, ok := p.neighbour(i, j); ok && p.keeps(i, j) {
				g := float64(harmonic(p.k(at), p.k(i*p.Cols+j)) * conductance)
				f.Held += float64(g * (float64(u[i*p.Cols+j]) - float64(u[at])))
			}
		}
		from(i, j-1, height/dx)
		from(i, j+1, height/dx)
		from(i-1, j, width/dy)
		from(i+1, j, width/dy)
	})
	return f
}

// Integral returns the sum of density over the points that do not keep their values, each
// times the area of its cell in m². The argument of density is the index of a point.
func (p *Problem) Integral(density func(at int) float64) float64 {
	sum := 0.0
	p.eachFree(func(_, _, at int, width, height float64) {
		sum += float64(density(at) * float64(width*height))
	})
	return sum
}

// eachFree calls do for the points that do not keep their values, with the sides of their
// cells in m.
func (p *Problem) eachFree(do func(i, j, at int, width, height float64)) {
	dx, dy := p.spacing()
	for i := range p.Rows {
		height := dy * share(i, p.Rows, p.Top.Kind == Periodic)
		for j := range p.Cols {
			if !p.keeps(i, j) {
				do(i, j, i*p.Cols+j, dx*share(j, p.Cols, p.Left.Kind == Periodic), height)
			}
		}
	}
}

// neighbour returns the point at (i, j), around periodic edges, and reports whether there
// is one.
func (p *Problem) neighbour(i, j int) (row, col int, ok bool) {
	if p.Top.Kind == Periodic {
		i = (i + p.Rows) % p.Rows
	}
	if p.Left.Kind == Periodic {
		j = (j + p.Cols) % p.Cols
	}
	return i, j, i >= 0 && i < p.Rows && j >= 0 && j < p.Cols
}

// k returns the conductivity of a point.
func (p *Problem) k(at int) float64 {
	if p.Conductivity != nil {
		return p.Conductivity[at]
	}
	return p.conductivity()
}
