// Package gravity has kernels for bodies that attract each other: Force and Potential,
// each in float32 and float64.
//
// Functions named …Contract are the executable contracts: the exact sequence of IEEE-754
// operations that every device must reproduce.
package gravity

import (
	"math"
	"offload/device"
	"offload/internal/contract"
	"offload/internal/ieee"
	"offload/kernels/internal/base"
)

// Bodies are matrices with rows (x, y, z, gm): position and the gravitational
// constant times mass. Accelerations are matrices with rows (ax, ay, az).
const (
	BodyWidth  = 4
	AccelWidth = 3
)

// SourceTile is the number of sources whose contributions form one partial sum.
const SourceTile = contract.SourceTile

// Unrelated is the home for targets that are not among the sources: it puts every target
// before all sources.
const Unrelated = math.MinInt32

// maxBodies is the largest number of bodies: a row must fit the type of home.
const maxBodies = math.MaxInt32

// Parameters of the gravity kernels, in binding order.
const (
	gravTargets = iota
	gravSources
	gravResult
	gravSoftening
	gravHome
)

func gravityParams[T device.Float](result string) []device.Param {
	t := device.TypeOf[T]()
	return []device.Param{
		gravTargets:   {Name: "targets", Type: t, Access: device.ReadRows},
		gravSources:   {Name: "sources", Type: t, Access: device.ReadAll},
		gravResult:    {Name: result, Type: t, Access: device.WriteRows},
		gravSoftening: {Name: "softening", Type: t, Access: device.Value},
		gravHome:      {Name: "home", Type: device.Int32, Access: device.Value},
	}
}

// gravityArgs returns a gravity kernel's arguments. home is the row of the sources that
// is row 0 of the targets.
func gravityArgs[T device.Float](targets, sources, result device.Arg, softening T, home int) []device.Arg {
	return []device.Arg{
		gravTargets:   targets,
		gravSources:   sources,
		gravResult:    result,
		gravSoftening: device.Val(softening),
		gravHome:      device.Int(home),
	}
}

func checkGravity[T device.Float](resultWidth int) func(l *device.Launch) error {
	return func(l *device.Launch) error {
		for i, w := range [...]int{gravTargets: BodyWidth, gravSources: BodyWidth, gravResult: resultWidth} {
			if l.Args[i].Width != w {
				return device.Invalidf("kernel %s: rows of %s have %d elements, not %d",
					l.Kernel.Name, l.Kernel.Params[i].Name, l.Args[i].Width, w)
			}
		}
		if n := max(l.Args[gravTargets].NumRows(), l.Args[gravSources].NumRows()); n > maxBodies {
			return device.Invalidf("kernel %s: %d bodies; the limit is %d", l.Kernel.Name, n, maxBodies)
		}
		return checkSoftening(device.Scalar[T](l, gravSoftening))
	}
}

// checkSoftening accepts 0, and lengths whose square is a normal number of at most
// MaxFinite/16.
func checkSoftening[T device.Float](eps T) error {
	square := eps * eps
	if eps == 0 || (eps > 0 && square >= base.MinNormal[T]() && square <= base.MaxFinite[T]()/16) {
		return nil
	}
	return device.Invalidf("softening %g must be 0, or a length with a normal square", eps)
}

// CheckBodies returns a device.ErrInvalid for bodies that the gravity kernels do not
// define: NaN, Inf, negative gm, and positions or gm above √MaxFinite/8, with which a
// squared distance may overflow. Bodies are rows (x, y, z, gm).
func CheckBodies[T device.Float](bodies []T) error {
	if len(bodies)%BodyWidth != 0 {
		return device.Invalidf("%d numbers do not form rows of (x, y, z, gm)", len(bodies))
	}
	limit := ieee.Sqrt(base.MaxFinite[T]()) / 8
	for i, v := range bodies {
		row, column := i/BodyWidth, i%BodyWidth
		switch {
		case v != v:
			return device.Invalidf("body %d: %s is NaN", row, bodyColumns[column])
		case ieee.Abs(v) > limit:
			return device.Invalidf("body %d: %s = %g is too large for %v", row, bodyColumns[column], v, device.TypeOf[T]())
		case column == BodyWidth-1 && v < 0:
			return device.Invalidf("body %d: gm = %g is negative", row, v)
		}
	}
	return nil
}

var bodyColumns = [BodyWidth]string{"x", "y", "z", "gm"}

// pairCount returns the number of ordered pairs of a gravity launch.
func pairCount(l *device.Launch) float64 {
	return float64(l.Rows.Len()) * float64(l.Args[gravSources].NumRows())
}

// gravityLanes returns the number of strided partial sums in an earlier tile: the lanes
// of a 256-bit vector.
func gravityLanes[T device.Float]() int { return contract.VectorBytes / device.TypeOf[T]().Size() }

// carriedSum adds numbers and carries the rounding errors in a second sum.
type carriedSum[T device.Float] struct{ sum, carry T }

func (s *carriedSum[T]) add(x T) {
	var e T
	s.sum, e = ieee.TwoSum(s.sum, x)
	s.carry += e
}

func (s *carriedSum[T]) value() T { return s.sum + s.carry }

// vectorSum is a carriedSum of three components.
type vectorSum[T device.Float] struct{ x, y, z carriedSum[T] }

func (s *vectorSum[T]) add(x, y, z T) {
	s.x.add(x)
	s.y.add(y)
	s.z.add(z)
}

func (s *vectorSum[T]) store(dst []T) {
	dst[0], dst[1], dst[2] = s.x.value(), s.y.value(), s.z.value()
}

// gravityExamples returns calls on about n bodies: one set against itself, with and
// without softening, with two coincident bodies; a slice of the sources; disjoint sets;
// and a range of rows.
func gravityExamples[T device.Float](k *device.Kernel, resultWidth, n int) []*device.Call {
	bodies := Plummer[T](n, 42)
	if n > 2 {
		copy(bodies[:3], bodies[(n-1)*BodyWidth:][:3])
	}
	others := Plummer[T](n+3, 43)
	call := func(label string, targets, sources []T, softening T, home int, rows device.Range) *device.Call {
		return &device.Call{
			Label:  label,
			Kernel: k,
			Rows:   rows,
			Args: []device.HostArg{
				gravTargets:   device.HostMat(targets, BodyWidth),
				gravSources:   device.HostMat(sources, BodyWidth),
				gravResult:    device.HostMat(base.Poison[T](len(targets)/BodyWidth*resultWidth), resultWidth),
				gravSoftening: device.HostVal(softening),
				gravHome:      device.HostVal(int32(home)),
			},
		}
	}
	all := device.Range{Lo: 0, Hi: n}
	lo, hi := n/3, n-n/4
	return []*device.Call{
		call("all pairs", bodies, bodies, 1./64, 0, all),
		call("no softening", bodies, bodies, 0, 0, all),
		call("disjoint sets", bodies, others, 0, Unrelated, all),
		call("slice of sources", bodies, bodies[lo*BodyWidth:hi*BodyWidth], 1./64, -lo, all),
		call("range of targets", bodies, bodies, 1./64, 0, device.Range{Lo: lo, Hi: hi}),
	}
}
