//go:build gl && cgo

package opengl

import (
	"errors"
	"os"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"offload/gl/internal/driver"
)

// locked runs f on a goroutine that is locked to its own thread and ends with it.
func locked(f func()) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		runtime.LockOSThread()
		f()
	}()
	<-done
}

// cycle opens a context, computes, and closes it.
func cycle(t *testing.T) {
	locked(func() {
		d, err := open()
		if err != nil {
			t.Error(err)
			return
		}
		defer d.Close()
		p, err := d.Compile(affine)
		if err != nil {
			t.Error(err)
			return
		}
		defer d.FreeProgram(p)
		b, err := d.NewBuffer(4 * 32)
		if err != nil {
			t.Error(err)
			return
		}
		defer d.FreeBuffer(b)
		d.Use(p)
		d.SetWords([]uint32{1, 3})
		d.Bind(0, b, 0, 4*32)
		d.Bind(1, b, 0, 4*32)
		d.Dispatch(1)
		d.Barrier()
		got := make([]byte, 4*32)
		if err := d.Download(got, b, 0); err != nil || got[0] != 3 {
			t.Errorf("%v, %v", got[0], err)
		}
	})
}

// available reports whether a context for tests can be opened.
func available() (ok bool) {
	locked(func() {
		d, err := open()
		if ok = err == nil; ok {
			d.Close()
		}
	})
	return ok
}

// entries returns the number of entries of a folder of /proc.
func entries(t *testing.T, dir string) int {
	t.Helper()
	list, err := os.ReadDir(dir)
	if err != nil {
		t.Skip(err)
	}
	return len(list)
}

func TestContextsLeaveNothingBehind(t *testing.T) {
	t.Run("first", func(t *testing.T) { testContext(t) }) // libraries keep some resources for the process
	if !available() {
		t.Skip("no context")
	}
	threads, files, goroutines := entries(t, "/proc/self/task"), entries(t, "/proc/self/fd"), runtime.NumGoroutine()
	for range 100 {
		cycle(t)
	}
	// The runtime may start a few threads; a thread and its goroutine end a little
	// after their last call.
	for _, c := range []struct {
		what  string
		limit int
		count func() int
	}{
		{"threads", threads + 4, func() int { return entries(t, "/proc/self/task") }},
		{"files", files, func() int { return entries(t, "/proc/self/fd") }},
		{"goroutines", goroutines, runtime.NumGoroutine},
	} {
		n := c.count()
		for wait := 0; n > c.limit && wait < 100; wait++ {
			time.Sleep(10 * time.Millisecond)
			n = c.count()
		}
		if n > c.limit {
			t.Errorf("%d %s, at most %d were expected", n, c.what, c.limit)
		}
	}
}

// Contexts share a display; closing one must leave the others alone.
func TestContextsOnSeveralThreads(t *testing.T) {
	d := testContext(t)
	p := compile(t, d, affine)
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			for range 5 {
				cycle(t)
			}
		})
	}
	for range 20 {
		dispatch(t, d, p)
	}
	all.Wait()
	dispatch(t, d, p)
}

func TestOpenSaysWhatItTried(t *testing.T) {
	if !testContext(t).Info().Software {
		t.Skip("what is said here is of a machine without a GPU")
	}
	for _, c := range []struct {
		name     string
		provider string
		software bool
		index    int
		want     []string
	}{
		{"more than there are", "egl device", true, 7, []string{"egl device: no software device 7; there are"}},
		{"negative", "", true, -1, []string{"no software device -1"}},
		{"unknown provider", "magic", true, 0, []string{`no provider "magic"`}},
		{"a rasteriser is no GPU", "egl surfaceless", false, 0, []string{"egl surfaceless: ", "not a GPU"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Setenv(ProviderVariable, c.provider)
			var err error
			locked(func() {
				var d driver.Driver
				if d, _, err = Open(c.software, c.index); err == nil {
					d.Close()
				}
			})
			if !errors.Is(err, driver.ErrNoContext) {
				t.Fatalf("error %v; want ErrNoContext", err)
			}
			for _, want := range c.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("%q is not in: %v", want, err)
				}
			}
		})
	}
}

// All providers that need no display work.
func TestProviders(t *testing.T) {
	providers := []string{"egl device", "egl surfaceless"}
	if required == "gpu" {
		providers = providers[:1] // proprietary drivers have no other
	}
	for _, provider := range providers {
		t.Run(provider, func(t *testing.T) {
			t.Setenv(ProviderVariable, provider)
			d := testContext(t)
			if got := d.Info().Provider; !strings.HasPrefix(got, provider) {
				t.Errorf("the context came by %s", got)
			}
			dispatch(t, d, compile(t, d, affine))
		})
	}
}
