package queue

import (
	"time"

	"offload/device"
)

// log tells a recorder what is done in the turns of a queue. Without one it does
// nothing. It is used by whoever has the turn.
type log struct {
	recorder device.Recorder
	number   int // of the device
}

// Observe makes r the recorder of what the device does from now on, and returns
// the device's number; a nil r is for none. It belongs to the opening of a device,
// after its probes.
func (d *Device) Observe(r device.Recorder) int {
	if r == nil {
		return 0
	}
	d.log = log{recorder: r, number: r.Opened(d.Info())}
	return d.log.number
}

// now is the time, if somebody wants to know.
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
