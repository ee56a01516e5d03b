package poisson

import "math"

// leastPivot is the part of a diagonal below which a pivot is but rounding.
const leastPivot = 0x1p-40

// cholesky solves the equations of the coarsest grid, in float64.
type cholesky struct {
	points       []int       // the free points, row by row
	lower, upper [][]float64 // the columns of the factor after the diagonal, and its rows before it
	inverse      []float64   // of the diagonal; 0 for a point without equation of its own
	x            []float64
}

func newCholesky(g *grid) *cholesky {
	s := &cholesky{}
	number := make([]int, g.rows*g.cols)
	for at := range number {
		number[at] = -1
		if g.state[g.at(at/g.cols, at%g.cols)] == free {
			number[at] = len(s.points)
			s.points = append(s.points, at)
		}
	}
	n := len(s.points)
	a := make([][]float64, n)
	for p := range a {
		a[p] = make([]float64, n)
	}
	for p, at := range s.points {
		i, j := at/g.cols, at%g.cols
		c := g.at(i, j)
		a[p][p] += g.diagonal[c]
		join := func(i, j int, v float64) {
			if v == 0 {
				return
			}
			if q := number[(i+g.rows)%g.rows*g.cols+(j+g.cols)%g.cols]; q >= 0 {
				a[p][q] -= v
				a[q][p] -= v
			}
		}
		join(i, j+1, g.east[c])
		join(i+1, j, g.south[c])
		if g.nine {
			join(i+1, j+1, g.southEast[c])
			join(i+1, j-1, g.southWest[c])
		}
	}
	s.factor(a)
	return s
}

// factor sets the factor of a, which it destroys.
func (s *cholesky) factor(a [][]float64) {
	n := len(a)
	s.inverse, s.x = make([]float64, n), make([]float64, n)
	for j := range n {
		before := a[j][j]
		for k := range j {
			a[j][j] -= float64(a[j][k] * a[j][k])
		}
		if d := a[j][j]; d > leastPivot*before {
			s.inverse[j] = 1 / math.Sqrt(d)
		}
		for i := j + 1; i < n; i++ {
			v := a[i][j]
			for k := range j {
				v -= float64(a[i][k] * a[j][k])
			}
			a[i][j] = v * s.inverse[j]
		}
	}
	for j := range n {
		column := make([]float64, 0, n-j)
		for i := j + 1; i < n; i++ {
			column = append(column, a[i][j])
		}
		s.lower, s.upper = append(s.lower, column), append(s.upper, a[j][:j])
	}
}

// solve sets u to the solution with the right side f, and to 0 where points are not free.
func (s *cholesky) solve(f, u []float32) {
	x := s.x
	for p, at := range s.points {
		x[p] = float64(f[at])
	}
	for j, column := range s.lower {
		v := x[j] * s.inverse[j]
		x[j] = v
		rest := x[j+1:][:len(column)]
		for i, l := range column {
			rest[i] -= float64(l * v)
		}
	}
	for j := len(x) - 1; j >= 0; j-- {
		v := x[j] * s.inverse[j]
		x[j] = v
		rest := x[:j]
		for i, l := range s.upper[j] {
			rest[i] -= float64(l * v)
		}
	}
	clear(u)
	for p, at := range s.points {
		u[at] = flush(float32(x[p]), networkFloor32)
	}
}
