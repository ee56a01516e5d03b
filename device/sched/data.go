package sched

import (
	"context"
	"sync"

	"offload/device"
)

// Data is a slice of the host that may be on devices, too. A device that has it
// already is predicted to be done earlier, and gets it only once.
type Data struct {
	src device.Slice

	mu     sync.Mutex
	copies map[device.Device]device.Buffer
}

// NewData makes s known; nothing is copied. The slice must stay as it is until
// Changed or Free.
func NewData[T device.Element](s []T) *Data {
	return &Data{src: device.Of(s), copies: map[device.Device]device.Buffer{}}
}

// On is the data in a buffer of d, which belongs to the Data. It is uploaded if it is
// not there. Launches must not write it.
func (x *Data) On(ctx context.Context, d device.Device) (device.Buffer, error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if b := x.copies[d]; b != nil {
		return b, nil
	}
	b, err := d.Alloc(x.src.Type(), x.src.Len())
	if err != nil {
		return nil, err
	}
	if err := b.Write(ctx, 0, x.src); err != nil {
		b.Free()
		return nil, err
	}
	x.copies[d] = b
	return b, nil
}

// Changed says that the slice has new content: no device has it any more. No task
// that uses the data may be running.
func (x *Data) Changed() { x.Free() }

// Free frees the buffers.
func (x *Data) Free() {
	x.mu.Lock()
	defer x.mu.Unlock()
	for d, b := range x.copies {
		b.Free() // on a device that is closed it is gone already
		delete(x.copies, d)
	}
}

func (x *Data) on(d device.Device) bool {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.copies[d] != nil
}

func (x *Data) bytes() int64 { return int64(len(x.src.Bytes())) }
