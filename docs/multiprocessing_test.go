package docs_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"math"
	"slices"
	"time"

	"offload"
	"offload/cpu"
	"offload/device"
	"offload/kernels/gravity"
	"offload/kernels/grid"
)

func Example_first() {
	pool, err := cpu.NewPool(0) // one worker for each CPU
	if err != nil {
		log.Fatal(err)
	}
	defer pool.Close()

	square := func(_ context.Context, x int) (int, error) { return x * x, nil }
	squares, err := cpu.Map(context.Background(), pool, []int{1, 2, 3, 4, 5}, square)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(squares)
	// Output: [1 4 9 16 25]
}

func Example_tasks() {
	pool, err := cpu.NewPool(0)
	if err != nil {
		log.Fatal(err)
	}
	defer pool.Close()
	ctx := context.Background()

	const n = 100_000 // intervals, each as wide as 1/n
	var tasks []*device.Future[float64]
	for _, r := range cpu.Distribute(n, 8) {
		tasks = append(tasks, cpu.Submit(ctx, pool, func(context.Context) (float64, error) {
			sum := 0.0
			for i := r.Lo; i < r.Hi; i++ {
				x := (float64(i) + 0.5) / n
				sum += 4 / (1 + x*x) / n
			}
			return sum, nil
		}))
	}
	pi := 0.0
	for _, task := range tasks {
		part, err := task.Get(ctx)
		if err != nil {
			log.Fatal(err)
		}
		pi += part
	}
	fmt.Printf("%.6f\n", pi)
	// Output: 3.141593
}

// queens counts the ways to complete a board of n × n fields on which no queen attacks
// another. Each row has one queen. The bits of columns, left and right are the fields of
// the next row that the queens so far attack.
func queens(n int, columns, left, right uint) int {
	all := uint(1)<<n - 1
	if columns == all {
		return 1
	}
	count := 0
	for free := all &^ (columns | left | right); free != 0; free &= free - 1 {
		queen := free & -free
		count += queens(n, columns|queen, (left|queen)<<1, (right|queen)>>1)
	}
	return count
}

func Example_todo() {
	pool, err := cpu.NewPool(0, cpu.QueueSize(100))
	if err != nil {
		log.Fatal(err)
	}
	defer pool.Close()
	ctx := context.Background()

	sizes := []int{10, 9, 8, 7, 6, 5, 4} // the longest task first
	var tasks []*device.Future[int]
	for _, n := range sizes {
		tasks = append(tasks, cpu.Submit(ctx, pool, func(context.Context) (int, error) {
			return queens(n, 0, 0, 0), nil
		}))
	}
	for i, task := range tasks {
		count, err := task.Get(ctx)
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(sizes[i], "queens:", count)
	}
	// Output:
	// 10 queens: 724
	// 9 queens: 352
	// 8 queens: 92
	// 7 queens: 40
	// 6 queens: 4
	// 5 queens: 10
	// 4 queens: 2
}

// countQueens is queens in tasks: one for each queen in the next rows, as many rows as
// depth says.
func countQueens(ctx context.Context, ex cpu.Executor, n, depth int, columns, left, right uint) (int, error) {
	if depth == 0 {
		return queens(n, columns, left, right), nil
	}
	var tasks []*device.Future[int]
	for free := (uint(1)<<n - 1) &^ (columns | left | right); free != 0; free &= free - 1 {
		queen := free & -free
		tasks = append(tasks, cpu.Submit(ctx, ex, func(ctx context.Context) (int, error) {
			return countQueens(ctx, ex, n, depth-1, columns|queen, (left|queen)<<1, (right|queen)>>1)
		}))
	}
	count := 0
	for _, task := range tasks {
		c, err := task.Get(ctx)
		if err != nil {
			return 0, err
		}
		count += c
	}
	return count, nil
}

func Example_subtasks() {
	pool, err := cpu.NewPool(1) // one worker is enough
	if err != nil {
		log.Fatal(err)
	}
	defer pool.Close()
	fmt.Println(countQueens(context.Background(), pool, 8, 3, 0, 0, 0))
	// Output: 92 <nil>
}

// collatz counts the steps from n to 1: n/2 follows an even number, 3n + 1 an odd one.
func collatz(_ context.Context, n int) (steps int, err error) {
	for ; n != 1; steps++ {
		if n%2 == 0 {
			n /= 2
		} else {
			n = 3*n + 1
		}
	}
	return steps, nil
}

func Example_stream() {
	pool, err := cpu.NewPool(0)
	if err != nil {
		log.Fatal(err)
	}
	defer pool.Close()

	numbers := func(yield func(int) bool) { // 1, 2, 3 and so on, without end
		for n := 1; yield(n); n++ {
		}
	}
	n := 0
	for steps, err := range cpu.MapSeq(context.Background(), pool, numbers, collatz) {
		if err != nil {
			log.Fatal(err)
		}
		if n++; steps > 100 {
			fmt.Println(n, "takes", steps, "steps")
			break
		}
	}
	// Output: 27 takes 111 steps
}

