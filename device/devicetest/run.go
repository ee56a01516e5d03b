// Package devicetest is the compliance suite for devices. One call tests a backend:
//
//	func TestCompliance(t *testing.T) { devicetest.Run(t, mybackend.Open, kernels.All()...) }
package devicetest

import (
	"context"
	"errors"
	"runtime"
	"slices"
	"testing"
	"time"

	"offload/device"
)

// Open opens the device under test.
type Open func(ctx context.Context, o device.Options) (device.Device, error)

// Run tests every documented property of package device on devices opened by open, and
// that each of the kernels, which must have examples, equals its contract there.
func Run(t *testing.T, open Open, kernels ...*device.Kernel) {
	s := suite{open: open, kernels: kernels}
	s.runGroups(t, []group{
		{"Info", s.testInfo},
		{"Buffers", s.testBuffers},
		{"Arguments", s.testArguments},
		{"Ranges", s.testRanges},
		{"Order", s.testOrder},
		{"Concurrency", s.testConcurrency},
		{"Failures", s.testFailures},
		{"Cancellation", s.testCancellation},
		{"Closing", s.testClosing},
		{"Busy", s.testBusy},
		{"Waiting", s.testWaiting},
		{"Depth", s.testDepth},
		{"Neighbours", s.testNeighbours},
		{"Kernels", s.testKernels},
		{"Custom", s.testCustom},
	})
}

// RunAlike is Run for a device of several processes or goroutines, each of which makes the same calls in the same order:
// the tests of Run that do so. A test that fails on one of them ends it there alone, so that open has to return devices
// that notice.
func RunAlike(t *testing.T, open Open, kernels ...*device.Kernel) {
	s := suite{open: open, kernels: kernels, alike: true}
	s.runGroups(t, []group{
		{"Info", s.testInfo},
		{"Buffers", s.testBuffers},
		{"Arguments", s.testArguments},
		{"Ranges", s.testRanges},
		{"Order", s.testOrder},
		{"Failures", s.testFailures},
		{"Cancelled before", s.testCancelledBefore},
		{"Use after Close", s.testUseAfterClose},
		{"Open and Close", s.testOpenClose},
		{"Kernels", s.testKernels},
		{"Custom", s.testCustom},
	})
}

// group is a part of the suite.
type group struct {
	name string
	run  func(*testing.T)
}

func (s suite) runGroups(t *testing.T, groups []group) {
	for _, g := range groups {
		t.Run(g.name, g.run)
	}
}

// suite is the state shared by the groups of tests.
type suite struct {
	open    Open
	kernels []*device.Kernel
	alike   bool // there are other processes that run the same tests
}

// noLeak is NoLeak, unless there are goroutines of other devices.
func (s suite) noLeak(t testing.TB) {
	t.Helper()
	if !s.alike {
		NoLeak(t)
	}
}

// device opens a device with the kernels that the test closes.
func (s suite) device(t testing.TB) device.Device {
	t.Helper()
	d, err := s.open(context.Background(), device.Options{Kernels: s.kernels})
	if err != nil {
		t.Fatalf("open: %v", err)
	}
	t.Cleanup(func() {
		if err := d.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
	return d
}

func (s suite) testInfo(t *testing.T) {
	i := s.device(t).Info()
	if i.Backend == "" || i.Name == "" || i.Class == "" || i.Workers < 1 || len(i.Precisions) == 0 || i.Math == "" || i.Memory < 0 {
		t.Errorf("Info lacks a field: %+v", i)
	}
	if i.Math != device.Exact {
		t.Errorf("opened without options, Math is %q; exact is the default", i.Math)
	}
	for _, k := range s.kernels {
		if !i.IsExact(k.Name) && supported(i, k) {
			t.Errorf("kernel %s was not shown to equal its contract", k.Name)
		}
	}
}

// supported reports whether a device computes in the precision of a kernel.
func supported(i device.Info, k *device.Kernel) bool {
	for _, p := range k.Params {
		if p.Type == device.Float64 && !slices.Contains(i.Precisions, device.Float64) {
			return false
		}
	}
	return true
}

// NoLeak fails the test if more goroutines run at its end than at this call.
func NoLeak(t testing.TB) {
	t.Helper()
	before := runtime.NumGoroutine()
	t.Cleanup(func() {
		for range 200 {
			if runtime.NumGoroutine() <= before {
				return
			}
			time.Sleep(5 * time.Millisecond)
		}
		stacks := make([]byte, 1<<16)
		stacks = stacks[:runtime.Stack(stacks, true)]
		t.Errorf("%d goroutines, %d before:\n%s", runtime.NumGoroutine(), before, stacks)
	})
}

// sizes returns the sizes at which kernels are compared with their contracts, without the
// large ones under -short, which is meant for the race detector.
func sizes() []int {
	all := []int{0, 1, 2, 3, 7, 8, 9, 31, 63, 64, 65, 127, 257}
	if testing.Short() {
		return all[:12]
	}
	return all
}

// testKernels: every kernel equals its contract bit for bit, in views with guard
// words around them and outputs poisoned first.
func (s suite) testKernels(t *testing.T) {
	d := s.device(t)
	for _, k := range s.kernels {
		t.Run(k.Name, func(t *testing.T) {
			if !supported(d.Info(), k) {
				t.Skipf("the device does not list the precision of %s", k.Name)
			}
			for _, n := range sizes() {
				for _, c := range k.Examples(n) {
					if err := verifyPlaced(d, c); err != nil {
						t.Fatalf("n = %d: %v", n, err)
					}
				}
			}
		})
	}
}

// verifyPlaced verifies c with matrices that begin as buffers do, and anywhere.
func verifyPlaced(d device.Device, c *device.Call) error {
	ctx := context.Background()
	return errors.Join(c.Verify(ctx, d), c.VerifyAt(ctx, d, 9))
}
