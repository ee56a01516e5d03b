// Package driver is the boundary to OpenGL: what the device asks of a driver, and
// no more. The device works on any Driver; the real one is in package opengl, and
// one that fails on purpose in package fake.
//
// All methods of one Driver are called from one OS thread, to which its context
// is bound.
package driver

import (
	"errors"
	"fmt"
	"time"
)

// Names of objects. The zero value of each names none.
type (
	Buffer  uint32
	Program uint32
	Query   uint32
	Fence   uintptr
)

// Driver is an OpenGL context, version 4.3 or later.
type Driver interface {
	Info() Info

	// Status is nil while the context works. It is ErrReset (wrapped) after a
	// reset, or the oldest error that the driver has recorded since the last call.
	// It does not wait for the device.
	Status() error

	// NewBuffer makes device memory of that many bytes, at least one, all zero.
	NewBuffer(bytes int) (Buffer, error)
	// NewStaging makes memory that the host sees too, mapped for as long as it
	// lives. Without ARB_buffer_storage it returns ErrNoMapping.
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
	// Binary is a linked program in the driver's own format; Load makes a program
	// of it. Load fails for one that this driver did not make, which is no fault.
	Binary(Program) (format uint32, binary []byte, err error)
	Load(format uint32, binary []byte) (Program, error)
	FreeProgram(Program)

	// Use makes p the program of the dispatches that follow.
	Use(p Program)
	// SetWords sets the uniform array “words” of the program in use, as far as the
	// slice goes.
	SetWords(words []uint32)
	// Bind binds bytes of a buffer to a storage block. Offset must be a multiple of
	// Info.StorageAlign.
	Bind(index int, b Buffer, offset, bytes int)
	// Dispatch queues work-groups in a row of that length.
	Dispatch(groups int)
	// Barrier makes what earlier dispatches wrote visible to all later commands.
	Barrier()

	// NewFence marks this place in the commands and sends off what is queued.
	NewFence() (Fence, error)
	// Wait waits until the fence is reached; false if that takes longer.
	Wait(f Fence, timeout time.Duration) (bool, error)
	FreeFence(Fence)

	// StartTimer and StopTimer bracket commands; Elapsed is the time they took on
	// the device, false while that is not known yet. A zero Query means that the
	// driver has no timers.
	StartTimer() Query
	StopTimer(Query)
	Elapsed(Query) (time.Duration, bool)
	FreeTimer(Query)

	// Live is the number of objects made and not freed.
	Live() int

	// Close frees the context. The objects must be freed before.
	Close()
}

// Info describes a context.
type Info struct {
	Vendor, Renderer, Version string // as the driver says
	Language                  string // version of GLSL
	Provider                  string // how the context was made: egl device 0, egl surfaceless, glfw, …
	Software                  bool   // a rasteriser on the host's cores
	Doubles                   bool   // 64-bit floating-point
	Binaries                  bool   // Binary and Load work
	Staging                   bool   // NewStaging works
	Robust                    bool   // resets are reported

	Memory        int64 // bytes that the device has free; 0 where the driver does not tell
	StorageBytes  int   // largest storage block
	StorageAlign  int   // alignment of a block's offset in bytes
	StorageBlocks int   // storage blocks of one program
	GroupsInRow   int   // most work-groups of one dispatch
	GroupSize     int   // most invocations of a work-group
	SharedBytes   int   // memory that a work-group shares
}

// What goes wrong at the boundary.
var (
	ErrNotBuilt    = errors.New("built without OpenGL; rebuild with -tags gl and cgo")
	ErrNoContext   = errors.New("no OpenGL context")
	ErrReset       = errors.New("the driver reset the context")
	ErrOutOfMemory = errors.New("the driver is out of memory")
	ErrNoMapping   = errors.New("the driver cannot keep buffers mapped")
	ErrNotLoaded   = errors.New("the driver did not take the program binary")
)

// ShaderError is a shader that did not compile or link.
type ShaderError struct {
	Stage string // compile or link
	Log   string // what the driver says, with line numbers of the source
}

func (e *ShaderError) Error() string { return fmt.Sprintf("%s: %s", e.Stage, e.Log) }
