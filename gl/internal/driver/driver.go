// Package driver defines the interface between the device and OpenGL. Package opengl
// implements it on a real context, and package fake for tests, with injected faults.
//
// All methods of a Driver must be called on one OS thread, to which its context is
// bound.
package driver

import (
	"errors"
	"fmt"
	"time"
)

// Names of objects. Zero is no object.
type (
	Buffer  uint32
	Program uint32
	Query   uint32
	Fence   uintptr
)

// Driver is an OpenGL context, version 4.3 or later.
type Driver interface {
	Info() Info

	// Status returns nil while the context works, an error that wraps ErrReset after
	// a reset, or the oldest error that the driver has recorded since the last call.
	// It does not wait for the device.
	Status() error

	// NewBuffer allocates device memory of at least one byte, set to zero.
	NewBuffer(bytes int) (Buffer, error)
	// NewStaging allocates memory that the host can access too, mapped until it is
	// freed. Without ARB_buffer_storage it returns ErrNoMapping.
	NewStaging(bytes int) (Buffer, []byte, error)
	FreeBuffer(Buffer)
	// Copy copies bytes between buffers, in the order of the commands.
	Copy(dst Buffer, dstOffset int, src Buffer, srcOffset, bytes int)
	// Upload and Download copy between a buffer and the host, and wait. They are
	// for drivers without staging.
	Upload(dst Buffer, offset int, src []byte) error
	Download(dst []byte, src Buffer, offset int) error

	// Compile compiles and links a compute shader. The error is a *ShaderError or
	// ErrReset.
	Compile(source string) (Program, error)
	// Binary returns a linked program in the driver's own format; Load makes a
	// program of it. Load returns ErrNotLoaded for a binary of another driver or
	// version; that leaves no error in Status.
	Binary(Program) (format uint32, binary []byte, err error)
	Load(format uint32, binary []byte) (Program, error)
	FreeProgram(Program)

	// Use makes p the program of the dispatches that follow.
	Use(p Program)
	// SetWords sets the first len(words) elements of the uniform array “words” of the
	// program in use.
	SetWords(words []uint32)
	// Bind binds a range of a buffer to a storage block. Offset must be a multiple of
	// Info.StorageAlign.
	Bind(index int, b Buffer, offset, bytes int)
	// Dispatch queues a row of work-groups, at most Info.GroupsInRow.
	Dispatch(groups int)
	// Barrier makes what earlier dispatches wrote visible to all later commands.
	Barrier()

	// NewFence queues a fence and flushes the commands.
	NewFence() (Fence, error)
	// Wait waits for the fence, at most timeout. It reports whether the fence is
	// signaled.
	Wait(f Fence, timeout time.Duration) (bool, error)
	FreeFence(Fence)

	// StartTimer and StopTimer bracket commands. Elapsed returns the time they took
	// on the device, and false while that is pending. StartTimer returns zero if the
	// driver has no timers.
	StartTimer() Query
	StopTimer(Query)
	Elapsed(Query) (time.Duration, bool)
	FreeTimer(Query)

	// Live returns the number of objects made and not freed.
	Live() int

	// Close frees the context. All objects must have been freed.
	Close()
}

// Info describes a context.
type Info struct {
	Vendor, Renderer, Version string // reported by the driver
	Language                  string // version of GLSL
	Provider                  string // how the context was made: egl device 0, egl surfaceless, glfw, …
	Software                  bool   // a software rasteriser, on the host's cores
	Doubles                   bool   // 64-bit floating-point
	Binaries                  bool   // Binary and Load work
	Staging                   bool   // NewStaging works
	Robust                    bool   // resets are reported

	Memory        int64 // free device memory in bytes; 0 if unknown
	StorageBytes  int   // largest storage block in bytes
	StorageAlign  int   // alignment of a block's offset in bytes
	StorageBlocks int   // largest number of storage blocks of a program
	GroupsInRow   int   // largest number of work-groups of a dispatch
	GroupSize     int   // largest number of invocations of a work-group
	SharedBytes   int   // shared memory of a work-group in bytes
}

// Errors of a Driver.
var (
	ErrNotBuilt    = errors.New("built without OpenGL; rebuild with -tags gl and cgo")
	ErrNoContext   = errors.New("no OpenGL context")
	ErrReset       = errors.New("the driver reset the context")
	ErrOutOfMemory = errors.New("the driver is out of memory")
	ErrNoMapping   = errors.New("the driver cannot keep buffers mapped")
	ErrNotLoaded   = errors.New("the driver did not take the program binary")
)

// ShaderError is the error for a shader that does not compile or link.
type ShaderError struct {
	Stage string // compile or link
	Log   string // the driver's log, with line numbers of the source
}

func (e *ShaderError) Error() string { return fmt.Sprintf("%s: %s", e.Stage, e.Log) }
