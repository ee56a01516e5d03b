package device

import (
	"math"
	"slices"
)

// Access says how a kernel uses a parameter. It is what makes launches safe to
// cut into tiles, to split over devices and to run again.
type Access uint8

// The ways to use a parameter.
const (
	Value      Access = iota // a scalar, passed by value
	ReadAll                  // a buffer, read anywhere
	ReadRows                 // a buffer, read in the rows computed and a halo around them
	WriteRows                // a buffer, written in the rows computed, never read
	UpdateRows               // a buffer, read and written in the rows computed alone
)

// Writes reports whether the parameter is an output.
func (a Access) Writes() bool { return a == WriteRows || a == UpdateRows }

// MaxParams is the largest number of parameters of a kernel.
const MaxParams = 16

// Param is one parameter of a kernel.
type Param struct {
	Name   string
	Type   Type
	Access Access
	// Halo is, for ReadRows, the number of rows read on each side of those
	// computed, as far as there are some; nil means none.
	Halo func(l *Launch) int
}

// Kernel describes a computation over the rows of its outputs. Only Name,
// Params and Contract are needed. A Kernel must not change once it was
// launched; devices identify it by its address.
type Kernel struct {
	Name   string
	Params []Param

	// Contract computes the rows t.Rows of every output, serially. It defines
	// the result: every other form of the kernel must give the same bits. So must every
	// processor: Go may round x*y + z once, as some do, so write float64(x*y) + z or
	// math.FMA(x, y, z). An assignment does not round; `offload vet` finds what is missing.
	Contract func(t *Tile)

	// Host lists faster forms for the host's cores, best first. Without one,
	// host devices run Contract on tiles of the rows.
	Host []HostCode

	// Shader is the form for devices with compute shaders. Without one, such a
	// device refuses the kernel as ErrUnsupported.
	Shader *Shader

	// Check validates shapes and scalars, beyond what Params say.
	Check func(l *Launch) error

	// Cost predicts the work of a launch. Without it each row counts as one item.
	Cost func(l *Launch) Cost
	// Unit is what Cost.Items counts, in the plural: interactions, updates, …
	Unit string

	// Invariant is what package check can watch of the results; nil for nothing.
	Invariant *Invariant

	// Examples makes calls with known inputs whose size grows with n ≥ 0, one for
	// each path that the kernel has. They are what probes, compliance tests and
	// `offload verify` run.
	Examples func(n int) []*Call
}

// Cost is the predicted work of a launch.
type Cost struct {
	Items float64 // results in the kernel's unit
	Ops   float64 // floating-point operations
	Bytes float64 // bytes moved to and from memory, at the least
}

// Valid reports whether c is an amount of work: finite, and not negative.
func (c Cost) Valid() bool {
	for _, x := range [...]float64{c.Items, c.Ops, c.Bytes} {
		if !(x >= 0 && x <= math.MaxFloat64) {
			return false
		}
	}
	return true
}

// CostOf is what k.Cost says of l, or the default for a kernel without one. A launch
// that is not valid costs nothing.
func CostOf(l *Launch) Cost {
	if l == nil || l.Kernel == nil || len(l.Args) != len(l.Kernel.Params) {
		return Cost{}
	}
	if l.Kernel.Cost != nil {
		return l.Kernel.Cost(l)
	}
	n := float64(l.Rows.Len())
	c := Cost{Items: n, Ops: n}
	for i, p := range l.Kernel.Params {
		if p.Access != Value {
			c.Bytes += n * float64(l.Args[i].Width*p.Type.Size())
		}
	}
	return c
}

// HostCode is one form of a kernel for the host's cores.
type HostCode struct {
	Name string // the variant: go, avx2, …

	// Ready reports whether this machine can run it; nil means any can.
	Ready func() bool

	// Plan cuts a launch into phases of tasks for that many workers. Nil means
	// one phase whose tasks are tiles of the rows.
	Plan func(l *Launch, workers int, p *Plan)

	// Run does one task. With a Plan it finds its task in t.Phase and t.Task;
	// without one it computes the rows t.Rows.
	Run func(t *Tile)
}

// Plan is how a launch is cut. Phases run one after another; the tasks of one
// phase run in any order and at the same time.
type Plan struct {
	Tasks  []int // number of tasks of each phase
	Shared int   // bytes of scratch that all tasks of the launch share
	Local  int   // bytes of scratch of each worker
}