func Example_errors() {
	pool, err := cpu.NewPool(0)
	if err != nil {
		log.Fatal(err)
	}
	defer pool.Close()
	ctx := context.Background()

	quotient := func(_ context.Context, x int) (int, error) { return 60 / x, nil }
	_, err = cpu.Map(ctx, pool, []int{3, 2, 1, 0}, quotient)
	fmt.Println(err)
	fmt.Println(errors.Is(err, device.ErrPanic))

	quotients, err := cpu.Map(ctx, pool, []int{3, 2, 1}, quotient) // the pool goes on
	fmt.Println(quotients, err)
	// Output:
	// task: panic: runtime error: integer divide by zero
	// true
	// [20 30 60] <nil>
}

func Example_deadline() {
	pool, err := cpu.NewPool(2)
	if err != nil {
		log.Fatal(err)
	}
	defer pool.Close()

	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Millisecond)
	defer cancel()
	_, err = cpu.Map(ctx, pool, []int{1, 2, 3}, func(ctx context.Context, n int) (int, error) {
		for ; ctx.Err() == nil; n++ { // too long
			time.Sleep(time.Millisecond)
		}
		return 0, ctx.Err()
	})
	fmt.Println(err)
	// Output: context deadline exceeded
}

func Example_shared() {
	pool, err := cpu.NewPool(0)
	if err != nil {
		log.Fatal(err)
	}
	defer pool.Close()

	roots := make([]float64, 1_000_001) // one slice for all workers
	err = pool.ForEach(context.Background(), len(roots), func(_ context.Context, r device.Range) error {
		for i := r.Lo; i < r.Hi; i++ {
			roots[i] = math.Sqrt(float64(i))
		}
		return nil
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(roots[4], roots[10_000], roots[1_000_000])
	// Output: 2 100 1000
}

// normalize divides each row of a matrix by its sum, in place.
func normalize(ctx context.Context, ex cpu.Executor, matrix []float64, width int) error {
	return ex.ForEach(ctx, len(matrix)/width, func(_ context.Context, r device.Range) error {
		for i := r.Lo; i < r.Hi; i++ {
			row := matrix[i*width : (i+1)*width]
			sum := 0.0
			for _, x := range row {
				sum += x
			}
			if sum == 0 {
				return fmt.Errorf("the sum of row %d is 0", i)
			}
			for j := range row {
				row[j] /= sum
			}
		}
		return nil
	})
}

func Example_inPlace() {
	pool, err := cpu.NewPool(0)
	if err != nil {
		log.Fatal(err)
	}
	defer pool.Close()
	ctx := context.Background()

	matrix := []float64{
		1, 3,
		2, 2,
		4, 0,
	}
	fmt.Println(normalize(ctx, pool, matrix, 2), matrix)
	fmt.Println(normalize(ctx, pool, []float64{1, 3, 1, -1, 0, 0}, 2))
	// Output:
	// <nil> [0.25 0.75 0.5 0.5 1 0]
	// the sum of row 1 is 0
}

func Example_serial() {
	var ex cpu.Executor = new(cpu.Serial) // to run in parallel: cpu.NewPool
	defer ex.Close()

	squares, err := cpu.Map(context.Background(), ex, []int{1, 2, 3}, func(_ context.Context, x int) (int, error) {
		fmt.Println("square of", x)
		return x * x, nil
	})
	fmt.Println(squares, err)
	// Output:
	// square of 1
	// square of 2
	// square of 3
	// [1 4 9] <nil>
}

// calcForces sets the accelerations, rows of x, y, z, of bodies, rows of x, y, z, gm.
// Each worker computes the rows of its range.
func calcForces(ctx context.Context, ex cpu.Executor, bodies, accelerations []float64) error {
	return ex.ForEach(ctx, len(bodies)/4, func(_ context.Context, r device.Range) error {
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
			copy(accelerations[3*i:3*i+3], a[:])
		}
		return nil
	})
}

// orbit moves bodies by that many steps of length dt: half a step with the old
// velocities, a step with the new accelerations, and the other half.
func orbit(bodies, velocities []float64, dt float64, steps int, forces func(bodies, accelerations []float64) error) error {
	accelerations := make([]float64, len(velocities))
	move := func(dt float64) {
		for i := range velocities {
			bodies[i/3*4+i%3] += dt * velocities[i]
		}
	}
	for range steps {
		move(dt / 2)
		if err := forces(bodies, accelerations); err != nil {
			return err
		}
		for i := range velocities {
			velocities[i] += dt * accelerations[i]
		}
		move(dt / 2)
	}
	return nil
}

// solarSystem is the Sun, the Earth and Jupiter on circles, in units of au and days.
func solarSystem() (bodies, velocities []float64) {
	const gm = 2.959122e-4 // of the Sun
	bodies = []float64{
		0, 0, 0, gm,
		1, 0, 0, gm / 332946,
		0, 5.2, 0, gm / 1047.35,
	}
	velocities = []float64{
		0, 0, 0,
		0, math.Sqrt(gm), 0,
		-math.Sqrt(gm / 5.2), 0, 0,
	}
	return bodies, velocities
}

func Example_solarSystem() {
	pool, err := cpu.NewPool(0)
	if err != nil {
		log.Fatal(err)
	}
	defer pool.Close()
	ctx := context.Background()

	bodies, velocities := solarSystem()
	err = orbit(bodies, velocities, 0.25, 4*365, func(bodies, accelerations []float64) error {
		return calcForces(ctx, pool, bodies, accelerations)
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("the Earth after a year: %.3f\n", bodies[4:7])
	// Output: the Earth after a year: [1.000 -0.004 0.000]
}

// laplacian sets the inner points of v to the means of their neighbours in u, and
// returns the largest change. Both have rows of n points. Each worker computes a band of
// rows.
func laplacian(ctx context.Context, ex cpu.Executor, u, v []float64, n int) (float64, error) {
	rows := len(u) / n
	changes := make([]float64, rows) // of each row
	err := ex.ForEach(ctx, rows-2, func(_ context.Context, r device.Range) error {
		for i := r.Lo + 1; i < r.Hi+1; i++ {
			for j := i*n + 1; j < (i+1)*n-1; j++ {
				v[j] = (u[j-n] + u[j-1] + u[j+1] + u[j+n]) / 4
				changes[i] = max(changes[i], math.Abs(v[j]-u[j]))
			}
		}
		return nil
	})
	return slices.Max(changes), err
}

// hotEdge is a plate of n × n points whose upper edge has 100 degrees.
func hotEdge(n int) []float64 {
	plate := make([]float64, n*n)
	for j := range n {
		plate[j] = 100
	}
	return plate
}

func Example_plate() {
	pool, err := cpu.NewPool(0)
	if err != nil {
		log.Fatal(err)
	}
	defer pool.Close()
	ctx := context.Background()

	const n = 33
	u := hotEdge(n)
	v := slices.Clone(u) // with the same edges
	for change := 1.0; change > 1e-7; {
		if change, err = laplacian(ctx, pool, u, v, n); err != nil {
			log.Fatal(err)
		}
		u, v = v, u
	}
	fmt.Printf("the middle: %.3f\n", u[n*n/2])
	// Output: the middle: 25.000
}

// deviceForces returns a function that does what calcForces does, for n bodies, on dev.
func deviceForces(ctx context.Context, dev device.Device, n int) (func(bodies, accelerations []float64) error, error) {
	in, err := dev.Alloc(device.Float64, n*gravity.BodyWidth)
	if err != nil {
		return nil, err
	}
	out, err := dev.Alloc(device.Float64, n*gravity.AccelWidth)
	if err != nil {
		return nil, err
	}
	rows, acc := device.Mat(in, gravity.BodyWidth), device.Mat(out, gravity.AccelWidth)
	return func(bodies, accelerations []float64) error {
		if err := in.Write(ctx, 0, device.Of(bodies)); err != nil {
			return err
		}
		if err := dev.Launch(ctx, gravity.NewForce(rows, rows, acc, 0.0, 0)); err != nil {
			return err
		}
		return out.Read(ctx, 0, device.Of(accelerations)) // waits for the launch
	}, nil
}

func Example_solarSystemOnDevice() {
	ctx := context.Background()
	dev, err := offload.Open(ctx, "auto", device.Options{})
	if err != nil {
		log.Fatal(err)
	}
	defer dev.Close() // frees the buffers too

	forces, err := deviceForces(ctx, dev, 3)
	if err != nil {
		log.Fatal(err)
	}
	bodies, velocities := solarSystem()
	if err := orbit(bodies, velocities, 0.25, 4*365, forces); err != nil {
		log.Fatal(err)
	}
	fmt.Printf("the Earth after a year: %.3f\n", bodies[4:7])
	// Output: the Earth after a year: [1.000 -0.004 0.000]
}

func Example_plateOnDevice() {
	ctx := context.Background()
	dev, err := offload.Open(ctx, "auto", device.Options{})
	if err != nil {
		log.Fatal(err)
	}
	defer dev.Close()

	const n, sweeps = 33, 100
	in, err := device.Upload(ctx, dev, hotEdge(n))
	if err != nil {
		log.Fatal(err)
	}
	out, err := dev.Alloc(device.Float64, n*n)
	if err != nil {
		log.Fatal(err)
	}
	residuals, err := dev.Alloc(device.Float64, n*grid.ResidualWidth)
	if err != nil {
		log.Fatal(err)
	}
	u, v := device.Mat(in, n), device.Mat(out, n)
	for change := 1.0; change > 1e-7; {
		launch := grid.NewLaplacian(u, v, device.Mat(residuals, grid.ResidualWidth), sweeps, 0.25, 0.25)
		if err := dev.Launch(ctx, launch); err != nil {
			log.Fatal(err)
		}
		rows, err := device.Download[float64](ctx, residuals)
		if err != nil {
			log.Fatal(err)
		}
		change, _ = grid.Residual(rows) // of the last sweep
		u, v = v, u
	}
	plate, err := device.Download[float64](ctx, u.Buffer)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("the middle: %.3f\n", plate[n*n/2])
	// Output: the middle: 25.000
}
