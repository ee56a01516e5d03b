package docs_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"math"

	"offload/cluster"
	"offload/cpu"
	"offload/device"
)

func Example_farm() {
	roots := func(ctx context.Context, c *cluster.Comm) error {
		numbers := []float64{1, 4, 9, 16, 25}
		roots, err := cluster.Map(ctx, c, numbers, func(_ context.Context, x float64) (float64, error) {
			return math.Sqrt(x), nil
		})
		if err != nil {
			return err
		}
		if c.Rank() == 0 {
			fmt.Println(roots)
		}
		return nil
	}
	if err := cluster.Run(context.Background(), 3, roots); err != nil {
		log.Fatal(err)
	}
	// Output: [1 2 3 4 5]
}

var errNegative = errors.New("negative")

func Example_farmErrors() {
	err := cluster.Run(context.Background(), 3, func(ctx context.Context, c *cluster.Comm) error {
		numbers := []float64{1, 4, -9, 16, -25}
		_, err := cluster.Map(ctx, c, numbers, func(_ context.Context, x float64) (float64, error) {
			if x < 0 {
				return 0, fmt.Errorf("the root of %v: %w", x, errNegative)
			}
			return math.Sqrt(x), nil
		}, cluster.KnownErrors(errNegative))
		return err
	})
	var failed *cluster.ItemError
	if errors.As(err, &failed) {
		fmt.Println("item", failed.Item, "failed:", failed.Err)
	}
	fmt.Println(errors.Is(err, errNegative))
	// Output:
	// item 2 failed: the root of -9: negative
	// true
}

// slice returns the accelerations, rows of x, y, z, of the bodies of a range.
func slice(bodies []float64, r device.Range) []float64 {
	var out []float64
	for i := r.Lo; i < r.Hi; i++ {
		var a [3]float64
		for j := range len(bodies) / 4 {
			if j == i {
				continue
			}
			dx, dy, dz := bodies[4*j]-bodies[4*i], bodies[4*j+1]-bodies[4*i+1], bodies[4*j+2]-bodies[4*i+2]
			square := dx*dx + dy*dy + dz*dz
			w := bodies[4*j+3] / (square * math.Sqrt(square))
			a[0] += w * dx
			a[1] += w * dy
			a[2] += w * dz
		}
		out = append(out, a[:]...)
	}
	return out
}

func Example_farmSolarSystem() {
	err := cluster.Run(context.Background(), 2, func(ctx context.Context, c *cluster.Comm) error {
		bodies, velocities := solarSystem()
		slices := cpu.Distribute(len(bodies)/4, 3)
		pool, err := cpu.NewPool(1)
		if err != nil {
			return err
		}
		defer pool.Close()
		err = orbit(bodies, velocities, 1, 365, func(bodies, accelerations []float64) error {
			parts, err := cluster.Map(ctx, c, slices, func(_ context.Context, r device.Range) ([]float64, error) {
				return slice(bodies, r), nil
			}, cluster.On(pool))
			for i, part := range parts {
				copy(accelerations[3*slices[i].Lo:], part)
			}
			return err
		})
		if err == nil && c.Rank() == 0 {
			fmt.Printf("the Earth after a year: %.2f\n", bodies[4:6])
		}
		return err
	})
	if err != nil {
		log.Fatal(err)
	}
	// Output: the Earth after a year: [1.00 -0.00]
}

// band is a processor's part of a plate: its rows, with one above and one below that
// belong to its neighbours or to the edge of the plate.
type band struct {
	rows, next [][]float64
}

// cut sets the band of processor i of n: rows of zeros below an edge of 100 degrees.
func (b *band) cut(i, n, height, width int) {
	r := cpu.Distribute(height, n)[i]
	for range r.Len() + 2 {
		b.rows = append(b.rows, make([]float64, width))
		b.next = append(b.next, make([]float64, width))
	}
	for c := range width {
		if i == 0 {
			b.rows[0][c] = 100
		}
	}
}

// sweep makes each inner point the mean of its neighbours, and returns the sum of the
// squares of the changes.
func (b *band) sweep() float64 {
	sum := 0.0
	for r := 1; r < len(b.rows)-1; r++ {
		for c := 1; c < len(b.rows[r])-1; c++ {
			b.next[r][c] = (b.rows[r-1][c] + b.rows[r+1][c] + b.rows[r][c-1] + b.rows[r][c+1]) / 4
			change := b.next[r][c] - b.rows[r][c]
			sum += change * change
		}
	}
	copy(b.next[0], b.rows[0]) // the edges of the plate stay
	copy(b.next[len(b.next)-1], b.rows[len(b.rows)-1])
	b.rows, b.next = b.next, b.rows
	return sum
}

func Example_supersteps() {
	plate := func(ctx context.Context, c *cluster.Comm) error {
		s, err := cluster.NewSupersteps[band, []float64](c, 4) // four bands, on any number of ranks
		if err != nil {
			return err
		}
		defer s.Close()
		start := func(_ context.Context, p *cluster.Processor[band, []float64]) error {
			p.State.cut(p.Number(), p.Count(), 9, 11)
			return nil
		}
		if err := s.Step(ctx, start); err != nil {
			return err
		}
		sweep := func(_ context.Context, p *cluster.Processor[band, []float64]) error {
			b, i := &p.State, p.Number()
			last := len(b.rows) - 1
			for _, m := range p.Messages() {
				if m.From < i {
					b.rows[0] = m.Message
				} else {
					b.rows[last] = m.Message
				}
			}
			p.Add(0, b.sweep())
			if i > 0 {
				p.Put(i-1, b.rows[1])
			}
			if i < p.Count()-1 {
				p.Put(i+1, b.rows[last-1])
			}
			return nil
		}
		sweeps := 0
		for change := 1.0; change > 1e-8; change = s.Total(0) {
			if err := s.Step(ctx, sweep); err != nil {
				return err
			}
			sweeps++
		}
		middles, err := cluster.Collect(ctx, s, func(p *cluster.Processor[band, []float64]) float64 { return p.State.rows[1][5] })
		if err == nil && c.Rank() == 0 {
			fmt.Printf("%d sweeps, the middle of each band: %.3f\n", sweeps, middles)
		}
		return err
	}
	for _, ranks := range []int{1, 3} {
		if err := cluster.Run(context.Background(), ranks, plate); err != nil {
			log.Fatal(err)
		}
	}
	// Output:
	// 230 sweeps, the middle of each band: [79.882 34.439 17.701 7.419]
	// 230 sweeps, the middle of each band: [79.882 34.439 17.701 7.419]
}
