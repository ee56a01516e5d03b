package gl

import (
	"context"

	"offload/device"
	"offload/device/queue"
	"offload/gl/internal/driver"
)

// staging is memory that host and device both see: a ring of segments. Whatever
// moves between them passes through it, so that a write returns as soon as its
// data are in the ring, and a read copies one segment while the device fills the
// next. Drivers that cannot keep memory mapped copy by themselves, and wait.
type staging struct {
	engine   *engine
	segments []segment // none before the first transfer
	current  int
	used     int  // bytes of the current segment
	mapped   bool // whether the driver can do it, as far as is known
}

// segment is used again once its fence is reached.
type segment struct {
	buffer driver.Buffer
	data   []byte
	fence  driver.Fence
}

const (
	segmentCount = 4
	segmentBytes = 4 << 20
	// transferAlign keeps transfers on cache lines of their own.
	transferAlign = 64
)

func (s *staging) init(e *engine) {
	s.engine = e
	s.mapped = e.info.Staging
}

// open makes the ring. A driver that gives no memory for it, or less than was
// asked for, is used without.
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

// take finds n ≤ segmentBytes bytes in the current segment or the next.
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

// advance waits for the next segment, marks the end of the current one, and goes on to
// the next. While copies may still read the next, nothing changes.
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

// write copies src to a buffer, after the commands before it. When it returns, src
// is free and the copy on its way.
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

// arrival is a piece of a read that is on its way to the ring.
type arrival struct {
	data  []byte // in the ring
	fence driver.Fence
}

// arrivals is how many of them there are at most: fewer than segments, so that none
// is overwritten before it was copied out.
const arrivals = 2

// read copies a part of a buffer to dst, after the commands before it, and waits.
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

// ask starts the copy of n bytes into the ring.
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

// drop forgets pieces that nobody waits for any more.
func (s *staging) drop(waiting []arrival, head, count int) {
	for i := range count {
		s.engine.driver.FreeFence(waiting[(head+i)%arrivals].fence)
	}
}

// memory is a buffer object.
type memory struct {
	engine *engine
	buffer driver.Buffer
	bytes  int // as large as it is, padding included
	size   int // bytes of an element
}

// padding is what sizes are rounded up to, so that no storage block is empty and
// each holds whole elements.
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