// Invariant is what is known of a kernel's results and costs less to check than they
// cost to compute: package check watches it on any device.
type Invariant struct {
	// Sweeps is the name of the Int32 parameter that says how often a launch repeats its
	// step, where fewer give an earlier state; empty if there is none.
	Sweeps string

	Stencil *Stencil
	Balance *Balance
}

// SweepsOf returns the index of the parameter that k.Invariant names as its sweeps, or -1.
func SweepsOf(k *Kernel) int {
	if k.Invariant == nil {
		return -1
	}
	return slices.IndexFunc(k.Params, func(p Param) bool { return p.Name == k.Invariant.Sweeps })
}

// Stencil is the invariant of a kernel that replaces every inner point of a grid by a
// weighted sum of itself and its four neighbours, Sweeps times, while the edges keep
// their values: sums of rows follow from those before.
type Stencil struct {
	In, Out int // parameters: grids of one shape
	// Weights returns the weight of a point itself, of each of its neighbours in the
	// row, and of each of those in the column.
	Weights   func(l *Launch) (centre, x, y float64)
	Roundings float64 // of an update at the most, in units of the largest value's
	Floor     float64 // the magnitude below which values may become 0
}

// Balance is the invariant of a kernel whose result has a row for each target, to which
// every source adds something: what the rows of one set do to each other adds up to 0
// when each is multiplied by the row's weight. Momentum is an example.
type Balance struct {
	Targets, Sources, Result int // parameters
	Weight                   int // column of the targets
	// Paired reports whether a launch whose targets are its sources pairs each row
	// with each other one.
	Paired func(l *Launch) bool
	// Size returns the sum of the magnitudes of what the sources add to the result of
	// a target, of which Shader.FastError is a part.
	Size func(l *Launch, target, sources Slice) float64
}

// Shader is the form of a kernel for devices with compute shaders: GLSL 4.30.
//
// The device declares the parameters before Source, by their names. For a buffer
// called u there are
//
//	u_at(i)    element i of the matrix, to be read or assigned
//	u_rows     number of rows
//	u_width    elements of a row
//
// and for a scalar called cx there is cx_value. Besides these:
//
//	row_lo, row_hi   the rows to compute
//	pass_index       which pass of the plan runs, from 0
//	pass_word(i)     word i of the pass
//	group_index      which of the pass's work-groups this is, from 0
//	LOCAL            invocations in a work-group
//	scratch_at(i)    element i of the scratch, if the plan asks for any
//
// All of them are int. Exact arithmetic is by exact_add … exact_fma; see package
// shaders. MATH_FAST is defined where the device was opened with fast arithmetic.
type Shader struct {
	// Source is the rest of the shader, main included.
	Source string

	// Local is the number of invocations in a work-group.
	Local int

	// Scratch is the type of the scratch's elements; zero for a shader without.
	Scratch Type

	// Groups returns the number of work-groups of a launch without a Plan: l.Rows.Len()
	// for one that computes a row with all its invocations, row_lo + group_index. Nil
	// means one invocation for each row,
	// row_lo + group_index*LOCAL + gl_LocalInvocationIndex.
	Groups func(l *Launch) int

	// Plan cuts a launch into passes. Nil means one pass of Groups.
	Plan func(l *Launch, limits ShaderLimits, p *ShaderPlan)

	// FastError bounds the relative error of fast arithmetic, in the norm that the
	// kernel's documentation names; zero where fast results equal exact ones.
	FastError float64
}

// ShaderLimits is what a device can do in one work-group and at once.
type ShaderLimits struct {
	SharedBytes int // memory that a work-group shares
	GroupSize   int // most invocations of a work-group
}

// ShaderPlan is how a launch is cut. Passes run one after another and see what
// earlier ones wrote. It is reused from launch to launch.
type ShaderPlan struct {
	Passes  []Pass
	Scratch int // elements of scratch, left as they were from pass to pass
}

// Pass is one dispatch. Its work-groups do not depend on each other, so that the
// device may run them in several pieces.
type Pass struct {
	Groups int
	Words  [PassWords]int32
}

// PassWords is the number of words that a pass hands to its shader.
const PassWords = 8
