package split

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"offload/device"
)

// part is one of the devices, with a goroutine that calls it, so that parts work at
// the same time.
type part struct {
	dev   device.Device
	name  string // what messages call it
	info  device.Info
	index int
	begin chan step
	done  chan<- *part
	ended *sync.WaitGroup
	gone  atomic.Pointer[error] // why it is not used any more

	// What to do in a step, and what came of it. They belong to the goroutine from
	// begin to done.
	ctx    context.Context // of the launch
	wait   context.Context // ends the patience
	moves  []move
	launch device.Launch
	err    error
	took   time.Duration // of the launch alone
}

// step is what a part does while the others do the same.
type step uint8

const (
	fetch   step = iota // read what others need
	compute             // write what others have read, launch and wait
)

// move is the way of some elements from the part that has them to one that reads
// them.
type move struct {
	from, to int
	mem      *memory
	at       device.Range
	data     device.Slice // on the way
}

// run does steps until the channel is closed. A kernel's code that calls
// runtime.Goexit takes the goroutine along; another one takes its place.
func (p *part) run() {
	finished := false
	defer func() {
		if finished {
			return
		}
		caught := recover()
		if p.err = p.dev.Sync(p.wait); p.err == nil { // the part may know better what happened
			p.err = device.Caught("kernel "+p.launch.Kernel.Name, caught)
		}
		go p.run()
		p.done <- p
	}()
	for s := range p.begin {
		p.step(s)
		p.done <- p
	}
	finished = true
	p.ended.Done()
}

func (p *part) step(s step) {
	if p.err = nil; s == fetch {
		p.fetch()
	} else {
		p.compute()
	}
	if p.err != nil && p.wait.Err() != nil {
		p.err = fmt.Errorf("%w: %s did not answer in time", device.ErrLost, p.name)
	}
}

func (p *part) fetch() {
	for _, m := range p.moves {
		if m.from != p.index {
			continue
		}
		if p.err = m.mem.copies[p.index].Read(p.wait, m.at.Lo, m.data); p.err != nil {
			return
		}
	}
}

func (p *part) compute() {
	for _, m := range p.moves {
		if m.to != p.index {
			continue
		}
		if p.err = m.mem.copies[p.index].Write(p.wait, m.at.Lo, m.data); p.err != nil {
			return
		}
	}
	start := time.Now()
	if p.err = p.dev.Launch(p.ctx, &p.launch); p.err == nil {
		p.err = p.dev.Sync(p.wait)
	}
	p.took = time.Since(start)
}

// lost is why the part is not used any more, or nil.
func (p *part) lost() error {
	if err := p.gone.Load(); err != nil {
		return *err
	}
	return nil
}

// leave ends the use of the part.
func (p *part) leave(err error) {
	if !errors.Is(err, device.ErrLost) {
		err = fmt.Errorf("%w: %w", device.ErrLost, err)
	}
	p.gone.CompareAndSwap(nil, &err)
}
