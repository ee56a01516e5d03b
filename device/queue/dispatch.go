package queue

import (
	"fmt"
	"runtime"

	"offload/device"
)

// OpenOnThread makes a device of an engine that belongs to one OS thread: open
// makes it there, every method is called there, and the thread ends with it. No
// kernel is probed yet.
func OpenOnThread(open func() (Engine, device.Info, error)) (*Device, error) {
	d := &Device{thread: true}
	d.queue.init()
	d.done.Add(1)
	opened := make(chan error)
	go func() {
		runtime.LockOSThread() // never unlocked: what the engine left in the thread ends with it
		var err error
		if d.engine, d.info, err = open(); err != nil {
			d.done.Done()
			opened <- err
			return
		}
		opened <- nil
		d.dispatch()
	}()
	if err := <-opened; err != nil {
		return nil, err
	}
	return d, nil
}

// dispatch runs jobs and queued launches until the device is closed. A kernel's
// code that calls runtime.Goexit takes the goroutine along. Another one takes its
// place; but an engine with a thread of its own is lost then.
func (d *Device) dispatch() {
	closed := false
	defer func() {
		if closed {
			d.closeEngine()
			d.done.Done()
			return
		}
		if d.thread {
			d.closeEngine()
			d.queue.note(fmt.Errorf("%w: a kernel's code ended its thread", device.ErrLost))
		}
		go d.dispatch()
	}()
	var e entry
	for {
		j, ok := d.queue.await(&e)
		switch {
		case !ok:
			closed = true
			return
		case j != nil:
			if d.ended {
				j.err = device.ErrLost
			} else {
				j.run(d.engine)
			}
			if j.err == nil {
				d.progress.Add(1)
			}
			d.queue.finished(j)
		case e.freed != nil:
			d.release(e.freed)
		default:
			d.serve(e.ctx, &e.launch, false)
		}
		e = entry{launch: device.Launch{Args: e.launch.Args}}
		clear(e.launch.Args)
	}
}

// closeEngine closes the engine once.
func (d *Device) closeEngine() {
	if !d.ended {
		d.ended = true
		d.engine.Close()
	}
}
