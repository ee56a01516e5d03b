package queue

import (
	"fmt"
	"runtime"
	"time"

	"offload/device"
)

// OpenOnThread returns a device that runs an engine bound to one OS thread: open and all
// methods but Check and Progress are called on that thread, which ends with the engine.
// It probes no kernels.
func OpenOnThread(open func() (Engine, device.Info, error)) (*Device, error) {
	d := &Device{thread: true}
	d.queue.init()
	d.done.Add(1)
	opened := make(chan error)
	go func() {
		runtime.LockOSThread() // never unlocked: the engine's thread state ends with the thread
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

// dispatch runs jobs and queued launches until the device is closed. A kernel that calls
// runtime.Goexit ends the goroutine, which is then replaced; an engine with its own
// thread is lost.
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

// log records the work of a queue's turns. Without a recorder it does nothing. It is used
// by the holder of the turn.
type log struct {
	recorder device.Recorder
	number   int // of the device
}

// Observe makes r the recorder of the device's work from now on, and returns the device's
// number; r may be nil. It must be called before the device is used, after its probes.
func (d *Device) Observe(r device.Recorder) int {
	if r == nil {
		return 0
	}
	d.log = log{recorder: r, number: r.Opened(d.Info())}
	return d.log.number
}

// now returns the time if there is a recorder.
func (g *log) now() time.Time {
	if g.recorder == nil {
		return time.Time{}
	}
	return time.Now()
}

func (g *log) launch(l *device.Launch, start time.Time, err error) {
	if g.recorder != nil {
		g.record(device.LaunchEvent(l, start, err != nil))
	}
}

func (g *log) transfer(kind device.EventKind, s device.Slice, start time.Time, err error) {
	if g.recorder != nil {
		bytes := int64(s.Len()) * int64(s.Type().Size())
		g.record(device.Event{Kind: kind, Start: start, End: time.Now(), Bytes: bytes, Failed: err != nil})
	}
}

func (g *log) wait(start time.Time, err error) {
	if g.recorder != nil {
		g.record(device.Event{Kind: device.EventWait, Start: start, End: time.Now(), Failed: err != nil})
	}
}

func (g *log) record(e device.Event) {
	e.Device = g.number
	g.recorder.Record(e)
}
