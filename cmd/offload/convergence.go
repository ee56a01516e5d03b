package main

import (
	"fmt"
	"math"

	"offload/internal/progress"
)

// convergence turns residuals into a part of the way to the tolerance: both fall
// by about the same factor in each sweep.
type convergence struct {
	tol    float64
	sweeps int     // limit, if any
	first  float64 // residual of the first look
	bar    *progress.Bar
}

func (c *convergence) step(sweeps int, residual float64) {
	if c.first == 0 {
		c.first = residual
	}
	c.bar.Label(fmt.Sprintf("residual %.2e", residual))
	if c.tol == 0 {
		c.bar.Set(float64(sweeps) / float64(c.sweeps))
		return
	}
	c.bar.Set(math.Log(c.first/residual) / math.Log(c.first/c.tol))
}
