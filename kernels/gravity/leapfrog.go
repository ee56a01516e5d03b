package gravity

import (
	"math"
	"sync"

	"offload/device"
	"offload/kernels/internal/leapfrog"
	"offload/shaders"
)

// ParticleWidth is the width of a particle's row (x, y, z, vx, vy, vz).
const ParticleWidth = 6

// MaxLeapfrogSteps is the largest number of steps of one launch of Leapfrog.
const MaxLeapfrogSteps = 1 << 16

// Parameters of Leapfrog, in binding order.
const (
	leapParticles = iota
	leapBodies
	leapCount
	leapStep
)

var leapfrog64 = newLeapfrog()

// Leapfrog returns the kernel that advances test particles, which have no mass, in the field of moving bodies, in
// float64. Each step is a kick by half a step, a drift and another kick by half a step (Verlet 1967, Phys. Rev. 159, 98):
//
//	v += h/2·a(x, t),  x += h·v,  v += h/2·a(x, t+h),  a(x, t) = Σ_j gm_j·d_j/|d_j|³,  d_j = x_j(t) − x
//
// Particles are rows (x, y, z, vx, vy, vz), which are updated. Bodies are rows (x, y, z, gm): those at the beginning,
// then those after the first step, and so on, in the same order each time. Units are the caller's. Distances have to be
// from 2^-63 to 2^63: a particle that is nearer to a body gets values that are not finite and keeps such, and a body that
// is farther away has no effect. A number of steps in one launch gives the same bits as the same steps in several.
func Leapfrog() *device.Kernel { return leapfrog64 }

// NewLeapfrog returns a launch of Leapfrog for all rows of particles, with count bodies, in steps of h. The rows of
// bodies are those of steps + 1 times.
func NewLeapfrog(particles, bodies device.Arg, count int, h float64) *device.Launch {
	return &device.Launch{
		Kernel: leapfrog64,
		Args: []device.Arg{
			leapParticles: particles, leapBodies: bodies, leapCount: device.Int(count), leapStep: device.Val(h),
		},
		Rows: device.Range{Lo: 0, Hi: particles.NumRows()},
	}
}

// Operations of one interaction: 3 differences, 3 of the square, √ and ÷, 2 products, 2 fma and a product of the inverse
// cube, gm·w, and 3 fma of the sum. An fma counts as two.
const leapfrogOps = 3 + 5 + 2 + 2 + 5 + 2 + 1 + 6

func newLeapfrog() *device.Kernel {
	k := &device.Kernel{
		Name: "leapfrog.f64",
		Params: []device.Param{
			leapParticles: {Name: "particles", Type: device.Float64, Access: device.UpdateRows},
			leapBodies:    {Name: "bodies", Type: device.Float64, Access: device.ReadAll},
			leapCount:     {Name: "count", Type: device.Int32, Access: device.Value},
			leapStep:      {Name: "step", Type: device.Float64, Access: device.Value},
		},
		Contract: leapfrogContract,
		Host:     leapfrogHost(),
		Shader:   &device.Shader{Source: shaders.Leapfrog(), Local: shaders.LeapfrogLocal},
		Check:    checkLeapfrog,
		Cost:     leapfrogCost,
		Unit:     "interactions",
	}
	k.Examples = func(n int) []*device.Call { return leapfrogExamples(k, n) }
	return k
}

// leapfrogTimes returns the number of bodies of a launch, and of the times at which they are given.
func leapfrogTimes(l *device.Launch) (count, times int) {
	count = int(device.Scalar[int32](l, leapCount))
	return count, l.Args[leapBodies].NumRows() / count
}

func checkLeapfrog(l *device.Launch) error {
	for i, w := range [...]int{leapParticles: ParticleWidth, leapBodies: BodyWidth} {
		if l.Args[i].Width != w {
			return device.Invalidf("kernel %s: rows of %s have %d elements, not %d", l.Kernel.Name, l.Kernel.Params[i].Name, l.Args[i].Width, w)
		}
	}
	count, rows := int(device.Scalar[int32](l, leapCount)), l.Args[leapBodies].NumRows()
	if count < 1 || rows%count != 0 || rows < 2*count {
		return device.Invalidf("kernel %s: %d rows of bodies are not %d bodies at two times or more", l.Kernel.Name, rows, count)
	}
	if steps := rows/count - 1; steps > MaxLeapfrogSteps {
		return device.Invalidf("kernel %s: %d steps; the limit is %d", l.Kernel.Name, steps, MaxLeapfrogSteps)
	}
	if h := device.Scalar[float64](l, leapStep); !(math.Abs(h) <= math.MaxFloat64) {
		return device.Invalidf("kernel %s: step %v is not finite", l.Kernel.Name, h)
	}
	return nil
}

