package poisson

import (
	"context"
	"errors"

	"offload/device"
	"offload/kernels/multigrid"
)

// array is the memory of a matrix: in a buffer, in a slice, or in both where the level is
// on one side of the border between device and host and its neighbour on the other.
type array struct {
	typ    device.Type
	len    int
	passes bool // the next finer level uses it
	buffer device.Buffer
	host   device.Slice
	shared bool // the buffer's memory is that of the slice
}

// download copies the array to the host, once launches that write it are done.
func (a *array) download(ctx context.Context) error {
	if a.shared {
		return a.buffer.Wait(ctx)
	}
	return a.buffer.Read(ctx, 0, a.host)
}

// upload copies the array to the device.
func (a *array) upload(ctx context.Context) error {
	if a.shared {
		return nil
	}
	return a.buffer.Write(ctx, 0, a.host)
}

// view is a matrix in the rows of a launch.
type view struct {
	*array
	rows, width int
}

// matrix returns all of the array as rows of that width.
func (a *array) matrix(width int) view { return view{a, a.len / width, width} }

// memory is what a solver has allocated on its device, and shares on the host.
type memory struct {
	dev     device.Device
	buffers []device.Buffer
	scratch multigrid.Scratch // of the launches in the caller's goroutine
}

// place allocates an array on the device and the host.
func (m *memory) place(a *array, onDevice, onHost bool) error {
	if onHost {
		a.host = device.MakeSlice(a.typ, a.len)
	}
	if !onDevice {
		return nil
	}
	var b device.Buffer
	err := device.ErrUnsupported
	if onHost {
		b, err = device.Wrap(m.dev, a.host)
		a.shared = err == nil
	}
	if errors.Is(err, device.ErrUnsupported) {
		b, err = m.dev.Alloc(a.typ, a.len)
	}
	if err != nil {
		return err
	}
	a.buffer, m.buffers = b, append(m.buffers, b)
	return nil
}

// Close frees the buffers. A closed device has freed them already.
func (m *memory) Close() {
	for _, b := range m.buffers {
		b.Free()
	}
	m.buffers = nil
}

// bind returns the step of a launch on matrices on the device or on the host.
func (m *memory) bind(onDevice bool, launchOf func(a []device.Arg) *device.Launch, views ...view) (step, error) {
	args := make([]device.Arg, len(views))
	var data []device.Slice
	for i, v := range views {
		args[i] = device.Arg{Len: v.rows * v.width, Width: v.width}
		if onDevice {
			args[i].Buffer = v.buffer
		} else {
			data = append(data, v.host)
		}
	}
	launch := launchOf(args)
	if onDevice {
		return func(ctx context.Context) error { return m.dev.Launch(ctx, launch) }, nil
	}
	serial, err := multigrid.NewSerial(launch, &m.scratch, data...)
	if err != nil {
		return nil, err
	}
	return serial.Run, nil
}
