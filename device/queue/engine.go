// Package queue is what devices with one in-order queue have in common:
// buffers and their spoiled parts, the queue, the rules for errors. What is left
// to such a device is the hardware; see Engine.
package queue

import (
	"context"

	"offload/device"
)

// Engine is the hardware behind a Device. Its methods are called one at a time, but for
// Check and, where the engine has no thread of its own, Alloc: those are called from any
// goroutine.
// An error that wraps device.ErrLost ends the device: it is what every later call
// gets, and of the engine only Close is called again.
type Engine interface {
	// Check refuses what the hardware cannot run. It is called from any goroutine.
	Check(l *device.Launch) error
	// Prepare makes ready what a kernel's launches need, before the first of them.
	// An error refuses the launch.
	Prepare(k *device.Kernel) error
	// Alloc makes memory of n elements, all zero.
	Alloc(t device.Type, n int) (Memory, error)
	// Execute computes the rows of l, or hands them to the hardware. Memory i is
	// that of argument i. A panic in the kernel's code may be left to the caller.
	Execute(ctx context.Context, l *device.Launch, memory *[device.MaxParams]Memory) error
	// Inline reports whether l is so small that handing it to another goroutine would
	// cost more than computing it. If it is, Execute follows at once in the same goroutine.
	Inline(ctx context.Context, l *device.Launch) bool
	// Finish waits until the hardware has done all that was executed.
	Finish(ctx context.Context) error
	// Close releases what the engine holds, memory included.
	Close()
}

// Progressive is implemented by engines that show how far they have come with a long
// launch or transfer.
type Progressive interface {
	// Progress returns a number that grows while the engine gets something done, from
	// any goroutine. Counters add it to the turns that have ended.
	Progress() int64
}

// Memory is the memory of one buffer. The ranges of transfers have been checked.
type Memory interface {
	// Write copies src into the elements from off on; src may be reused at once.
	Write(ctx context.Context, off int, src device.Slice) error
	// Read copies the elements from off on into dst.
	Read(ctx context.Context, off int, dst device.Slice) error
	Free()
}

// job is a call of the engine other than a launch.
type job struct {
	what   task
	ctx    context.Context
	kernel *device.Kernel
	mem    Memory // of the buffer, or of the one that alloc made
	off    int
	slice  device.Slice
	typ    device.Type
	n      int
	err    error
	waiter *waiter
	turn   bool // it belongs to somebody's turn
	left   bool // nobody waits any more: a turn ends with the job; guarded by queue.mu
}

// notBegun is the error of a job that was taken back: nothing was done.
type notBegun struct{ error }

func (e notBegun) Unwrap() error { return e.error }

// task is what a job does.
type task uint8

const (
	prepare task = iota
	alloc
	write
	read
	finish
)

func (j *job) run(e Engine) {
	switch j.what {
	case prepare:
		j.err = e.Prepare(j.kernel)
	case alloc:
		j.mem, j.err = e.Alloc(j.typ, j.n)
	case write:
		j.err = j.mem.Write(j.ctx, j.off, j.slice)
	case read:
		j.err = j.mem.Read(j.ctx, j.off, j.slice)
	case finish:
		j.err = e.Finish(j.ctx)
	}
}
