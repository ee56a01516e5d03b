package fake

import "offload/gl/internal/driver"

// Fault is what fails: the n-th call of a method, counted from 1, or the n-th
// execution of a dispatch.
type Fault struct {
	Call    string // name of the method, or Execution
	At      int
	Err     error         // what the call returns, or Status reports later if the call returns no error
	Reset   bool          // the context is lost at the call
	TimeOut bool          // no fence is reached any more
	Short   bool          // NewStaging maps half of what was asked for
	Hang    chan struct{} // the call does not return before this is closed; nil: it does
}

// Execution is the execution of a dispatch, which happens after the call.
const Execution = "execution"

// call counts a call; it tells whether the fault strikes, and what the call is to
// return.
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

// lose makes all memory garbage and drops what was not executed.
func (d *Driver) lose() {
	d.lost = true
	d.pending = nil
	for _, m := range d.buffers {
		for i := range m.bytes {
			m.bytes[i] = 0xdb
		}
	}
}
