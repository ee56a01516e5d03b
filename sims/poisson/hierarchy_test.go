package poisson

import (
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"testing"

	"offload/device"
)

// largeProblem returns a random problem, every second time one that several goroutines share.
func largeProblem(seed uint64) *Problem {
	r := rand.New(rand.NewPCG(seed, 2))
	p := mixedProblem(r)
	if seed%2 == 0 {
		return p
	}
	p.Rows, p.Cols = 100+r.IntN(130), 100+r.IntN(130)
	for _, m := range []*[]float64{&p.Source, &p.Conductivity, &p.Reaction} {
		if *m == nil {
			continue
		}
		*m = make([]float64, p.Rows*p.Cols)
		for i := range *m {
			(*m)[i] = max(0, r.Float64()-0.05)
		}
	}
	if p.Held != nil {
		p.Held = make([]bool, p.Rows*p.Cols)
		for i := range p.Held {
			p.Held[i] = r.IntN(50) == 0
		}
	}
	return p
}

func sameGrids(a, b *grid) bool {
	for _, m := range [][2][]float64{{a.east, b.east}, {a.south, b.south}, {a.southEast, b.southEast}, {a.southWest, b.southWest}, {a.loss, b.loss}, {a.diagonal, b.diagonal}} {
		if !slices.Equal(m[0], m[1]) {
			return false
		}
	}
	return slices.Equal(a.state, b.state)
}

// A hierarchy does not depend on the number of goroutines, and regular points have the
// values that the formulas for any point give.
func TestHierarchy(t *testing.T) {
	ctx := context.Background()
	for seed := range uint64(60) {
		p := largeProblem(seed)
		if p.check() != nil {
			continue
		}
		a, err := assemble(ctx, 1, p)
		if errors.Is(err, device.ErrInvalid) {
			continue
		}
		shared, err2 := assemble(ctx, 3, p)
		if err != nil || err2 != nil {
			t.Fatal(err, err2)
		}
		if !sameGrids(a.finest, shared.finest) || a.unit != shared.unit || !slices.Equal(a.area, shared.area) {
			t.Fatalf("seed %d: the equations depend on the number of goroutines", seed)
		}
		pairs, _, err := hierarchy(ctx, 1, a.finest)
		if err != nil {
			t.Fatal(err)
		}
		sharedPairs, _, err := hierarchy(ctx, 3, shared.finest)
		if err != nil {
			t.Fatal(err)
		}
		for k, q := range pairs {
			plain, err := pointByPoint(q)
			if err != nil {
				t.Fatal(err)
			}
			for name, other := range map[string]*pairOfGrids{"by three goroutines": sharedPairs[k], "point by point": plain} {
				if !sameGrids(q.coarse, other.coarse) {
					t.Errorf("seed %d, level %d, %s: the coarser grid differs", seed, k, name)
				}
				for i := range q.weights {
					if !slices.Equal(q.weights[i], other.weights[i]) {
						t.Errorf("seed %d, level %d, %s: weights %d differ", seed, k, name, i)
					}
				}
			}
		}
	}
}

// pointByPoint returns the same pair of grids, set up without what is special for regular
// points.
func pointByPoint(q *pairOfGrids) (*pairOfGrids, error) {
	g, h := q.fine, q.coarse
	p := &pairOfGrids{fine: g, rows: q.rows, cols: q.cols, coarse: newGrid(h.rows, h.cols, h.wrapCols, h.wrapRows, true)}
	for k := range p.weights {
		p.weights[k] = make([]float64, len(g.state))
	}
	p.holdCoarse()
	points := func(do func(i, j int)) {
		for i := range g.rows {
			for j := range g.cols {
				do(i, j)
			}
		}
	}
	for i := range g.rows {
		p.interpolateRow(i)
	}
	g.fill(p.weights[:]...)
	points(func(i, j int) {
		rowAt, _ := p.rows.at(i)
		if colAt, _ := p.cols.at(j); !rowAt && !colAt {
			p.interpolateFour(i, j)
		}
	})
	g.fill(p.weights[:]...)
	for i := range g.rows {
		p.dropHeld(i)
	}
	g.fill(p.weights[:]...)
	points(func(i, j int) { p.multiplyPoint(i, j, true, true) })
	return p, p.finishOperator(context.Background(), 1)
}

// The first error of a piece ends the others.
func TestCrewErrors(t *testing.T) {
	failure := errors.New("failure")
	for _, c := range []crew{1, 2, 5} {
		if err := c.rows(context.Background(), 100, 1<<12, func(r device.Range) error {
			if r.Lo <= 50 && r.Hi > 50 {
				return failure
			}
			return nil
		}); err != failure {
			t.Errorf("%d goroutines: error %v", c, err)
		}
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		if err := c.rows(ctx, 100, 1<<12, func(device.Range) error { return nil }); !errors.Is(err, context.Canceled) {
			t.Errorf("%d goroutines: error %v after the end of the context", c, err)
		}
	}
}

// Pieces have all rows, each of them once.
func TestCrewPieces(t *testing.T) {
	for _, c := range []crew{1, 2, 5} {
		for _, n := range []int{1, 3, 4, 7, 100} {
			seen := make([]int, n)
			if err := c.rows(context.Background(), n, 1<<13, func(r device.Range) error {
				for i := r.Lo; i < r.Hi; i++ {
					seen[i]++
				}
				return nil
			}); err != nil {
				t.Fatal(err)
			}
			if slices.Min(seen) != 1 || slices.Max(seen) != 1 {
				t.Errorf("%d goroutines: rows were set %d times", c, seen)
			}
		}
	}
}
