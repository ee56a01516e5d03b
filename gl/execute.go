package gl

import (
	"context"
	"fmt"

	"offload/device"
	"offload/device/queue"
	"offload/gl/internal/driver"
)

// Execute queues the launch on the driver, in bands of rows if it is large, and in spans
// if it is long.
func (e *engine) Execute(ctx context.Context, l *device.Launch, mem *[device.MaxParams]queue.Memory) error {
	p, err := e.program(l.Kernel)
	if err != nil {
		return err
	}
	words := e.words[:len(p.words)]
	for lo := l.Rows.Lo; lo < l.Rows.Hi; {
		band, groups, err := e.nextBand(l, lo)
		if err != nil {
			return err
		}
		lo = band.Rows.Hi
		if groups == 0 {
			continue
		}
		e.bindAll(band, mem, words)
		e.use(p)
		perGroup := max(1, device.CostOf(band).Ops) / float64(groups)
		if err := e.dispatchAll(ctx, p, words, groups, perGroup, lo < l.Rows.Hi); err != nil {
			return err
		}
	}
	e.counts.launches.Add(1)
	return nil
}

// cut fills in the plan of l. It returns the total number of work-groups of all passes.
func (e *engine) cut(l *device.Launch) (groups int, err error) {
	s, p := l.Kernel.Shader, &e.plan
	p.Passes, p.Scratch = p.Passes[:0], 0
	switch {
	case s.Plan != nil:
		s.Plan(l, device.ShaderLimits{SharedBytes: e.info.SharedBytes, GroupSize: e.info.GroupSize}, p)
	case s.Groups != nil:
		p.Passes = append(p.Passes, device.Pass{Groups: s.Groups(l)})
	default:
		p.Passes = append(p.Passes, device.Pass{Groups: (l.Rows.Len() + s.Local - 1) / s.Local})
	}
	for _, pass := range p.Passes {
		if pass.Groups < 0 || pass.Groups > maxIndex-groups {
			return 0, device.Invalidf("kernel %s: a pass of %d work-groups", l.Kernel.Name, pass.Groups)
		}
		groups += pass.Groups
	}
	if s.Scratch == 0 && p.Scratch != 0 {
		return 0, device.Invalidf("kernel %s: scratch of no type", l.Kernel.Name)
	}
	return groups, nil
}

// reserveScratch grows the scratch to at least n elements. It never shrinks it.
func (e *engine) reserveScratch(k *device.Kernel, n int) error {
	t := k.Shader.Scratch
	if n < 0 || n > e.info.StorageBytes/t.Size() {
		return fmt.Errorf("kernel %s: %w: scratch of %d elements; a storage block of this driver has %d bytes",
			k.Name, device.ErrUnsupported, n, e.info.StorageBytes)
	}
	if e.scratch != nil && e.scratch.bytes >= n*t.Size() {
		return nil
	}
	if e.scratch != nil {
		e.scratch.Free() // the driver keeps the memory until its commands are done
		e.scratch = nil
	}
	m, err := e.alloc(t, n)
	if err != nil {
		return fmt.Errorf("kernel %s: scratch: %w", k.Name, err)
	}
	e.scratch = m
	return nil
}

// dispatchAll queues the passes of the plan. It groups dispatches into short spans
// by the number of operations they perform. More is set if another band of the launch
// follows.
func (e *engine) dispatchAll(ctx context.Context, p *program, words []uint32, groups int, perGroup float64, more bool) error {
	left := perGroup * float64(groups)
	s := e.begin(p, left)
	for i := range e.plan.Passes {
		pass := &e.plan.Passes[i]
		words[wordPass] = uint32(i)
		for w, v := range pass.Words {
			words[wordOfPass+w] = uint32(v)
		}
		for done := 0; done < pass.Groups; {
			room := (p.speed.most() - s.ops) / perGroup
			if room < 1 && s.ops > 0 {
				if err := e.end(ctx, s, true); err != nil {
					e.driver.Barrier() // later launches must see what was dispatched
					return err
				}
				left -= s.ops
				s = e.begin(p, left)
				continue
			}
			n := min(pass.Groups-done, e.info.GroupsInRow, int(max(1, min(room, maxIndex))))
			words[wordGroup] = uint32(done)
			e.set(p, words)
			e.driver.Dispatch(n)
			e.counts.dispatches.Add(1)
			s.ops += float64(n) * perGroup
			done += n
		}
		e.driver.Barrier()
	}
	return e.end(ctx, s, more)
}

// flight tracks the commands that the driver has and that may still be running.
type flight struct {
	marks    []mark // oldest first
	seconds  float64
	unmarked float64 // seconds since the last mark
	spans    int     // since the last mark
}

// mark is a fence, with the predicted time of the commands between the previous one
// and it.
type mark struct {
	fence   driver.Fence
	seconds float64
}

// A mark costs time and flushes the queue, so there is one for each markSeconds or
// markSpans, whichever comes first, and never more than manyMarks.
const (
	markSeconds = 1e-3
	markSpans   = 64
	manyMarks   = 64
)

// add records a span. It waits while too much is in flight; if wait is set, it waits
// until everything is done.
func (f *flight) add(ctx context.Context, e *engine, seconds float64, wait bool) error {
	f.unmarked += seconds
	f.spans++
	if wait {
		return f.drain(ctx, e)
	}
	if f.unmarked < markSeconds && f.spans < markSpans {
		return nil
	}
	fence, err := e.driver.NewFence()
	if err != nil {
		return lost(err)
	}
	f.marks = append(f.marks, mark{fence, f.unmarked})
	f.seconds += f.unmarked
	f.unmarked, f.spans = 0, 0
	for len(f.marks) > 1 && (f.seconds > flightTime.Seconds() || len(f.marks) > manyMarks) {
		oldest := f.marks[0]
		if err := e.reach(ctx, oldest.fence); err != nil {
			return err
		}
		e.driver.FreeFence(oldest.fence)
		f.marks = append(f.marks[:0], f.marks[1:]...)
		f.seconds -= oldest.seconds
	}
	return nil
}

// drain waits until everything is done.
func (f *flight) drain(ctx context.Context, e *engine) error {
	fence, err := e.driver.NewFence()
	if err != nil {
		return lost(err)
	}
	if err := e.wait(ctx, fence); err != nil {
		return err
	}
	f.free(e)
	return nil
}

// free frees all marks.
func (f *flight) free(e *engine) {
	for _, m := range f.marks {
		e.driver.FreeFence(m.fence)
	}
	*f = flight{marks: f.marks[:0]}
}
