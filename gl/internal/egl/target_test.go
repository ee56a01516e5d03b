//go:build gl && cgo && linux

package egl

import (
	"os"
	"runtime"
	"testing"
)

func targets(t *testing.T) []Target {
	t.Helper()
	list, err := Targets()
	if err != nil {
		if os.Getenv("OFFLOAD_REQUIRE_GL") != "" {
			t.Fatal(err)
		}
		t.Skip(err)
	}
	return list
}

// Devices come first: only they identify GPUs.
func TestOrderOfTargets(t *testing.T) {
	rank := map[string]int{device: 0, surfaceless: 1, fallback: 2}
	last := 0
	for _, target := range targets(t) {
		r, ok := rank[target.Provider]
		if !ok || r < last {
			t.Errorf("%s (%s) is out of place", target.Name, target.Provider)
		}
		last = r
	}
	if last != 2 {
		t.Error("the default display is not the last")
	}
}

// A display that several contexts share lasts until the last of them is closed, and
// can then be used again.
func TestSharedDisplay(t *testing.T) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	target := targets(t)[0]
	users := func() int {
		process.Lock()
		defer process.Unlock()
		n := 0
		for _, u := range process.users {
			n += u
		}
		return n
	}
	for round := range 3 {
		var open []*Context
		for range 3 {
			c, err := target.Open()
			if err != nil {
				t.Fatalf("round %d: %v", round, err)
			}
			open = append(open, c)
		}
		if n := users(); n != 3 {
			t.Errorf("round %d: %d users of 3 contexts", round, n)
		}
		for _, c := range open {
			if c.display != open[0].display {
				t.Error("one target gave two displays")
			}
			c.Close()
		}
		if n := users(); n != 0 {
			t.Errorf("round %d: %d users are left", round, n)
		}
	}
}

func TestFailedOpenLeavesNoUser(t *testing.T) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	t.Setenv("MESA_GL_VERSION_OVERRIDE", "4.2")
	target := targets(t)[0]
	c, err := target.Open()
	if err == nil {
		c.Close()
		t.Skip("this is not Mesa, or it has been asked before")
	}
	t.Log(err)
	process.Lock()
	defer process.Unlock()
	if n := len(process.users); n != 0 {
		t.Errorf("%d displays are in use", n)
	}
}
