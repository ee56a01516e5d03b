package gravity

import (
	"math"
	"sync"

	"offload/device"
	"offload/internal/wh"
	"offload/shaders"
)

// MapWidth is the width of the rows of a map of WisdomHolman.
const MapWidth = wh.MapWidth

// MaxMaps is the largest number of maps of one launch of WisdomHolman.
const MaxMaps = 1 << 16

// MapRows returns the number of rows of a map of WisdomHolman for count planets.
func MapRows(count int) int { return wh.MapRows(count) }

// Parameters of WisdomHolman, in binding order.
const (
	whParticles = iota
	whMaps
	whCount
	whGM
)

var wh64 = newWH()

// WisdomHolman returns the kernel that advances test particles, which have no mass, around a star with planets, in float64,
// by the maps of Wisdom and Holman (1991, AJ 102, 1528): kicks by the planets, and drifts along Kepler orbits.
//
// Particles are rows (x, y, z, vx, vy, vz) relative to the star, which are updated. Maps have MapRows rows of four each:
//
//	h, own, twist, kick    length of the drift; that of the kick times the star's GM; 6·GM/c² or 0; 0 for a drift alone
//	sx, sy, sz, 0          change of the velocity by the acceleration of the star itself
//	x, y, z, pull          for each planet: place relative to the star, and its GM times the length of the kick
//
// A map is a kick and then a drift; one of length 0 is none. Units are the caller's. A number of maps in one launch gives
// the same bits as the same maps in several. A particle that meets a planet or the star gets values that are not finite,
// and keeps such.
func WisdomHolman() *device.Kernel { return wh64 }

// NewWisdomHolman returns a launch of WisdomHolman for all rows of particles, with maps for count planets around a star of
// the given gm. Without gm, drifts follow straight lines.
func NewWisdomHolman(particles, maps device.Arg, count int, gm float64) *device.Launch {
	return &device.Launch{
		Kernel: wh64,
		Args:   []device.Arg{whParticles: particles, whMaps: maps, whCount: device.Int(count), whGM: device.Val(gm)},
		Rows:   device.Range{Lo: 0, Hi: particles.NumRows()},
	}
}

// Operations of the pull of a planet: 3 differences, 5 of the square, √ and ÷, 2 products and 3 fma; and of the rest of a
// map, which is above all a drift with a short arc. An fma counts as two.
const (
	whPlanetOps = 3 + 5 + 2 + 2 + 6
	whMapOps    = 220
)

func newWH() *device.Kernel {
	k := &device.Kernel{
		Name: "wh.f64",
		Params: []device.Param{
			whParticles: {Name: "particles", Type: device.Float64, Access: device.UpdateRows},
			whMaps:      {Name: "maps", Type: device.Float64, Access: device.ReadAll},
			whCount:     {Name: "count", Type: device.Int32, Access: device.Value},
			whGM:        {Name: "gm", Type: device.Float64, Access: device.Value},
		},
		Contract: whContract,
		Host:     whHost(),
		Shader:   &device.Shader{Source: shaders.WisdomHolman(), Local: shaders.WisdomHolmanLocal},
		Check:    checkWH,
		Cost:     whCost,
		Unit:     "interactions",
	}
	k.Examples = func(n int) []*device.Call { return whExamples(k, n) }
	return k
}

func checkWH(l *device.Launch) error {
	for i, w := range [...]int{whParticles: ParticleWidth, whMaps: MapWidth} {
		if l.Args[i].Width != w {
			return device.Invalidf("kernel %s: rows of %s have %d elements, not %d", l.Kernel.Name, l.Kernel.Params[i].Name, l.Args[i].Width, w)
		}
	}
	count, rows := int64(device.Scalar[int32](l, whCount)), int64(l.Args[whMaps].NumRows())
	if count < 0 || rows < count+2 || rows%(count+2) != 0 {
		return device.Invalidf("kernel %s: %d rows are not one map or more for %d planets", l.Kernel.Name, rows, count)
	}
	if maps := rows / (count + 2); maps > MaxMaps {
		return device.Invalidf("kernel %s: %d maps; the limit is %d", l.Kernel.Name, maps, MaxMaps)
	}
	if gm := device.Scalar[float64](l, whGM); !(gm >= 0 && gm <= math.MaxFloat64) {
		return device.Invalidf("kernel %s: gm %v is not a finite number of at least 0", l.Kernel.Name, gm)
	}
	return nil
}

// whCost counts the drift of a map as one interaction, with the star.
func whCost(l *device.Launch) device.Cost {
	rows, count := float64(l.Rows.Len()), float64(device.Scalar[int32](l, whCount))
	table := float64(l.Args[whMaps].NumRows())
	maps := table / (count + 2)
	return device.Cost{
		Items: rows * maps * (count + 1),
		Ops:   rows * maps * (count*whPlanetOps + whMapOps),
		Bytes: 8 * (2*ParticleWidth*rows + MapWidth*table),
	}
}

