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

	mu     sync.Mutex // not held while a device is called
	copies map[device.Device]*device.Future[device.Buffer]
}

// NewData makes s known; nothing is copied. The slice must stay as it is until
// Changed or Free.
func NewData[T device.Element](s []T) *Data {
	return &Data{src: device.Of(s), copies: map[device.Device]*device.Future[device.Buffer]{}}
}

// On is the data in a buffer of d, which belongs to the Data. It is uploaded if it is
// not there. Launches must not write it.
func (x *Data) On(ctx context.Context, d device.Device) (device.Buffer, error) {
	x.mu.Lock()
	f := x.copies[d]
	if f == nil {
		f = device.NewFuture(context.WithoutCancel(ctx), func(ctx context.Context) (device.Buffer, error) { return x.upload(ctx, d) })
		x.copies[d] = f
	}
	x.mu.Unlock()
	b, err := f.Get(device.WithPlace(ctx, nil)) // the turn stays: the device has something to do
	if err != nil && ctx.Err() == nil {
		x.mu.Lock()
		if x.copies[d] == f {
			delete(x.copies, d)
		}
		x.mu.Unlock()
	}
	return b, err
}

func (x *Data) upload(ctx context.Context, d device.Device) (device.Buffer, error) {
	b, err := d.Alloc(x.src.Type(), x.src.Len())
	if err != nil {
		return nil, err
	}
	if err := b.Write(ctx, 0, x.src); err != nil {
		b.Free()
		return nil, err
	}
	return b, nil
}

// Changed says that the slice has new content: no device has it any more. No task
// that uses the data may be running.
func (x *Data) Changed() { x.Free() }

// Free frees the buffers, in the background where a device does not answer.
func (x *Data) Free() {
	x.mu.Lock()
	copies := x.copies
	x.copies = map[device.Device]*device.Future[device.Buffer]{}
	x.mu.Unlock()
	for _, f := range copies {
		within(context.Background(), closeWait, func(ctx context.Context) (struct{}, error) {
			b, err := f.Get(ctx)
			if err == nil {
				b.Free() // on a device that is closed it is gone already
			}
			return struct{}{}, err
		}, nil)
	}
}

// on reports whether d has the data.
func (x *Data) on(d device.Device) bool {
	x.mu.Lock()
	f := x.copies[d]
	x.mu.Unlock()
	if f == nil {
		return false
	}
	select {
	case <-f.Done():
		return true
	default:
		return false
	}
}

func (x *Data) bytes() int64 { return int64(len(x.src.Bytes())) }
