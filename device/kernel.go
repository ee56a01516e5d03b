package device

import "math"

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

// Writes tells whether the parameter is an output.
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

	// Ready tells whether this machine can run it; nil means any can.
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