// whContract is the definition of WisdomHolman: wh.Follow.
func whContract(t *device.Tile) {
	particles, maps := device.View[float64](t, whParticles), device.View[float64](t, whMaps)
	count, gm := int(device.Scalar[int32](t.Launch, whCount)), device.Scalar[float64](t.Launch, whGM)
	for i := t.Rows.Lo; i < t.Rows.Hi; i++ {
		if t.Done() {
			return
		}
		row := particles[i*ParticleWidth:][:ParticleWidth]
		x, v := [3]float64(row), [3]float64(row[3:])
		wh.Follow(&x, &v, maps, count, gm)
		copy(row, x[:])
		copy(row[3:], v[:])
	}
}

// whHost returns the forms with vectors that this machine has.
func whHost() (codes []device.HostCode) {
	forms := wh.Forms()
	for _, f := range forms[:len(forms)-1] { // the last one is the contract
		groups := &sync.Pool{New: func() any { return wh.NewGroup(f) }} // which launches use again
		codes = append(codes, device.HostCode{Name: f.Name, Run: func(t *device.Tile) { runWH(t, groups) }})
	}
	return codes
}

// runWH advances some particles at a time, so that a launch that was cancelled ends soon.
func runWH(t *device.Tile, groups *sync.Pool) {
	const some = 256
	particles, maps := device.View[float64](t, whParticles), device.View[float64](t, whMaps)
	count, gm := int(device.Scalar[int32](t.Launch, whCount)), device.Scalar[float64](t.Launch, whGM)
	group := groups.Get().(*wh.Group)
	defer groups.Put(group)
	for lo := t.Rows.Lo; lo < t.Rows.Hi; lo += some {
		if t.Done() {
			return
		}
		group.Follow(particles[lo*ParticleWidth:min(lo+some, t.Rows.Hi)*ParticleWidth], maps, count, gm)
	}
}

// whExamples returns calls on about n particles around a star of gm 1, most with a distance around 1 and an ellipse, some
// with a hyperbola, and with maps of planets at random places: kicks with drifts, maps with one of them alone and steps
// back, long arcs without planets, and a range of rows.
func whExamples(k *device.Kernel, n int) []*device.Call {
	particles := whOrbits(n)
	call := func(label string, count int, rows device.Range, steps ...[3]float64) *device.Call {
		var maps []float64
		for s, m := range steps {
			drift, length, twist := m[0], m[1], m[2]
			kick := 1.
			if length == 0 {
				kick = 0
			}
			star := Plummer[float64](1, uint64(50+s))
			maps = append(maps, drift, length, twist, kick)
			maps = append(maps, float64(star[0]*length)/1024, float64(star[1]*length)/1024, float64(star[2]*length)/1024, 0)
			for p := range count {
				planet := Plummer[float64](1, uint64(60+p))
				maps = append(maps, 3*planet[0], 3*planet[1]+float64(s)/64, 3*planet[2], length/float64(1024*(p+1)))
			}
		}
		return &device.Call{Label: label, Kernel: k, Rows: rows, Args: []device.HostArg{
			whParticles: device.HostMat(append([]float64(nil), particles...), ParticleWidth), whMaps: device.HostMat(maps, MapWidth),
			whCount: device.HostVal(int32(count)), whGM: device.HostVal(1.),
		}}
	}
	all := device.Range{Lo: 0, Hi: n}
	const h, twist = 1. / 64, 0x1p-20
	return []*device.Call{
		call("steps", 3, all, [3]float64{h, h, 0}, [3]float64{h, h, 0}, [3]float64{h, h, 0}),
		call("half steps", 9, all, [3]float64{h / 2, 0, 0}, [3]float64{h, h, twist}, [3]float64{0, h, twist}, [3]float64{-h / 2, 0, 0}),
		call("long arcs", 0, all, [3]float64{3, 3, twist}, [3]float64{-40, 1, 0}),
		call("range of particles", 1, device.Range{Lo: n / 3, Hi: n - n/4}, [3]float64{-h, -h, twist}, [3]float64{-h, -h, twist}),
	}
}

// whOrbits returns n particles at the places of a Plummer sphere, moving across the direction to the star with 3/4 to 7/4
// of the speed of a circle.
func whOrbits(n int) []float64 {
	places, others := Plummer[float64](n, 48), Plummer[float64](n, 49)
	rows := make([]float64, 0, n*ParticleWidth)
	for i := range n {
		p, q := places[i*BodyWidth:][:3], others[i*BodyWidth:][:3]
		r := math.Sqrt(float64(p[0]*p[0]) + float64(p[1]*p[1]) + float64(p[2]*p[2]))
		v := [3]float64{
			float64(p[1]*q[2]) - float64(p[2]*q[1]), float64(p[2]*q[0]) - float64(p[0]*q[2]), float64(p[0]*q[1]) - float64(p[1]*q[0]),
		}
		speed := float64((0.75+float64(i%9)/8)*math.Sqrt(1/r)) / math.Sqrt(float64(v[0]*v[0])+float64(v[1]*v[1])+float64(v[2]*v[2]))
		rows = append(rows, p...)
		rows = append(rows, float64(speed*v[0]), float64(speed*v[1]), float64(speed*v[2]))
	}
	return rows
}
