// Command plate measures how long the steady state of a square plate takes, in float64 on
// the cpu device. The plate has N × N points, one edge at 100 and the others at 0.
//
//	plate multigrid|jacobi N WORKERS REPS
//
// It prints one JSON object per repetition; each starts from a fresh first guess. multigrid
// ends at its default tolerance. jacobi ends at the error that the solution of the discrete
// equations has itself; after 2³⁰ updates of a point its time is extrapolated.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"log"
	"os"
	"strconv"
	"time"

	"offload/cpu"
	"offload/device"
	"offload/sims/plate"
	"offload/sims/poisson"
)

// result describes a repetition.
type result struct {
	Method   string  `json:"method"`
	N        int     `json:"n"`
	Workers  int     `json:"workers"`
	Seconds  float64 `json:"seconds"`
	Alone    float64 `json:"alone,omitempty"` // seconds with the preparation and the memory of a solver
	Cycles   int     `json:"cycles,omitempty"`
	Sweeps   float64 `json:"sweeps"` // of Jacobi's method; see the function sweeps
	Residual float64 `json:"residual"`
	Error    float64 `json:"error"`             // largest distance from the Fourier series in the middle
	Partial  bool    `json:"partial,omitempty"` // the time is extrapolated
}

func main() {
	log.SetFlags(0)
	log.SetPrefix("plate: ")
	if err := run(context.Background(), os.Args[1:]); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context, args []string) error {
	if len(args) != 4 {
		return fmt.Errorf("usage: plate multigrid|jacobi N WORKERS REPS")
	}
	solve, ok := map[string]solver{"multigrid": multigrid, "jacobi": jacobi}[args[0]]
	if !ok {
		return fmt.Errorf("no method %s", args[0])
	}
	var numbers [3]int
	for i := range numbers {
		n, err := strconv.Atoi(args[i+1])
		if err != nil || n < 1 {
			return fmt.Errorf("%q is not a number of at least 1", args[i+1])
		}
		numbers[i] = n
	}
	n, workers, reps := numbers[0], numbers[1], numbers[2]
	if n < 33 {
		return fmt.Errorf("%d × %d points are too few for the estimate of the error", n, n)
	}
	dev, err := cpu.Open(ctx, device.Options{Workers: workers})
	if err != nil {
		return err
	}
	defer dev.Close()
	s, err := poisson.NewSolver[float64](ctx, dev, &poisson.Problem{Rows: n, Cols: n})
	if err != nil {
		return err
	}
	defer s.Close()
	exact := series(n)
	out := json.NewEncoder(os.Stdout)
	f, err := plate.NewField[float64](n, n, plate.Edges{Top: top})
	if err != nil {
		return err
	}
	for rep := -1; rep < reps; rep++ { // the first one is cold and does not count
		for i := 1; i < n-1; i++ {
			clear(f.T[i*n:][1 : n-1])
		}
		r := result{Method: args[0], N: n, Workers: workers, Sweeps: sweeps(n)}
		if err := solve(ctx, dev, s, f, &r); err != nil {
			return err
		}
		if rep < 0 {
			continue
		}
		r.Error = exact.distance(f)
		if !r.Partial && !(r.Error < 2*discrete(n)) {
			return fmt.Errorf("%s, %d × %d points: %g from the solution", r.Method, n, n, r.Error)
		}
		if err := out.Encode(r); err != nil {
			return err
		}
	}
	return nil
}

// solver replaces f by the steady state and completes the result.
type solver func(ctx context.Context, dev device.Device, s *poisson.Solver[float64], f *plate.Field[float64], r *result) error

// multigrid solves by a solver that is ready, and then by one of its own.
func multigrid(ctx context.Context, dev device.Device, s *poisson.Solver[float64], f *plate.Field[float64], r *result) error {
	start := time.Now()
	end, err := s.Solve(ctx, f.T, nil, poisson.Options{})
	r.Seconds = time.Since(start).Seconds()
	if err != nil {
		return err
	}
	start = time.Now()
	end, err = poisson.Solve(ctx, dev, &poisson.Problem{Rows: f.Rows, Cols: f.Cols}, f.T, poisson.Options{})
	r.Alone = time.Since(start).Seconds()
	r.Cycles, r.Residual = end.Cycles, end.Relative
	return err
}

// maxUpdates is the number of updates of a point after which Jacobi's time is extrapolated.
const maxUpdates = 1 << 30

func jacobi(ctx context.Context, dev device.Device, _ *poisson.Solver[float64], f *plate.Field[float64], r *result) error {
	most := max(64, maxUpdates/(f.Rows*f.Cols))
	done := min(most, int(r.Sweeps))
	start := time.Now()
	s, err := plate.Steady(ctx, dev, f, plate.SteadyOptions{MaxSweeps: done})
	r.Seconds = time.Since(start).Seconds() * (r.Sweeps / float64(done))
	r.Residual, r.Partial = s.Residual/top, done < int(r.Sweeps)
	return err
}
