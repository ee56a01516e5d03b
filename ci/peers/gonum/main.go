// Command peers measures straightforward Go: loops on one core, and gonum's
// Barnes-Hut tree.
//
//	peers force|laplacian|barneshut N SWEEPS REPS
//
// It prints one JSON object per repetition, in float64. The rate of barneshut is the
// rate of a sum over all pairs in the same time.
package main

import (
	"encoding/json"
	"fmt"
	"log"
	"math"
	"math/rand/v2"
	"os"
	"runtime"
	"strconv"
	"sync"
	"time"

	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/spatial/barneshut"
	"gonum.org/v1/gonum/spatial/r3"
)

// result has the fields of peers.c. Check is a value of the result, or the RMS
// relative error of barneshut.
type result struct {
	Kernel    string  `json:"kernel"`
	Precision string  `json:"precision"`
	N         int     `json:"n"`
	Sweeps    int     `json:"sweeps"`
	Threads   int     `json:"threads"`
	Seconds   float64 `json:"seconds"`
	Rate      float64 `json:"rate"`
	Check     float64 `json:"check"`
}

// work is a function to repeat, its number of items, and a check of the first
// repetition that counts.
type work struct {
	run   func() error
	items float64
	check func() float64
}

func main() {
	log.SetFlags(0)
	log.SetPrefix("peers: ")
	if err := run(os.Args[1:]); err != nil {
		log.Fatal(err)
	}
}

func run(args []string) error {
	if len(args) != 4 {
		return fmt.Errorf("usage: peers force|laplacian|barneshut N SWEEPS REPS")
	}
	var numbers [3]int
	for i := range numbers {
		n, err := strconv.Atoi(args[i+1])
		if err != nil || n < 1 {
			return fmt.Errorf("%q is not a number of at least 1", args[i+1])
		}
		numbers[i] = n
	}
	n, sweeps, reps := numbers[0], numbers[1], numbers[2]
	runtime.GOMAXPROCS(1)
	build, ok := map[string]func(n, sweeps int) work{"force": force, "laplacian": laplacian, "barneshut": tree}[args[0]]
	if !ok {
		return fmt.Errorf("there is no %s", args[0])
	}
	w := build(n, sweeps)
	check := sync.OnceValue(w.check)
	out := json.NewEncoder(os.Stdout)
	for rep := -1; rep < reps; rep++ { // the first one is cold and does not count
		start := time.Now()
		if err := w.run(); err != nil {
			return err
		}
		seconds := time.Since(start).Seconds()
		if rep < 0 {
			continue
		}
		r := result{args[0], "f64", n, sweeps, 1, seconds, w.items / seconds, check()}
		if err := out.Encode(r); err != nil {
			return err
		}
	}
	return nil
}

// eps2 is the square of the softening.
const eps2 = 1e-4

type body struct{ x, y, z, gm float64 }

// plummer returns n bodies of a Plummer sphere of mass 1.
func plummer(n int) []body {
	r := rand.New(rand.NewPCG(1, 2))
	bodies := make([]body, n)
	for i := range bodies {
		c := 0.998 * max(r.Float64(), r.Float64(), r.Float64())
		x, y, z := r.NormFloat64(), r.NormFloat64(), r.NormFloat64()
		s := c / math.Sqrt((1-c*c)*(x*x+y*y+z*z))
		bodies[i] = body{x * s, y * s, z * s, 1 / float64(n)}
	}
	return bodies
}

// accelerate sums over all pairs.
func accelerate(bodies []body, acc [][3]float64) {
	for i, b := range bodies {
		var ax, ay, az float64
		for _, s := range bodies {
			dx, dy, dz := s.x-b.x, s.y-b.y, s.z-b.z
			r2 := dx*dx + dy*dy + dz*dz + eps2
			w := s.gm / (r2 * math.Sqrt(r2))
			ax += w * dx
			ay += w * dy
			az += w * dz
		}
		acc[i] = [3]float64{ax, ay, az}
	}
}

func force(n, _ int) work {
	bodies, acc := plummer(n), make([][3]float64, n)
	return work{
		run:   func() error { accelerate(bodies, acc); return nil },
		items: float64(n) * float64(n),
		check: func() float64 { return acc[n/2][0] },
	}
}

// laplacian does Jacobi sweeps over the rows of two gonum matrices, with the largest
// change of the last sweep.
func laplacian(n, sweeps int) work {
	u, v := mat.NewDense(n, n, nil), mat.NewDense(n, n, nil)
	for i := range n {
		for j := range n {
			t := float64((i*7+j*13)%100) + 1
			if i == 0 {
				t = 100
			} else if i == n-1 || j == 0 || j == n-1 {
				t = 0
			}
			u.Set(i, j, t)
			v.Set(i, j, t)
		}
	}
	residual := 0.0
	return work{
		run: func() error {
			for range sweeps {
				sweep(u, v)
				u, v = v, u
			}
			residual = change(u, v)
			return nil
		},
		items: float64(n) * float64(n) * float64(sweeps),
		check: func() float64 { return residual },
	}
}

func sweep(u, v *mat.Dense) {
	n, _ := u.Dims()
	for i := 1; i < n-1; i++ {
		up, mid, down, to := u.RawRowView(i-1), u.RawRowView(i), u.RawRowView(i+1), v.RawRowView(i)
		for j := 1; j < n-1; j++ {
			to[j] = 0.25*(up[j]+down[j]) + 0.25*(mid[j-1]+mid[j+1])
		}
	}
}

// change returns the largest difference of two matrices.
func change(u, v *mat.Dense) float64 {
	most := 0.0
	n, _ := u.Dims()
	for i := range n {
		a, b := u.RawRowView(i), v.RawRowView(i)
		for j := range a {
			most = max(most, math.Abs(a[j]-b[j]))
		}
	}
	return most
}

// theta is the opening angle of the tree.
const theta = 0.5

func (b body) Coord3() r3.Vec { return r3.Vec{X: b.x, Y: b.y, Z: b.z} }

// Mass returns 1 for all bodies, because gonum 0.17 divides the position of a single
// body in a cell by its mass.
func (b body) Mass() float64 { return 1 }

// softened returns the acceleration of p1 by m2 at a distance of v.
func softened(p1, p2 barneshut.Particle3, m1, m2 float64, v r3.Vec) r3.Vec {
	r2 := r3.Dot(v, v) + eps2
	return r3.Scale(m2/(r2*math.Sqrt(r2)), v)
}

// tree builds a tree and sums the accelerations of all bodies with it.
func tree(n, _ int) work {
	bodies := plummer(n)
	acc := make([]r3.Vec, n)
	return work{
		run: func() error {
			particles := make([]barneshut.Particle3, n)
			for i := range bodies {
				particles[i] = &bodies[i]
			}
			volume, err := barneshut.NewVolume(particles)
			if err != nil {
				return err
			}
			for i, p := range particles {
				acc[i] = r3.Scale(bodies[i].gm, volume.ForceOn(p, theta, softened))
			}
			return nil
		},
		items: float64(n) * float64(n),
		check: func() float64 { return relativeError(bodies, acc) },
	}
}

// relativeError returns the RMS over bodies of |a − direct| / |direct|.
func relativeError(bodies []body, acc []r3.Vec) float64 {
	direct := make([][3]float64, len(bodies))
	accelerate(bodies, direct)
	sum := 0.0
	for i, d := range direct {
		want := r3.Vec{X: d[0], Y: d[1], Z: d[2]}
		sum += r3.Norm2(r3.Sub(acc[i], want)) / r3.Norm2(want)
	}
	return math.Sqrt(sum / float64(len(bodies)))
}
