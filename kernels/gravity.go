package kernels

import (
	"math"

	"offload/device"
	"offload/internal/ieee"
)

// Bodies are matrices with rows (x, y, z, gm): position and the gravitational
// constant times mass. Accelerations are matrices with rows (ax, ay, az).
const (
	BodyWidth  = 4
	AccelWidth = 3
)

// SourceTile is the number of sources whose contributions form one partial sum.
const SourceTile = 256

// Unrelated is the home of targets that are not among the sources: it puts every
// target before all of them.
const Unrelated = math.MinInt32

// maxBodies is such that the row of a body fits into the type of home.
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

// gravityArgs binds a gravity kernel's arguments. Home is the row of the sources
// at which row 0 of the targets stands.
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
			return device.Invalidf("kernel %s: %d bodies; at most %d are possible", l.Kernel.Name, n, maxBodies)
		}
		return checkSoftening(device.Scalar[T](l, gravSoftening))
	}
}

// checkSoftening accepts 0, and lengths whose square is a normal number.
func checkSoftening[T device.Float](eps T) error {
	square := eps * eps
	if eps == 0 || (eps > 0 && square >= minNormal[T]() && square <= maxFinite[T]()/16) {
		return nil
	}
	return device.Invalidf("softening %g must be 0, or a length with a normal square", eps)
}

// CheckBodies refuses what the gravity kernels do not define: NaN, Inf, negative
// gm, and positions so far out that a squared distance overflows. Bodies are
// rows (x, y, z, gm).
func CheckBodies[T device.Float](bodies []T) error {
	if len(bodies)%BodyWidth != 0 {
		return device.Invalidf("%d numbers are no rows of (x, y, z, gm)", len(bodies))
	}
	limit := ieee.Sqrt(maxFinite[T]()) / 8
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

// perPrecision is single for float32 and double for float64.
func perPrecision[T device.Float](single, double float64) T {
	if device.TypeOf[T]() == device.Float32 {
		return T(single)
	}
	return T(double)
}

func minNormal[T device.Float]() T { return perPrecision[T](0x1p-126, 0x1p-1022) }

func maxFinite[T device.Float]() T {
	return perPrecision[T](math.MaxFloat32, math.MaxFloat64)
}

// pairCount is the number of ordered pairs of a gravity launch.
func pairCount(l *device.Launch) float64 {
	return float64(l.Rows.Len()) * float64(l.Args[gravSources].NumRows())
}
