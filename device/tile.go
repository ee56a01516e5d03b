package device

import (
	"context"
	"unsafe"
)

// Tile is one piece of a launch as a kernel's Go code sees it. Indices of rows
// are those of the launch, whatever the tile.
type Tile struct {
	*Launch
	Rows   Range // rows to compute
	Phase  int   // phase of the plan
	Task   int   // task of the phase
	Tasks  int   // number of tasks of the phase
	Worker int   // which of the workers runs it, from 0

	ctx    context.Context
	views  *[MaxParams]Slice
	shared []uint64
	local  []uint64
}

// View is the whole matrix passed as argument i, row after row. Writing outside
// the rows of an output is a mistake in the kernel.
func View[T Element](t *Tile, i int) []T { return As[T](t.views[i]) }

// Width is the number of elements in a row of argument i.
func (t *Tile) Width(i int) int { return t.Args[i].Width }

// Done tells whether the launch was cancelled. A task of more than about a
// millisecond should ask now and then and return early.
func (t *Tile) Done() bool { return t.ctx.Err() != nil }

// Shared is the plan's shared scratch as elements of type T. It holds whatever
// was left in it.
func Shared[T Element](t *Tile) []T { return scratch[T](t.shared) }

// Local is the plan's scratch of this worker as elements of type T.
func Local[T Element](t *Tile) []T { return scratch[T](t.local) }

func scratch[T Element](words []uint64) []T {
	var zero T
	n := len(words) * 8 / int(unsafe.Sizeof(zero))
	return unsafe.Slice((*T)(unsafe.Pointer(unsafe.SliceData(words))), n)
}

// Binding is a launch with its arguments resolved to host memory: what a host
// device needs to make tiles. It is reused from launch to launch.
type Binding struct {
	Launch *Launch
	Ctx    context.Context
	Views  [MaxParams]Slice
	Shared []uint64
}

// Tile sets t to a task of the bound launch: rows for code without a plan, or
// task of the tasks of a phase. The worker's own scratch is local.
func (b *Binding) Tile(t *Tile, rows Range, worker int, local []uint64) {
	t.Launch, t.ctx, t.views, t.shared = b.Launch, b.Ctx, &b.Views, b.Shared
	t.Rows, t.Worker, t.local = rows, worker, local
}
