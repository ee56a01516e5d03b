package offload_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"io"
	"strings"
	"testing"

	"offload/cpu"
	"offload/device"
	"offload/device/reference"
	"offload/kernels"
	"offload/kernels/gravity"
	"offload/kernels/grid"
	"offload/kernels/multigrid"
	"offload/sims/plate"
	"offload/sims/poisson"
	"offload/sims/solar"
)

// The results of kernels and simulations are those of golden, on every device, with every
// form of host code, any number of workers, and each build and processor. They do not
// change: a computation with other results is another kernel, with another name.
func TestResultsNeverChange(t *testing.T) {
	want := golden()
	seen := map[string]bool{}
	for _, d := range goldenDevices(t) {
		for _, r := range goldenResults() {
			seen[r.name] = true
			if r.slow && d.slow {
				continue
			}
			got, err := r.digest(d.Device)
			if err != nil {
				t.Errorf("%s: %s: %v", d.name, r.name, err)
			} else if got != want[r.name] {
				t.Errorf("%s: %q: %q,", d.name, r.name, got)
			}
		}
	}
	for name := range want {
		if !seen[name] {
			t.Errorf("nothing computes %s", name)
		}
	}
}

// goldenDevice is a device on which results are compared.
type goldenDevice struct {
	device.Device
	name string
	slow bool // it runs contracts
}

// goldenDevices returns the devices that are always available, the CPU in all of its
// forms.
func goldenDevices(t *testing.T) []goldenDevice {
	t.Helper()
	open := func(open func(context.Context, device.Options) (device.Device, error), o device.Options) goldenDevice {
		d, err := open(context.Background(), o)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { d.Close() })
		i := d.Info()
		return goldenDevice{d, fmt.Sprintf("%s, %s, %d workers", i.Backend, i.Variant, i.Workers), i.Backend == "reference" || o.Variant == "contract"}
	}
	all := []goldenDevice{open(reference.Open, device.Options{Kernels: kernels.All()})}
	for _, variant := range cpu.Variants(kernels.All()) {
		for _, workers := range []int{3, 2, 1} {
			if testing.Short() && (workers < 3 || variant == "contract") {
				continue
			}
			all = append(all, open(cpu.Open, device.Options{Workers: workers, Variant: variant, Kernels: kernels.All()}))
		}
	}
	return all
}

// goldenResult is one entry of golden, and how to compute it.
type goldenResult struct {
	name   string
	slow   bool // takes too long by contract
	digest func(d device.Device) (string, error)
}

func goldenResults() []goldenResult {
	all := append(goldenGravity[float32](), goldenGravity[float64]()...)
	all = append(append(all, goldenStencils[float32]()...), goldenStencils[float64]()...)
	all = append(all, goldenMultigrid()...)
	all = append(append(all, goldenPlates[float32]()...), goldenPlates[float64]()...)
	all = append(append(all, goldenPoisson[float32]()...), goldenPoisson[float64]()...)
	return append(all, goldenSolar()...)
}

// goldenCall returns the first half of the SHA-256 of each output of a call, as bench
// prints it.
func goldenCall(name string, slow bool, call func() *device.Call) goldenResult {
	return goldenResult{name, slow, func(d device.Device) (string, error) {
		c := call()
		if err := c.Run(context.Background(), d); err != nil {
			return "", err
		}
		var digests []string
		for i, p := range c.Kernel.Params {
			if p.Access.Writes() {
				digests = append(digests, sum(func(w io.Writer) error {
					if p.Type == device.Float32 {
						return binary.Write(w, binary.LittleEndian, device.As[float32](c.Args[i].Data))
					}
					return binary.Write(w, binary.LittleEndian, device.As[float64](c.Args[i].Data))
				}))
			}
		}
		return strings.Join(digests, " "), nil
	}}
}

func sum(write func(w io.Writer) error) string {
	h := sha256.New()
	if err := write(h); err != nil {
		return err.Error()
	}
	return hex.EncodeToString(h.Sum(nil)[:8])
}

// goldenGravity are forces and potentials in Plummer spheres, as in bench, and of a part
// of one on another.
func goldenGravity[T device.Float]() (all []goldenResult) {
	add := func(k *device.Kernel, width, n int) {
		name := fmt.Sprintf("%s n=%d", k.Name, n)
		all = append(all, goldenCall(name, n > 1000, func() *device.Call {
			bodies := gravity.Plummer[T](n, 1)
			return gravityCall(k, width, bodies, bodies, softeningOf[T](n), 0)
		}))
	}
	force, potential := gravity.Force(device.TypeOf[T]()), gravity.Potential(device.TypeOf[T]())
	for _, n := range []int{1, 2, 33, 255, 256, 257, 700, 1025, 4096} {
		add(force, gravity.AccelWidth, n)
	}
	for _, n := range []int{1, 33, 257, 700} {
		add(potential, 1, n)
	}
	for _, home := range []int{gravity.Unrelated, -300, 256} {
		for k, width := range map[*device.Kernel]int{force: gravity.AccelWidth, potential: 1} {
			all = append(all, goldenCall(fmt.Sprintf("%s 101 of 517 home=%d", k.Name, home), false, func() *device.Call {
				return gravityCall(k, width, gravity.Plummer[T](101, 2), gravity.Plummer[T](517, 3), T(0), home)
			}))
		}
	}
	return all
}

