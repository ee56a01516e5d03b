package multigrid

import (
	"math"

	"offload/device"
	"offload/kernels/internal/base"
)

// maxIntervals keeps the number of elements of any row within an int32.
const maxIntervals = 1 << 28

// leastWeight bounds the ratio of the weights by 2, beyond which cycles converge slowly.
const leastWeight = 1. / 6

// shape is what Check demands of a matrix: rows of so many parts of equal width.
type shape struct {
	param, parts int
	width        func(m int) int      // least width of a part
	read         func(flags int) bool // whether the matrix is used at all; nil means always
}

func points(m int) int     { return m + 1 }
func coarseHalf(m int) int { return HalfWidth(m / 2) }

func hasSource(flags int) bool    { return flags&HasSource != 0 }
func interpolates(flags int) bool { return flags&FromZero == 0 }

// plainCheck returns the Check of a kernel with these matrices, whose scalars begin at
// first.
func plainCheck[T device.Float](edges, norms, first int, shapes ...shape) func(l *device.Launch) error {
	return func(l *device.Launch) error {
		if err := checkEquation[T](l, first); err != nil {
			return err
		}
		n, m, flags := plainScalars(l, first)
		for _, s := range shapes {
			if s.read != nil && !s.read(flags) {
				continue
			}
			if w, least := l.Args[s.param].Width, s.width(m); w%s.parts != 0 || w/s.parts < least {
				return device.Invalidf("kernel %s: rows of %s have %d elements; %d times at least %d are needed",
					l.Kernel.Name, l.Kernel.Params[s.param].Name, w, s.parts, least)
			}
		}
		if w := l.Args[norms].Width; w != NormsWidth {
			return device.Invalidf("kernel %s: rows of norms have %d elements, not %d", l.Kernel.Name, w, NormsWidth)
		}
		if need := 2*(n+1) + 2*(m+1); flags&HasEdges != 0 && l.Args[edges].Len < need {
			return device.Invalidf("kernel %s: %d values on the edges of a grid of %d × %d intervals, which has %d",
				l.Kernel.Name, l.Args[edges].Len, n, m, need)
		}
		return nil
	}
}

// plainScalars returns n, m and the flags of a launch whose scalars begin at first.
func plainScalars(l *device.Launch, first int) (n, m, flags int) {
	at := func(i int) int { return int(device.Scalar[int32](l, first+i)) }
	return at(0), at(1), at(2)
}

// checkEquation refuses numbers of intervals, flags, rows and weights.
func checkEquation[T device.Float](l *device.Launch, first int) error {
	n, m, flags := plainScalars(l, first)
	if min(n, m) < 2 || max(n, m) > maxIntervals || n%2 != 0 || m%2 != 0 {
		return device.Invalidf("kernel %s: a grid of %d × %d intervals; both must be even, from 2 to %d",
			l.Kernel.Name, n, m, maxIntervals)
	}
	if unknown := flags &^ (HasSource | HasEdges | FromZero); unknown != 0 {
		return device.Invalidf("kernel %s: unknown flags %#x", l.Kernel.Name, unknown)
	}
	if l.Rows.Hi > n/2+1 {
		return device.Invalidf("kernel %s: rows up to %d of %d", l.Kernel.Name, l.Rows.Hi, n/2+1)
	}
	cx, cy := device.Scalar[T](l, first+3), device.Scalar[T](l, first+4)
	slack := base.PerPrecision[T](0x1p-22, 0x1p-50)
	if least := T(leastWeight) - slack; !(cx >= least && cy >= least) {
		return device.Invalidf("kernel %s: weights %g and %g must be at least 1/6", l.Kernel.Name, cx, cy)
	}
	if sum := 2*cx + 2*cy; !(math.Abs(float64(sum-1)) <= float64(slack)) {
		return device.Invalidf("kernel %s: the weights of the four neighbours, twice %g and twice %g, do not add up to 1",
			l.Kernel.Name, cx, cy)
	}
	return nil
}

// plainCost returns the Cost of a kernel of so many half-sweeps: every matrix that the
// flags include moves once.
func plainCost(halves, first int, shapes ...shape) func(l *device.Launch) device.Cost {
	return func(l *device.Launch) device.Cost {
		_, m, flags := plainScalars(l, first)
		rows := float64(l.Rows.Len())
		items := 2 * rows * float64(m+1)
		// A half-sweep takes 5 operations for half of the points, a residual 6, and a first
		// guess or correction up to 7; a source adds one to each of the first two.
		ops := (5*float64(halves) + 6 + 7) / 2
		if hasSource(flags) {
			ops += float64(halves+1) / 2
		}
		c := device.Cost{Items: items, Ops: items * ops}
		for _, s := range shapes {
			if s.read == nil || s.read(flags) {
				size := l.Kernel.Params[s.param].Type.Size()
				c.Bytes += rows * float64(s.parts) * float64(s.width(m)) * float64(size)
			}
		}
		return c
	}
}
