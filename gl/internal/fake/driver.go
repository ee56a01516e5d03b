// Package fake is a driver without OpenGL, for tests. It runs the kernels' contracts,
// executes commands as late as a real driver may, reports misuse, and injects faults.
package fake

import (
	"fmt"
	"time"
	"unsafe"

	"offload/device"
	"offload/gl/internal/driver"
)

// Driver is a driver.Driver for one test, which reads the results in its fields after
// the driver is closed.
type Driver struct {
	Limits    driver.Info
	Fault     Fault
	Refuses   bool          // Load rejects program binaries, though Binary makes them
	GroupTime time.Duration // time of a work-group as the timers measure it; 0: no timers
	Busy      func() bool   // reports whether the hardware is too busy to signal a fence; nil: never

	Misuse []string        // calls that would fail or crash a real driver
	Spans  []time.Duration // times measured by the timers
	Calls  map[string]int
	Closed bool

	kernels  map[string]*device.Kernel
	thread   int
	lost     bool
	reported error
	names    uint32
	buffers  map[driver.Buffer]*memory
	programs map[driver.Program]*program
	fences   map[driver.Fence]int // number of commands before each
	queries  map[driver.Query]*query

	use     driver.Program
	bound   map[int]binding
	pending []func() // commands not yet executed
	done    int      // number of commands executed
	timing  *query
}

type memory struct {
	bytes []byte
	dirty bool // written by a dispatch, without a barrier since
}

type binding struct {
	memory        *memory
	offset, bytes int
}

type query struct {
	groups int
	end    int // number of commands before its end; -1: running
}

// New returns a driver for the calling thread.
func New() *Driver {
	return &Driver{
		Limits: driver.Info{
			Vendor: "fake", Renderer: "fake", Version: "4.3", Language: "4.30", Provider: "fake",
			Software: true, Doubles: true, Binaries: true, Staging: true, Robust: true,
			StorageBytes: 1 << 27, StorageAlign: 256, StorageBlocks: 16,
			GroupsInRow: 65535, GroupSize: 1024, SharedBytes: 32 << 10,
		},
		Calls:    make(map[string]int),
		kernels:  make(map[string]*device.Kernel),
		thread:   threadID(),
		buffers:  make(map[driver.Buffer]*memory),
		programs: make(map[driver.Program]*program),
		fences:   make(map[driver.Fence]int),
		queries:  make(map[driver.Query]*query),
		bound:    make(map[int]binding),
	}
}

// Learn registers the kernel that a source implements.
func (d *Driver) Learn(k *device.Kernel, source string) { d.kernels[source] = k }

func (d *Driver) misuse(format string, args ...any) {
	d.Misuse = append(d.Misuse, fmt.Sprintf(format, args...))
}

func (d *Driver) name() uint32 {
	d.names++
	return d.names
}

func (d *Driver) Info() driver.Info { return d.Limits }

func (d *Driver) Status() error {
	d.call("Status")
	if d.lost {
		return driver.ErrReset
	}
	err := d.reported
	d.reported = nil
	return err
}

func (d *Driver) Live() int {
	return len(d.buffers) + len(d.programs) + len(d.fences) + len(d.queries)
}

func (d *Driver) Close() {
	d.call("Close")
	if d.Closed {
		d.misuse("closed twice")
	}
	d.Closed = true
}

// queue queues a command, which is executed by the first call that waits for it.
func (d *Driver) queue(command func()) { d.pending = append(d.pending, command) }

// execute executes commands until n have been executed in all.
func (d *Driver) execute(n int) {
	for d.done < n && len(d.pending) > 0 && !d.lost {
		command := d.pending[0]
		d.pending = d.pending[1:]
		d.done++
		command()
	}
}

func (d *Driver) flush() { d.execute(d.done + len(d.pending)) }

// allocate returns memory that is aligned for every element type.
func allocate(bytes int) *memory {
	words := make([]uint64, (bytes+7)/8)
	return &memory{bytes: unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(words))), bytes)}
}

// Fault is a failure of the At-th call of a method, counted from 1, or of the At-th
// execution of a dispatch.
type Fault struct {
	Call    string // name of the method, or Execution
	At      int
	Err     error         // returned by the call, or by the next Status if the call returns no error
	Reset   bool          // the context is lost at the call
	TimeOut bool          // no fence is signaled any more
	Short   bool          // NewStaging maps half of the bytes
	Hang    chan struct{} // the call returns when this is closed; nil: at once
}

// Execution is the execution of a dispatch, which happens after the call.
const Execution = "execution"

// call counts a call. It reports whether the fault strikes, and returns the error
// for the call to return.
func (d *Driver) call(name string) (struck bool, err error) {
	if id := threadID(); id != d.thread {
		d.misuse("%s on thread %d; the context belongs to %d", name, id, d.thread)
	}
	if d.Closed {
		d.misuse("%s after Close", name)
	}
	d.Calls[name]++
	if d.Fault.Call != name || d.Calls[name] != d.Fault.At {
		return false, d.lostError()
	}
	if d.Fault.Reset {
		d.lose()
	}
	if d.Fault.Hang != nil {
		<-d.Fault.Hang
	}
	return true, d.Fault.Err
}

func (d *Driver) lostError() error {
	if d.lost {
		return driver.ErrReset
	}
	return nil
}

// lose fills all memory with garbage and drops pending commands.
func (d *Driver) lose() {
	d.lost = true
	d.pending = nil
	for _, m := range d.buffers {
		for i := range m.bytes {
			m.bytes[i] = 0xdb
		}
	}
}