func gravityCall[T device.Float](k *device.Kernel, width int, targets, sources []T, softening T, home int) *device.Call {
	n := len(targets) / gravity.BodyWidth
	return &device.Call{Kernel: k, Rows: device.Range{Hi: n}, Args: []device.HostArg{
		device.HostMat(targets, gravity.BodyWidth), device.HostMat(sources, gravity.BodyWidth),
		device.HostMat(make([]T, n*width), width), device.HostVal(softening), device.HostVal(int32(home)),
	}}
}

// softeningOf returns the softening of bench.
func softeningOf[T device.Float](n int) T {
	eps := T(1)
	for cube := 1; cube < n; cube *= 8 {
		eps /= 2
	}
	return eps
}

// goldenStencils are sweeps over square plates, as in bench, and over an oblong one
// with unequal spacings.
func goldenStencils[T device.Float]() (all []goldenResult) {
	laplacian, heat := grid.Laplacian(device.TypeOf[T]()), grid.Heat(device.TypeOf[T]())
	add := func(k *device.Kernel, rows, cols, sweeps int, dx, dy float64) {
		cx, cy := grid.JacobiWeights[T](dx, dy)
		if k == heat {
			cx, cy = grid.HeatCoefficients[T](1, 0.9*grid.StableStep(1, dx, dy), dx, dy)
		}
		name := fmt.Sprintf("%s %dx%d sweeps=%d", k.Name, rows, cols, sweeps)
		all = append(all, goldenCall(name, rows > 1000, func() *device.Call {
			return &device.Call{Kernel: k, Rows: device.Range{Hi: rows}, Args: []device.HostArg{
				device.HostMat(grid.Plate[T](rows, cols, 1), cols), device.HostMat(make([]T, rows*cols), cols),
				device.HostMat(make([]T, rows*grid.ResidualWidth), grid.ResidualWidth),
				device.HostVal(int32(sweeps)), device.HostVal(cx), device.HostVal(cy),
			}}
		}))
	}
	for _, k := range []*device.Kernel{laplacian, heat} {
		for _, sweeps := range []int{1, 16, 33} {
			for _, n := range []int{1, 3, 33, 129, 301} {
				add(k, n, n, sweeps, 1, 1)
			}
			add(k, 37, 777, sweeps, 1, 1.5)
		}
		add(k, 65, 70, 100, 1, 1)
		add(k, 1024, 1024, 16, 1, 1)
	}
	return all
}

// goldenMultigrid are the examples of the kernels of multigrid solvers.
func goldenMultigrid() (all []goldenResult) {
	for _, k := range append(multigrid.Plain(), multigrid.General()...) {
		for _, n := range []int{9, 66, 300} {
			all = append(all, goldenResult{fmt.Sprintf("%s examples n=%d", k.Name, n), false, func(d device.Device) (string, error) {
				var digests []string
				for _, c := range k.Examples(n) {
					digest, err := goldenCall("", false, func() *device.Call { return c }).digest(d)
					if err != nil {
						return "", err
					}
					digests = append(digests, digest)
				}
				return sum(func(w io.Writer) error { _, err := io.WriteString(w, strings.Join(digests, " ")); return err }), nil
			}})
		}
	}
	return all
}

