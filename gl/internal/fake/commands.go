package fake

import (
	"context"
	"maps"
	"math"
	"slices"
	"time"
	"unsafe"

	"offload/device"
	"offload/gl/internal/driver"
)

func (d *Driver) Bind(index int, b driver.Buffer, offset, bytes int) {
	d.report(d.call("Bind"))
	m := d.memory("Bind", b)
	if offset%d.Limits.StorageAlign != 0 {
		d.misuse("Bind: offset %d is no multiple of %d", offset, d.Limits.StorageAlign)
	}
	if bytes < 1 || offset < 0 || offset+bytes > len(m.bytes) || bytes > d.Limits.StorageBytes {
		d.misuse("Bind: bytes %d to %d of a buffer of %d", offset, offset+bytes, len(m.bytes))
		return
	}
	d.bound[index] = binding{m, offset, bytes}
}

func (d *Driver) Dispatch(groups int) {
	d.report(d.call("Dispatch"))
	if groups < 1 || groups > d.Limits.GroupsInRow {
		d.misuse("Dispatch of %d work-groups", groups)
	}
	if d.timing != nil {
		d.timing.groups += groups
	}
	p := d.programs[d.use]
	if p == nil {
		d.misuse("Dispatch without a program")
		return
	}
	if p.kernel == nil {
		d.misuse("Dispatch of a program that is no kernel's")
		return
	}
	c := &dispatch{kernel: p.kernel, words: slices.Clone(p.words), bound: maps.Clone(d.bound), groups: groups, limits: d.Limits}
	c.mark(d)
	d.queue(func() {
		if struck, _ := d.call(Execution); struck && d.lost {
			return
		}
		c.run(d)
	})
}

func (d *Driver) Barrier() {
	d.report(d.call("Barrier"))
	for _, m := range d.buffers {
		m.dirty = false
	}
}

func (d *Driver) NewFence() (driver.Fence, error) {
	if struck, err := d.call("NewFence"); struck && err != nil {
		return 0, err
	}
	f := driver.Fence(d.name())
	d.fences[f] = d.done + len(d.pending)
	return f, nil
}

// Wait executes the commands before the fence. In a lost context every fence seems
// to be signaled.
func (d *Driver) Wait(f driver.Fence, timeout time.Duration) (bool, error) {
	if struck, err := d.call("Wait"); struck && err != nil {
		return false, err
	}
	n, ok := d.fences[f]
	if !ok {
		d.misuse("Wait: no fence is called %d", f)
	}
	if d.Fault.TimeOut && d.Calls["Wait"] >= d.Fault.At {
		return false, nil
	}
	if d.Busy != nil && d.Busy() {
		time.Sleep(timeout)
		return false, nil
	}
	d.execute(n)
	return true, nil
}

func (d *Driver) FreeFence(f driver.Fence) {
	d.call("FreeFence")
	if _, ok := d.fences[f]; !ok {
		d.misuse("FreeFence: no fence is called %d", f)
	}
	delete(d.fences, f)
}

func (d *Driver) StartTimer() driver.Query {
	d.call("StartTimer")
	if d.GroupTime == 0 {
		return 0
	}
	if d.timing != nil {
		d.misuse("StartTimer twice")
	}
	q := driver.Query(d.name())
	d.timing = &query{end: -1}
	d.queries[q] = d.timing
	return q
}

func (d *Driver) StopTimer(q driver.Query) {
	d.call("StopTimer")
	if d.queries[q] == nil || d.queries[q] != d.timing {
		d.misuse("StopTimer of a timer that does not run")
		return
	}
	d.timing.end = d.done + len(d.pending)
	d.timing = nil
}

func (d *Driver) Elapsed(q driver.Query) (time.Duration, bool) {
	d.call("Elapsed")
	t := d.queries[q]
	if t == nil || t.end < 0 {
		d.misuse("Elapsed of a timer that does not exist or runs")
		return 0, false
	}
	if d.done < t.end {
		return 0, false
	}
	took := time.Duration(t.groups) * d.GroupTime
	d.Spans = append(d.Spans, took)
	return took, true
}

func (d *Driver) FreeTimer(q driver.Query) {
	d.call("FreeTimer")
	delete(d.queries, q)
}

// dispatch is a part of a launch, with the state that its shader would see.
type dispatch struct {
	kernel *device.Kernel
	words  []uint32
	bound  map[int]binding
	groups int
	limits driver.Info
}

// The words of a launch, as in package gl.
const (
	wordLo, wordHi, wordPass, wordGroup = 0, 1, 2, 3

	headWords = 4 + device.PassWords
)

// mark marks the blocks that are written, and reports those that an earlier dispatch
// wrote without a barrier since.
func (c *dispatch) mark(d *Driver) {
	index := 0
	for _, p := range c.kernel.Params {
		if p.Access == device.Value {
			continue
		}
		b, ok := c.bound[index]
		if !ok {
			d.misuse("Dispatch of %s: block %d is not bound", c.kernel.Name, index)
			return
		}
		if b.memory.dirty && c.words[wordGroup] == 0 {
			d.misuse("Dispatch of %s: no barrier before it reads or writes %s", c.kernel.Name, p.Name)
		}
		index++
	}
	index = 0
	for _, p := range c.kernel.Params {
		if p.Access != device.Value {
			c.bound[index].memory.dirty = p.Access.Writes()
			index++
		}
	}
}