func leapfrogCost(l *device.Launch) device.Cost {
	rows, sources := float64(l.Rows.Len()), float64(l.Args[leapBodies].NumRows())
	return device.Cost{
		Items: rows * sources,
		Ops:   rows * sources * leapfrogOps,
		Bytes: 8 * (2*ParticleWidth*rows + BodyWidth*sources),
	}
}

// leapfrogContract is the definition of Leapfrog. For a particle and a body:
//
//	d  = x_j − x                                      each component rounded
//	r² = fma(dx, dx, fma(dy, dy, dz·dz))
//	y  = 1/√r²                                        in float32, from r² rounded to it, and 0 below 2^-126
//	e  = fma(−r², y², 1)                              y² is exact
//	w  = fma(y³, e·fma(15/8, e, 3/2), y³)             y³ is y²·y, rounded
//	a  = fma(gm_j·w, d, a)                            each component
//
// w is the series of (r²)^(-3/2) around y³, whose next term is below 10^-19 of it. Bodies are summed from first to last,
// from a = 0. Kicks are v = fma(h/2, a, v), and a drift is x = fma(h, v, x).
func leapfrogContract(t *device.Tile) {
	particles, bodies := device.View[float64](t, leapParticles), device.View[float64](t, leapBodies)
	count, _ := leapfrogTimes(t.Launch)
	h := device.Scalar[float64](t.Launch, leapStep)
	for i := t.Rows.Lo; i < t.Rows.Hi; i++ {
		if t.Done() {
			return
		}
		leapfrog.Row(particles[i*ParticleWidth:][:ParticleWidth], bodies, count, h)
	}
}

// leapfrogHost returns the forms for the host's cores.
func leapfrogHost() (codes []device.HostCode) {
	blocks := &sync.Pool{New: func() any { return new(leapfrog.Block) }} // which launches use again
	for _, f := range leapfrog.Forms() {
		codes = append(codes, device.HostCode{Name: f.Name, Ready: f.Ready, Run: func(t *device.Tile) { runLeapfrog(t, f, blocks) }})
	}
	return codes
}

// runLeapfrog advances blocks of particles.
func runLeapfrog(t *device.Tile, f leapfrog.Form, blocks *sync.Pool) {
	particles, bodies := device.View[float64](t, leapParticles), device.View[float64](t, leapBodies)
	count, times := leapfrogTimes(t.Launch)
	h := device.Scalar[float64](t.Launch, leapStep)
	block := blocks.Get().(*leapfrog.Block)
	defer blocks.Put(block)
	for lo := t.Rows.Lo; lo < t.Rows.Hi; lo += leapfrog.Size {
		if t.Done() {
			return
		}
		rows := particles[lo*ParticleWidth : min(lo+leapfrog.Size, t.Rows.Hi)*ParticleWidth]
		n := block.Load(rows)
		f.Advance(block, n, bodies, count, times, h)
		block.Store(rows)
	}
}

// leapfrogExamples returns calls on about n particles of a Plummer sphere between bodies of another one, on which the
// bodies move along straight lines: one step forward, several steps back, and a range of rows.
func leapfrogExamples(k *device.Kernel, n int) []*device.Call {
	places, speeds := Plummer[float64](n, 44), Plummer[float64](n, 45)
	call := func(label string, count, steps int, h float64, rows device.Range) *device.Call {
		particles := make([]float64, n*ParticleWidth)
		for i := range n {
			copy(particles[i*ParticleWidth:][:3], places[i*BodyWidth:])
			copy(particles[i*ParticleWidth+3:][:3], speeds[i*BodyWidth:])
		}
		start, speed := Plummer[float64](count, 46), Plummer[float64](count, 47)
		var bodies []float64
		for s := range steps + 1 {
			for j := range count {
				b, v := start[j*BodyWidth:][:BodyWidth], speed[j*BodyWidth:]
				for c := range 3 {
					bodies = append(bodies, b[c]+float64(float64(s)*float64(h*v[c])))
				}
				bodies = append(bodies, b[3])
			}
		}
		return &device.Call{Label: label, Kernel: k, Rows: rows, Args: []device.HostArg{
			leapParticles: device.HostMat(particles, ParticleWidth), leapBodies: device.HostMat(bodies, BodyWidth),
			leapCount: device.HostVal(int32(count)), leapStep: device.HostVal(h),
		}}
	}
	all := device.Range{Lo: 0, Hi: n}
	return []*device.Call{
		call("one step", 3, 1, 1./64, all),
		call("steps back", 9, 5, -1./128, all),
		call("range of particles", 1, 3, 1./64, device.Range{Lo: n / 3, Hi: n - n/4}),
	}
}
