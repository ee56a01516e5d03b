// Package queue implements devices with one in-order queue: buffers with their spoiled
// parts, the queue, and the rules for errors. The hardware is behind an Engine.
package queue

import (
	"context"

	"offload/device"
)

// Engine is the hardware behind a Device. Its methods are called one at a time, except
// for Check and, if the engine has no thread of its own, Alloc, which are called from any
// goroutine. An error that wraps device.ErrLost ends the device: every later call returns
// it, and the only engine method called after it is Close.
type Engine interface {
	// Check refuses launches that the hardware cannot run.
	Check(l *device.Launch) error
	// Prepare prepares a kernel before its first launch. An error refuses the launch.
	Prepare(k *device.Kernel) error
	// Alloc allocates memory of n elements, all zero.
	Alloc(t device.Type, n int) (Memory, error)
	// Execute computes the rows of l, or hands them to the hardware. Memory i is that of
	// argument i. It may leave a panic in the kernel's code to the caller.
	Execute(ctx context.Context, l *device.Launch, memory *[device.MaxParams]Memory) error
	// Inline reports whether computing l costs less than handing it to another goroutine.
	// If so, Execute is called next in the same goroutine.
	Inline(ctx context.Context, l *device.Launch) bool
	// Finish waits until the hardware has done all executed work.
	Finish(ctx context.Context) error
	// Close releases the engine's resources, including memory.
	Close()
}

// Progressive is implemented by engines that report progress within a long launch or
// transfer.
type Progressive interface {
	// Progress returns a number that grows with the work done. It is called from any
	// goroutine and added to the number of turns that have ended.
	Progress() int64
}

// Wrapper is implemented by engines that compute in host memory.
type Wrapper interface {
	// Wrap returns s as the memory of a buffer. It is called from any goroutine.
	Wrap(s device.Slice) Memory
}

// Memory is the memory of one buffer. Its methods are called with valid ranges only.
type Memory interface {
	// Write copies src to the elements at off and after; src may be reused at once.
	Write(ctx context.Context, off int, src device.Slice) error
	// Read copies the elements at off and after to dst.
	Read(ctx context.Context, off int, dst device.Slice) error
	Free()
}

// Damaged is implemented by memory that may be spoiled by what the queue does not see.
type Damaged interface {
	// Damage returns the error that spoiled an element of r, or nil. It is called in a turn, after Engine.Finish.
	Damage(r device.Range) error
}

// job is a call of the engine other than a launch.
type job struct {
	what   task
	ctx    context.Context
	kernel *device.Kernel
	mem    Memory // of the buffer, or the result of alloc
	off    int
	slice  device.Slice
	typ    device.Type
	n      int
	err    error
	waiter *waiter
	turn   bool // the job runs in a turn
	left   bool // nothing waits for the job, which ends its turn; guarded by queue.mu
}

// notBegun is the error of a job that was withdrawn: nothing was done.
type notBegun struct{ error }

func (e notBegun) Unwrap() error { return e.error }

// task is the kind of a job.
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