// goldenPoisson are stationary temperatures.
func goldenPoisson[T device.Float]() []goldenResult {
	const rows, cols = 257, 321
	solve := func(name string, source []T) goldenResult {
		return goldenResult{fmt.Sprintf("poisson %v %s", device.TypeOf[T](), name), false, func(d device.Device) (string, error) {
			u := make([]T, rows*cols)
			for j := range cols {
				u[j] = 100
			}
			s, err := poisson.NewSolver[T](context.Background(), d, &poisson.Problem{Rows: rows, Cols: cols, Dx: 1, Dy: 1.25})
			if err != nil {
				return "", err
			}
			defer s.Close()
			_, err = s.Solve(context.Background(), u, source, poisson.Options{})
			return sum(func(w io.Writer) error { return binary.Write(w, binary.LittleEndian, u) }), err
		}}
	}
	source := make([]T, rows*cols)
	for i := range source {
		source[i] = T(i%11) / 1024
	}
	mixed := func(name string, p poisson.Problem) goldenResult {
		return goldenResult{fmt.Sprintf("poisson %v %s", device.TypeOf[T](), name), false, func(d device.Device) (string, error) {
			p.Rows, p.Cols, p.Conductivity, p.Source = 301, 260, make([]float64, 301*260), make([]float64, 301*260)
			u := make([]T, len(p.Source))
			for i := range u {
				u[i], p.Source[i] = T(i%7), float64(i%11)/1024
				p.Conductivity[i] = 1 + 499*float64((i%260/40+i/260/30)%2)
			}
			_, err := poisson.Solve(context.Background(), d, &p, u, poisson.Options{})
			return sum(func(w io.Writer) error { return binary.Write(w, binary.LittleEndian, u) }), err
		}}
	}
	return []goldenResult{
		solve("hot edge", nil), solve("hot edge, source", source),
		mixed("materials", poisson.Problem{Dx: 1, Dy: 1.25, Top: poisson.Edge{Kind: poisson.Insulated},
			Left: poisson.Edge{Kind: poisson.Convection, Transfer: 3, Ambient: 20}, Right: poisson.Edge{Kind: poisson.Flux, Flux: 2}}),
		mixed("materials, periodic", poisson.Problem{Dx: 3, Dy: 1,
			Left: poisson.Edge{Kind: poisson.Periodic}, Right: poisson.Edge{Kind: poisson.Periodic}}),
	}
}

// goldenPlates are files of plates: the steady state, and the way there.
func goldenPlates[T device.Float]() []goldenResult {
	precision := device.TypeOf[T]()
	file := func(name string, run func(d device.Device, f *plate.Field[T]) error) goldenResult {
		return goldenResult{fmt.Sprintf("plate %v %s", precision, name), false, func(d device.Device) (string, error) {
			f, err := plate.NewField[T](47, 33, plate.Edges{Top: 100, Left: 20, Right: -3})
			if err == nil {
				err = run(d, f)
			}
			return sum(func(w io.Writer) error { return plate.EncodeNPY(w, f) }), err
		}}
	}
	return []goldenResult{
		file("steady tol=0.01", func(d device.Device, f *plate.Field[T]) error {
			_, err := plate.Steady(context.Background(), d, f, plate.SteadyOptions{Tol: 0.01})
			return err
		}),
		file("steady sweeps=500 dx=1 dy=2", func(d device.Device, f *plate.Field[T]) error {
			_, err := plate.Steady(context.Background(), d, f, plate.SteadyOptions{MaxSweeps: 500, Dx: 1, Dy: 2})
			return err
		}),
		file("transient time=0.5", func(d device.Device, f *plate.Field[T]) error {
			_, err := plate.Transient(context.Background(), d, f, plate.TransientOptions{Diffusivity: 1e-4, Dx: 1e-3, Dy: 2e-3, Time: 0.5})
			return err
		}),
	}
}

// goldenSolar are tables of the solar system's bodies at the end of short runs.
func goldenSolar() (all []goldenResult) {
	for _, integrator := range solar.Integrators() {
		for _, gr := range []bool{false, true} {
			name := fmt.Sprintf("solar %s relativity=%v 20 days", integrator, gr)
			all = append(all, goldenResult{name, false, func(d device.Device) (string, error) {
				return goldenBodies(d, solar.Options{Integrator: integrator, Relativity: gr}, 20)
			}})
		}
	}
	return append(all, goldenResult{"solar radau15 relativity=true -1000 days", true, func(d device.Device) (string, error) {
		return goldenBodies(d, solar.Options{Relativity: true}, -1000)
	}})
}

func goldenBodies(d device.Device, o solar.Options, days float64) (string, error) {
	sys, err := solar.J2000()
	if err != nil {
		return "", err
	}
	if o.Integrator == "wh" { // which follows no satellite
		if sys, err = sys.Merge("Earth", "Earth", "Moon"); err != nil {
			return "", err
		}
		o.Variant = d.Info().Variant
	}
	field, err := solar.NewDeviceField(d, sys.GMs())
	if err != nil {
		return "", err
	}
	defer field.Close()
	s, err := solar.New(sys, field, o)
	if err != nil {
		return "", err
	}
	if _, err := s.Run(context.Background(), sys.Epoch+days, solar.Watch{}); err != nil {
		return "", err
	}
	var table bytes.Buffer
	if err := solar.WriteStates(&table, s.Snapshot()); err != nil {
		return "", err
	}
	return sum(func(w io.Writer) error { // without the last column, GM, which is an input
		for line := range strings.Lines(table.String()) {
			if _, err := io.WriteString(w, line[:strings.LastIndexByte(line, ',')]+"\n"); err != nil {
				return err
			}
		}
		return nil
	}), nil
}
