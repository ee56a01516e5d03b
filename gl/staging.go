package gl

import (
	"context"

	"offload/device"
	"offload/device/queue"
	"offload/gl/internal/driver"
)

// staging is a ring of segments in memory that both host and device can access.
// All transfers pass through it: a write returns as soon as its data are in the
// ring, and a read copies one segment while the device fills the next. Drivers that
// cannot keep memory mapped use Upload and Download, which wait.
type staging struct {
	engine   *engine
	segments []segment // nil before the first transfer
	current  int
	used     int  // bytes used of the current segment
	mapped   bool // the driver supports staging, until an allocation fails
}

// segment is a part of the ring. It is reused once its fence is signaled.
type segment struct {
	buffer driver.Buffer
	data   []byte
	fence  driver.Fence
}

const (
	segmentCount = 4
	segmentBytes = 4 << 20
	// transferAlign keeps transfers on separate cache lines.
	transferAlign = 64
)

func (s *staging) init(e *engine) {
	s.engine = e
	s.mapped = e.info.Staging
}

// open allocates the ring. If the driver cannot allocate or map all of it, transfers
// go without.
func (s *staging) open() {
	if !s.mapped || s.segments != nil {
		return
	}
	for range segmentCount {
		b, data, err := s.engine.driver.NewStaging(segmentBytes)
		if err == nil {
			s.segments = append(s.segments, segment{buffer: b, data: data})
		}
		if err != nil || len(data) != segmentBytes {
			s.free(s.engine)
			s.mapped = false
			return
		}
	}
}

func (s *staging) free(e *engine) {
	for i := range s.segments {
		if f := s.segments[i].fence; f != 0 {
			e.driver.FreeFence(f)
		}
		e.driver.FreeBuffer(s.segments[i].buffer)
	}
	s.segments = nil
}

// take reserves n ≤ segmentBytes bytes in the current segment or the next.
func (s *staging) take(ctx context.Context, n int) (seg *segment, at int, err error) {
	if n > segmentBytes-s.used {
		if err := s.advance(ctx); err != nil {
			return nil, 0, err
		}
	}
	at = s.used
	s.used = min(segmentBytes, (at+n+transferAlign-1)/transferAlign*transferAlign)
	return &s.segments[s.current], at, nil
}

// advance waits for the next segment, puts a fence behind the current one, and moves
// to the next. If the wait fails, nothing changes: copies may still read the next.
func (s *staging) advance(ctx context.Context) error {
	e, n := s.engine, (s.current+1)%segmentCount
	if next := &s.segments[n]; next.fence != 0 {
		if err := e.reach(ctx, next.fence); err != nil {
			return err
		}
		e.driver.FreeFence(next.fence)
		next.fence = 0
	}
	fence, err := e.driver.NewFence()
	if err != nil {
		return lost(err)
	}
	s.segments[s.current].fence = fence
	s.current, s.used = n, 0
	return nil
}

// write queues a copy of src to a buffer. The caller may reuse src when it returns.
func (s *staging) write(ctx context.Context, dst driver.Buffer, off int, src []byte) error {
	if len(src) == 0 {
		return nil
	}
	s.open()
	if !s.mapped {
		return lost(s.engine.driver.Upload(dst, off, src))
	}
	for len(src) > 0 {
		n := min(len(src), segmentBytes)
		seg, at, err := s.take(ctx, n)
		if err != nil {
			return err
		}
		copy(seg.data[at:at+n], src)
		s.engine.driver.Copy(dst, off, seg.buffer, at, n)
		src, off = src[n:], off+n
	}
	return nil
}

// arrival is a part of a read whose copy to the ring is queued.
type arrival struct {
	data  []byte // in the ring
	fence driver.Fence
}

// arrivals is the largest number of them: fewer than segments, so that each is
// copied out before it is overwritten.
const arrivals = 2

// read copies a part of a buffer to dst, after the commands before it, and waits
// for the copy.
func (s *staging) read(ctx context.Context, dst []byte, src driver.Buffer, off int) error {
	if len(dst) == 0 {
		return nil
	}
	s.open()
	if !s.mapped {
		return lost(s.engine.driver.Download(dst, src, off))
	}
	var waiting [arrivals]arrival
	head, count, asked := 0, 0, 0
	for len(dst) > 0 {
		for count < arrivals && asked < len(dst) {
			n := min(len(dst)-asked, segmentBytes)
			a, err := s.ask(ctx, src, off+asked, n)
			if err != nil {
				s.drop(waiting[:], head, count)
				return err
			}
			waiting[(head+count)%arrivals] = a
			count++
			asked += n
		}
		a := waiting[head]
		head, count = (head+1)%arrivals, count-1
		if err := s.engine.wait(ctx, a.fence); err != nil {
			s.drop(waiting[:], head, count)
			return err
		}
		n := copy(dst, a.data)
		dst, off, asked = dst[n:], off+n, asked-n
	}
	return nil
}

// ask queues a copy of n bytes into the ring.
func (s *staging) ask(ctx context.Context, src driver.Buffer, off, n int) (arrival, error) {
	seg, at, err := s.take(ctx, n)
	if err != nil {
		return arrival{}, err
	}
	s.engine.driver.Copy(seg.buffer, at, src, off, n)
	fence, err := s.engine.driver.NewFence()
	if err != nil {
		return arrival{}, lost(err)
	}
	return arrival{seg.data[at : at+n], fence}, nil
}

// drop frees the fences of count arrivals, from head on.
func (s *staging) drop(waiting []arrival, head, count int) {
	for i := range count {
		s.engine.driver.FreeFence(waiting[(head+i)%arrivals].fence)
	}
}

// memory is a buffer object.
type memory struct {
	engine *engine
	buffer driver.Buffer
	bytes  int // size of the buffer, padding included
	size   int // size of an element in bytes
}

// padding is the unit to which sizes are rounded up, so that no storage block is
// empty and each holds whole elements.
const padding = 16

func (e *engine) Alloc(t device.Type, n int) (queue.Memory, error) {
	return e.alloc(t, n)
}

func (e *engine) alloc(t device.Type, n int) (*memory, error) {
	bytes := max(padding, (n*t.Size()+padding-1)/padding*padding)
	b, err := e.driver.NewBuffer(bytes)
	if err != nil {
		return nil, refused(err)
	}
	m := &memory{engine: e, buffer: b, bytes: bytes, size: t.Size()}
	e.live[m] = struct{}{}
	return m, nil
}

func (m *memory) Free() {
	m.engine.bound.forget(m.buffer)
	m.engine.driver.FreeBuffer(m.buffer)
	delete(m.engine.live, m)
}

func (m *memory) Write(ctx context.Context, off int, src device.Slice) error {
	e := m.engine
	if err := e.staging.write(ctx, m.buffer, off*m.size, src.Bytes()); err != nil {
		return err
	}
	e.counts.uploaded.Add(int64(len(src.Bytes())))
	return e.status()
}

func (m *memory) Read(ctx context.Context, off int, dst device.Slice) error {
	e := m.engine
	if err := e.staging.read(ctx, dst.Bytes(), m.buffer, off*m.size); err != nil {
		return err
	}
	e.counts.downloaded.Add(int64(len(dst.Bytes())))
	return e.status()
}