// run computes the rows of the work-groups. The work-groups of a plan have no rows of
// their own, so the last of them computes everything.
func (c *dispatch) run(d *Driver) {
	b, store, ok := c.bind(d)
	if !ok {
		return
	}
	rows, local, base := b.Launch.Rows, c.kernel.Shader.Local, int(c.words[wordGroup])
	if c.kernel.Shader.Plan == nil {
		rows = device.Range{Lo: rows.Lo + base*local, Hi: min(rows.Hi, rows.Lo+(base+c.groups)*local)}
	} else if !c.last(b.Launch, base) {
		return
	}
	var t device.Tile
	b.Tile(&t, rows, 0, nil)
	c.kernel.Contract(&t)
	store()
}

// last reports whether these are the last work-groups of a launch.
func (c *dispatch) last(l *device.Launch, base int) bool {
	var plan device.ShaderPlan
	c.kernel.Shader.Plan(l, device.ShaderLimits{SharedBytes: c.limits.SharedBytes, GroupSize: c.limits.GroupSize}, &plan)
	last := len(plan.Passes) - 1
	for last > 0 && plan.Passes[last].Groups == 0 {
		last--
	}
	return int(c.words[wordPass]) == last && base+c.groups == plan.Passes[last].Groups
}

// bind rebuilds the launch from the words and the blocks. The caller must call store when
// it has computed the outputs.
func (c *dispatch) bind(d *Driver) (b *device.Binding, store func(), ok bool) {
	l := &device.Launch{Kernel: c.kernel, Rows: device.Range{Lo: int(c.words[wordLo]), Hi: int(c.words[wordHi])}}
	b = &device.Binding{Launch: l, Ctx: context.Background()}
	var firsts []int // index in its block of each buffer's first element
	at := headWords
	for _, p := range c.kernel.Params {
		if p.Access == device.Value {
			l.Args = append(l.Args, scalar(p.Type, c.words[at:]))
			if at++; p.Type == device.Float64 {
				at++
			}
			continue
		}
		rows, width := int(c.words[at+1]), int(c.words[at+2])
		l.Args = append(l.Args, device.Arg{Len: rows * width, Width: width})
		firsts = append(firsts, int(int32(c.words[at])))
		at += 3
	}
	store, index := func() {}, 0
	for i, p := range c.kernel.Params {
		if p.Access == device.Value {
			continue
		}
		bound, first := c.bound[index], firsts[index]
		index++
		block := elements(p.Type, bound.memory.bytes[bound.offset:bound.offset+bound.bytes])
		if n := l.Args[i].Len; first >= 0 && first+n <= block.Len() {
			b.Views[i] = block.Sub(first, first+n)
			continue
		}
		view, ok := c.partial(d, l, i, block, first)
		if !ok {
			return nil, nil, false
		}
		if b.Views[i] = view; p.Access.Writes() {
			before, r := store, l.WriteRange(i)
			store = func() {
				before()
				block.Sub(first+r.Lo, first+r.Hi).Copy(view.Sub(r.Lo, r.Hi))
			}
		}
	}
	return b, store, true
}

// partial returns a copy of the matrix of argument i, of which the block holds a part.
// What the launch may not touch is set to garbage.
func (c *dispatch) partial(d *Driver, l *device.Launch, i int, block device.Slice, first int) (device.Slice, bool) {
	touched := l.ReadRange(i)
	if c.kernel.Params[i].Access == device.WriteRows {
		touched = l.WriteRange(i)
	}
	if first+touched.Lo < 0 || first+touched.Hi > block.Len() {
		d.misuse("kernel %s: elements %d to %d of %s are not in the block of %d, in which it begins at %d",
			c.kernel.Name, touched.Lo, touched.Hi, c.kernel.Params[i].Name, block.Len(), first)
		return device.Slice{}, false
	}
	view := device.MakeSlice(block.Type(), l.Args[i].Len)
	garbage := view.Bytes()
	for j := range garbage {
		garbage[j] = 0xdb
	}
	view.Sub(touched.Lo, touched.Hi).Copy(block.Sub(first+touched.Lo, first+touched.Hi))
	return view, true
}

func scalar(t device.Type, words []uint32) device.Arg {
	switch t {
	case device.Float32:
		return device.Val(math.Float32frombits(words[0]))
	case device.Float64:
		return device.Val(math.Float64frombits(uint64(words[0]) | uint64(words[1])<<32))
	case device.Int32:
		return device.Val(int32(words[0]))
	}
	return device.Val(words[0])
}

// elements returns memory as a slice of elements.
func elements(t device.Type, bytes []byte) device.Slice {
	p, n := unsafe.Pointer(unsafe.SliceData(bytes)), len(bytes)/t.Size()
	switch t {
	case device.Float32:
		return device.Of(unsafe.Slice((*float32)(p), n))
	case device.Float64:
		return device.Of(unsafe.Slice((*float64)(p), n))
	case device.Int32:
		return device.Of(unsafe.Slice((*int32)(p), n))
	}
	return device.Of(unsafe.Slice((*uint32)(p), n))
}
