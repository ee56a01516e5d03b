package fake

import (
	"maps"
	"slices"
	"time"

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

// Wait executes what is before the fence. In a lost context every fence seems to be
// reached.
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
