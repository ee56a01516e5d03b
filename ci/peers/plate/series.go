package main

import (
	"math"

	"offload/sims/plate"
)

// top is the temperature of the hot edge.
const top = 100

// modes holds the terms of the Fourier series of the steady state in the middle of the
// plate, a quarter of it away from each edge:
//
//	Σ 4·top/(kπ) · sin(kπx) · sinh(kπ(1−y)) / sinh(kπ), k = 1, 3, 5, …
type modes struct {
	margin       int // first row and column in the middle
	across, down [][]float64
}

// terms is the number of terms; the next one is below 10⁻¹⁹ there.
const terms = 30

func series(n int) modes {
	m := modes{margin: n / 4}
	side := n - 2*m.margin
	for t := range terms {
		k := float64(2*t+1) * math.Pi
		across, down := make([]float64, side), make([]float64, side)
		for i := range side {
			x := float64(m.margin+i) / float64(n-1)
			across[i] = math.Sin(k * x)
			down[i] = 4 * top / k * math.Exp(-k*x) * math.Expm1(-2*k*(1-x)) / math.Expm1(-2*k)
		}
		m.across, m.down = append(m.across, across), append(m.down, down)
	}
	return m
}

// distance returns the largest distance of f from the series in the middle of the plate.
// Near the corners, where the edges jump, no grid resolves the solution.
func (m modes) distance(f *plate.Field[float64]) float64 {
	most := 0.0
	sum := make([]float64, f.Cols-2*m.margin)
	for i := range f.Rows - 2*m.margin {
		clear(sum)
		for t := range terms {
			d := m.down[t][i]
			for j, a := range m.across[t] {
				sum[j] += float64(d * a)
			}
		}
		for j, want := range sum {
			most = max(most, math.Abs(f.At(m.margin+i, m.margin+j)-want))
		}
	}
	return most
}

// discrete returns the distance from the series of the solution of the discrete equations,
// within a percent from 33 points on.
func discrete(n int) float64 {
	h := 1 / float64(n-1)
	return 31.65 * h * h
}

// sweeps returns the number of Jacobi sweeps that reduce the distance of the first guess 0
// from the solution of the discrete equations to discrete(n). Only the slowest mode is left
// by then. It has 4·top/π² at the start, and a sweep multiplies it by the spectral radius
// cos(π/(n−1)).
func sweeps(n int) float64 {
	radius := math.Cos(math.Pi / float64(n-1))
	return math.Ceil(math.Log(4*top/(math.Pi*math.Pi)/discrete(n)) / -math.Log(radius))
}
