package gl

import (
	"context"

	"offload/device"
	"offload/device/queue"
	"offload/gl/internal/driver"
)

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
