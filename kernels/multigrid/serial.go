package multigrid

import (
	"context"
	"fmt"

	"offload/device"
)

// Serial is a launch on host memory that runs in the caller's goroutine, by the kernel's
// fastest code for this machine. Small levels are computed in this way: a launch on a
// device takes longer than they do. Run does not allocate, unless the kernel's code does.
type Serial struct {
	launch  device.Launch
	binding device.Binding
	tile    device.Tile
	plan    device.Plan
	run     func(t *device.Tile)
	scratch *Scratch
}

// Scratch is memory that launches which do not run at the same time share.
type Scratch struct{ shared, local []uint64 }

// NewSerial returns a launch on the slices in data, one for each matrix of l in the order
// of its parameters. The matrices of l, which may lack buffers, have their shapes. The launch
// uses scratch, which grows as needed.
func NewSerial(l *device.Launch, scratch *Scratch, data ...device.Slice) (*Serial, error) {
	s := &Serial{launch: *l, scratch: scratch}
	k := l.Kernel
	for i, p := range k.Params {
		if p.Access == device.Value {
			continue
		}
		if len(data) == 0 || data[0].Type() != p.Type || data[0].Len() < l.Args[i].Len || l.Args[i].Offset != 0 {
			return nil, device.Invalidf("kernel %s: no memory for %s", k.Name, p.Name)
		}
		if p.Access != device.ReadAll && l.Rows.Hi > l.Args[i].NumRows() {
			return nil, device.Invalidf("kernel %s: rows up to %d exceed %s, which has %d", k.Name, l.Rows.Hi, p.Name, l.Args[i].NumRows())
		}
		s.binding.Views[i], data = data[0].Sub(0, l.Args[i].Len), data[1:]
	}
	if k.Check != nil {
		if err := k.Check(l); err != nil {
			return nil, err
		}
	}
	s.binding.Launch = &s.launch
	s.choose()
	return s, nil
}

// choose sets the code to run, its plan and its scratch.
func (s *Serial) choose() {
	s.run, s.plan.Tasks = s.launch.Kernel.Contract, []int{1}
	for _, h := range s.launch.Kernel.Host {
		if h.Ready != nil && !h.Ready() {
			continue
		}
		s.run = h.Run
		if h.Plan != nil {
			s.plan.Tasks = nil
			h.Plan(&s.launch, 1, &s.plan)
		}
		break
	}
	s.scratch.shared = grow(s.scratch.shared, s.plan.Shared)
	s.scratch.local = grow(s.scratch.local, s.plan.Local)
}

// grow returns words with at least so many bytes.
func grow(words []uint64, bytes int) []uint64 {
	if n := (bytes + 7) / 8; n > len(words) {
		return make([]uint64, n)
	}
	return words
}

// Run performs the launch. The error is that of ctx; the outputs are then undefined.
func (s *Serial) Run(ctx context.Context) error {
	s.binding.Ctx, s.binding.Shared = ctx, s.scratch.shared
	for phase, tasks := range s.plan.Tasks {
		for task := range tasks {
			s.binding.Tile(&s.tile, s.launch.Rows, 0, s.scratch.local)
			s.tile.Phase, s.tile.Task, s.tile.Tasks = phase, task, tasks
			s.run(&s.tile)
		}
	}
	s.binding.Ctx = nil
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("kernel %s: %w", s.launch.Kernel.Name, err)
	}
	return nil
}
