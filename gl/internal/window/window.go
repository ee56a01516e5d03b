//go:build gl && glfw && cgo && !darwin

package window

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"sync"
	"unsafe"

	"github.com/go-gl/glfw/v3.3/glfw"
)

// Context is an OpenGL context, current on the thread that opened it.
type Context struct {
	window *glfw.Window
}

// Open makes a context of OpenGL 4.3 or later, core profile, and makes it current
// on the calling thread. The goroutine must be locked to it.
func Open() (*Context, error) {
	if err := display(); err != nil {
		return nil, err
	}
	process.Lock()
	defer process.Unlock()
	if err := enter(); err != nil {
		return nil, err
	}
	c := new(Context)
	var err error
	process.thread.do(func() { c.window, err = hidden() })
	if err != nil {
		leave()
		return nil, err
	}
	c.window.MakeContextCurrent()
	return c, nil
}

// enter starts GLFW for its first user.
func enter() error {
	if process.users == 0 {
		process.thread = startThread()
		var err error
		process.thread.do(func() { err = protect(start) })
		if err != nil {
			process.thread.stop()
			process.thread = nil
			return fmt.Errorf("glfwInit: %w", err)
		}
	}
	process.users++
	return nil
}

// start starts GLFW. Init logs some errors and returns none; then the first call
// that needs a started GLFW panics.
func start() error {
	if err := glfw.Init(); err != nil {
		return err
	}
	if protect(func() error { glfw.GetTime(); return nil }) != nil {
		return errors.New("it did not start, and has logged why")
	}
	return nil
}

// leave ends GLFW after its last user.
func leave() {
	process.users--
	if process.users > 0 {
		return
	}
	process.thread.do(glfw.Terminate)
	process.thread.stop()
	process.thread = nil
}

// hidden makes a window that is not shown, with a context that reports resets if
// the driver has such.
func hidden() (*glfw.Window, error) {
	var first error
	for _, robustness := range []int{glfw.LoseContextOnReset, glfw.NoRobustness} {
		glfw.DefaultWindowHints()
		glfw.WindowHint(glfw.Visible, glfw.False)
		glfw.WindowHint(glfw.ClientAPI, glfw.OpenGLAPI)
		glfw.WindowHint(glfw.ContextVersionMajor, 4)
		glfw.WindowHint(glfw.ContextVersionMinor, 3)
		glfw.WindowHint(glfw.OpenGLProfile, glfw.OpenGLCoreProfile)
		glfw.WindowHint(glfw.ContextRobustness, robustness)
		var w *glfw.Window
		err := protect(func() (err error) {
			w, err = glfw.CreateWindow(1, 1, "offload", nil, nil)
			if w == nil && err == nil {
				err = errors.New("no window; GLFW has logged why")
			}
			return err
		})
		if err == nil {
			return w, nil
		}
		if first == nil {
			first = fmt.Errorf("no window with OpenGL 4.3: %w", err)
		}
	}
	return nil, first
}

// protect runs f. The binding panics for errors of GLFW that it does not expect,
// such as a missing display.
func protect(f func() error) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("%v", r)
		}
	}()
	return f()
}

// ProcAddr finds a function of OpenGL by its name.
func (c *Context) ProcAddr(name string) unsafe.Pointer {
	process.Lock()
	defer process.Unlock()
	return glfw.GetProcAddress(name)
}

// Close destroys the window and its context. It must be called on the thread of
// Open.
func (c *Context) Close() {
	process.Lock()
	defer process.Unlock()
	glfw.DetachCurrentContext()
	process.thread.do(c.window.Destroy)
	leave()
}

// display reports whether there is a desktop to be asked. GLFW would say so itself,
// on the program's log.
func display() error {
	if runtime.GOOS == "windows" || os.Getenv("DISPLAY") != "" || os.Getenv("WAYLAND_DISPLAY") != "" {
		return nil
	}
	return errors.New("no display: DISPLAY is not set")
}

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
