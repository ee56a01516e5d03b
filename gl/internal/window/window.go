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

// Open creates a context for OpenGL 4.3 or later, core profile, and makes it current
// on the calling thread, to which the goroutine must be locked.
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

// start starts GLFW. Init logs some errors instead of returning them; then the first
// call that needs an initialised GLFW panics.
func start() error {
	if err := glfw.Init(); err != nil {
		return err
	}
	if protect(func() error { glfw.GetTime(); return nil }) != nil {
		return errors.New("not initialised; GLFW has logged why")
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

// hidden creates a window that is not shown, with a context that reports resets if
// the driver supports that.
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

// ProcAddr returns the address of an OpenGL function.
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

// display returns an error if there is no desktop. Without this check GLFW would
// write to the program's log.
func display() error {
	if runtime.GOOS == "windows" || os.Getenv("DISPLAY") != "" || os.Getenv("WAYLAND_DISPLAY") != "" {
		return nil
	}
	return errors.New("no display: DISPLAY is not set")
}

// thread is the OS thread that starts and ends GLFW and creates and destroys its
// windows. GLFW specifies the main thread, but that belongs to the program, not to a
// library, and only macOS, which has no compute shaders, needs it. Elsewhere it must
// always be the same thread, because a window's messages go to the thread that
// created it.
type thread struct {
	calls chan func()
	ended chan struct{}
}

func startThread() *thread {
	t := &thread{calls: make(chan func()), ended: make(chan struct{})}
	go func() {
		defer close(t.ended)
		runtime.LockOSThread() // never unlocked, so that the thread ends with the goroutine
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

// process is the state of GLFW, which is global to the process. Thread is nil
// without users.
var process struct {
	sync.Mutex
	thread *thread
	users  int
}
