//go:build gl && glfw && cgo && !darwin

package window

import (
	"runtime"
	"sync"
)

// thread is the one OS thread that starts and ends GLFW and makes and destroys its
// windows. GLFW asks for the main thread, which belongs to the program, not to a
// library; only macOS insists on it, and that has no compute shaders. Elsewhere it
// must always be the same thread, because a window's messages go to the thread that
// made it.
type thread struct {
	calls chan func()
	ended chan struct{}
}

func startThread() *thread {
	t := &thread{calls: make(chan func()), ended: make(chan struct{})}
	go func() {
		defer close(t.ended)
		runtime.LockOSThread() // and never unlocked: the thread ends with the goroutine
		for call := range t.calls {
			call()
		}
	}()
	return t
}

// do runs f on the thread and waits for it.
func (t *thread) do(f func()) {
	done := make(chan struct{})
	t.calls <- func() {
		defer close(done)
		f()
	}
	<-done
}

func (t *thread) stop() {
	close(t.calls)
	<-t.ended
}

// process is GLFW's state, of which there is one in a process: its thread while
// there are users.
var process struct {
	sync.Mutex
	thread *thread
	users  int
}
