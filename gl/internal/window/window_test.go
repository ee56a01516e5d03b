//go:build gl && glfw && cgo && !darwin

package window

import (
	"os"
	"runtime"
	"sync"
	"testing"

	"github.com/go-gl/glfw/v3.3/glfw"
)

func needDisplay(t *testing.T) {
	t.Helper()
	if err := display(); err != nil {
		if os.Getenv("OFFLOAD_REQUIRE_DISPLAY") != "" {
			t.Fatal(err)
		}
		t.Skip(err)
	}
}

// Several threads can each have contexts; closing the last one ends GLFW.
func TestContextsOnSeveralThreads(t *testing.T) {
	needDisplay(t)
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			runtime.LockOSThread()
			for range 5 {
				c, err := Open()
				if err != nil {
					t.Error(err)
					return
				}
				if glfw.GetCurrentContext() != c.window {
					t.Error("the context is not current on the thread that opened it")
				}
				if c.ProcAddr("glDispatchCompute") == nil {
					t.Error("glDispatchCompute was not found")
				}
				c.Close()
			}
		})
	}
	all.Wait()
	if process.users != 0 || process.thread != nil {
		t.Errorf("GLFW has %d users when all are gone", process.users)
	}
}

func TestWindowsAreNotShown(t *testing.T) {
	needDisplay(t)
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	c, err := Open()
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	var visible int
	process.thread.do(func() { visible = c.window.GetAttrib(glfw.Visible) })
	if visible != glfw.False {
		t.Error("the window is visible")
	}
}

func TestOpenWithoutADesktop(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("Windows always has one")
	}
	t.Setenv("WAYLAND_DISPLAY", "")
	for name, value := range map[string]string{"no display": "", "a display that is not there": ":7654"} {
		t.Setenv("DISPLAY", value)
		if c, err := Open(); c != nil || err == nil {
			t.Errorf("%s: %v, %v; want an error", name, c, err)
		}
	}
	if process.users != 0 || process.thread != nil {
		t.Error("GLFW's thread was left running")
	}
}
