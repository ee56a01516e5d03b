package device

import (
	"math"
	"slices"
)

// Access is the way a kernel uses a parameter. Because it is declared, a launch can be
// cut into tiles, split over devices and run again.
type Access uint8

// The ways to use a parameter.
const (
	Value      Access = iota // a scalar, passed by value
	ReadAll                  // a buffer, read anywhere
	ReadRows                 // a buffer, read in the rows computed and a halo around them
	WriteRows                // a buffer, written in the rows computed, never read
	UpdateRows               // a buffer, read and written in the rows computed only
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
	// Halo returns, for ReadRows, the number of rows read on each side of those computed,
	// clipped at the edges of the matrix; nil means none.
	Halo func(l *Launch) int
}

// Kernel describes a computation over the rows of its outputs. Name, Params and Contract
// are required, the other fields optional. A Kernel must not change after its first
// launch; devices identify it by its address.
type Kernel struct {
	Name   string
	Params []Param

	// Contract computes the rows t.Rows of every output, serially. It defines the result:
	// every other form of the kernel must give the same bits. The bits must not depend on
	// the processor: Go may fuse x*y + z into one rounding, and does on some processors, so
	// write float64(x*y) + z or math.FMA(x, y, z). An assignment does not round; `offload
	// vet` finds missing conversions.
	Contract func(t *Tile)

	// Host lists faster forms for the host's cores, best first. Without one, host devices
	// run Contract on tiles of the rows.
	Host []HostCode

	// Shader is the form for devices with compute shaders. Without it, they return
	// ErrUnsupported.
	Shader *Shader

	// Check validates shapes and scalars beyond what Params declare.
	Check func(l *Launch) error

	// Cost predicts the work of a launch. Without it each row counts as one item.
	Cost func(l *Launch) Cost
	// Unit names what Cost.Items counts, in the plural: interactions, updates, …
	Unit string

	// Invariant is a property of the results that package check can verify; nil if there is
	// none.
	Invariant *Invariant

	// Examples returns calls with known inputs whose size grows with n ≥ 0, one for each
	// code path of the kernel. Probes, compliance tests and `offload verify` run them.
	Examples func(n int) []*Call
}

// Cost is the predicted work of a launch.
type Cost struct {
	Items float64 // results in the kernel's unit
	Ops   float64 // floating-point operations
	Bytes float64 // bytes moved to and from memory, at least
}

// Valid reports whether all fields of c are finite and at least 0.
func (c Cost) Valid() bool {
	for _, x := range [...]float64{c.Items, c.Ops, c.Bytes} {
		if !(x >= 0 && x <= math.MaxFloat64) {
			return false
		}
	}
	return true
}

// CostOf returns the kernel's Cost of l. For a kernel without Cost, each row is one item
// and one operation, and the bytes are those of the computed rows of every buffer
// argument. The cost of a launch without a kernel or with the wrong number of arguments
// is zero.
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

	// Ready reports whether this machine can run the code; nil means that every machine
	// can.
	Ready func() bool

	// Plan sets p to the phases and tasks of a launch on the given number of workers. Nil
	// means one phase whose tasks are tiles of the rows.
	Plan func(l *Launch, workers int, p *Plan)

	// Run performs one task: with a Plan, task t.Task of phase t.Phase; without one, the
	// rows t.Rows.
	Run func(t *Tile)
}

// Plan is the division of a launch into phases and tasks. Phases run one after another;
// the tasks of a phase run concurrently, in any order.
type Plan struct {
	Tasks  []int // number of tasks of each phase
	Shared int   // bytes of scratch that all tasks of the launch share
	Local  int   // bytes of scratch of each worker
}

// Invariant is a property of a kernel's results that costs less to check than the results
// cost to compute. Package check verifies it on any device.
type Invariant struct {
	// Sweeps is the name of the Int32 parameter that holds the number of sweeps of a
	// launch; fewer sweeps give an earlier state. Empty if there is none.
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

// Stencil is the invariant of a kernel that replaces every inner point of a grid with a
// weighted sum of itself and its four neighbours, in each of Sweeps sweeps, while the
// edges keep their values. The weighted sums of rows then follow from those before.
type Stencil struct {
	In, Out int // indices of parameters: grids of one shape
	// Weights returns the weight of the point itself, of each neighbour in its row (x), and
	// of each neighbour in its column (y).
	Weights   func(l *Launch) (centre, x, y float64)
	Roundings float64 // most roundings of one update, each of the largest value
	Floor     float64 // magnitude below which values may become 0
}

// Balance is the invariant of a kernel that adds up contributions of every source for
// each target, one result row per target. If targets and sources are the same rows, the
// sum over all rows of weight·result is 0, as with momentum.
type Balance struct {
	Targets, Sources, Result int // indices of parameters
	Weight                   int // index of the column of the targets
	// Paired reports whether a launch whose targets are its sources pairs every row with
	// every other row.
	Paired func(l *Launch) bool
	// Size returns the sum of the magnitudes of the contributions to the result of one
	// target. Shader.FastError is relative to it.
	Size func(l *Launch, target, sources Slice) float64
}

// Shader is the form of a kernel for devices with compute shaders: GLSL 4.30.
//
// The device declares the parameters by name before Source. For a buffer named u:
//
//	u_at(i)    element i of the matrix, to be read or assigned
//	u_rows     number of rows
//	u_width    elements of a row
//
// Of a matrix with access by rows, only the elements that the launch may touch are there:
// a device may run a large launch in bands of rows, and bind no more than a band needs.
//
// For a scalar named cx it declares cx_value. In addition:
//
//	row_lo, row_hi   the rows to compute
//	pass_index       which pass of the plan runs, from 0
//	pass_word(i)     word i of the pass
//	group_index      which of the pass's work-groups this is, from 0
//	LOCAL            invocations in a work-group
//	scratch_at(i)    element i of the scratch, if the plan asks for any
//
// All of them are int. Exact arithmetic uses exact_add … exact_fma; see package shaders.
// MATH_FAST is defined if the device was opened with fast arithmetic.
type Shader struct {
	// Source is the rest of the shader, including main.
	Source string

	// Local is the number of invocations in a work-group.
	Local int

	// Scratch is the element type of the scratch; zero for a shader without scratch.
	Scratch Type

	// Groups returns the number of work-groups of a launch without a Plan: l.Rows.Len() if
	// a whole work-group computes one row, row_lo + group_index. Nil means one invocation
	// for each row, row_lo + group_index*LOCAL + gl_LocalInvocationIndex.
	Groups func(l *Launch) int

	// Plan sets p to the passes of a launch. Nil means one pass of Groups.
	Plan func(l *Launch, limits ShaderLimits, p *ShaderPlan)

	// FastError bounds the relative error of fast arithmetic, in the norm that the kernel
	// documents; zero if fast results equal exact ones.
	FastError float64
}

// ShaderLimits are a device's limits for one work-group.
type ShaderLimits struct {
	SharedBytes int // bytes of memory shared by a work-group
	GroupSize   int // largest number of invocations of a work-group
}

// ShaderPlan is the division of a launch into passes, which run one after another and see
// the writes of earlier passes. It is reused from launch to launch.
type ShaderPlan struct {
	Passes  []Pass
	Scratch int // elements of scratch, which keep their values from pass to pass
}

// Pass is one dispatch. Its work-groups are independent of each other, so the device may
// run them in several pieces.
type Pass struct {
	Groups int
	Words  [PassWords]int32
}

// PassWords is the number of words that a pass gives its shader.
const PassWords = 8
