package queue

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"

	"offload/device"
)

// stage is an engine that records its calls.
type stage struct {
	*hooks
	mu  sync.Mutex
	did []string
}

// hooks are the functions of a stage. A nil hook returns at once.
type hooks struct {
	prepare func() error
	execute func(ctx context.Context, l *device.Launch) error
	finish  func(ctx context.Context) error
	inline  func(l *device.Launch) bool
	held    func(ctx context.Context) device.Place

	transfer func() // Read and Write
	quiet    bool   // keeps no list
}

func (s *stage) note(format string, args ...any) {
	s.mu.Lock()
	s.did = append(s.did, fmt.Sprintf(format, args...))
	s.mu.Unlock()
}

// list is what was done so far.
func (s *stage) list() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.did)
}

func (s *stage) Check(*device.Launch) error { return nil }
func (s *stage) Close()                     {}

func (s *stage) Prepare(*device.Kernel) error {
	if s.prepare != nil {
		return s.prepare()
	}
	return nil
}

func (s *stage) Alloc(t device.Type, n int) (Memory, error) {
	return &cells{stage: s, data: device.MakeSlice(t, n)}, nil
}

// Execute records the launch, identified by the scalar of mark.
func (s *stage) Execute(ctx context.Context, l *device.Launch, _ *[device.MaxParams]Memory) error {
	if !s.quiet {
		s.note("launch %d", device.Scalar[int32](l, 0))
	}
	if s.execute != nil {
		return s.execute(ctx, l)
	}
	return nil
}

func (s *stage) Inline(_ context.Context, l *device.Launch) bool {
	return s.inline != nil && s.inline(l)
}

func (s *stage) Finish(ctx context.Context) error {
	if !s.quiet {
		s.note("finish")
	}
	if s.finish != nil {
		return s.finish(ctx)
	}
	return nil
}

func (s *stage) move(what string) {
	s.note("%s", what)
	if s.transfer != nil {
		s.transfer()
	}
}

// Held makes a stage an owner of places.
func (s *stage) Held(ctx context.Context) device.Place {
	if s.held == nil {
		return nil
	}
	return s.held(ctx)
}

// cells are the memory of a stage.
type cells struct {
	stage *stage
	data  device.Slice
}

func (c *cells) Write(_ context.Context, off int, src device.Slice) error {
	c.stage.move("write")
	c.data.Sub(off, off+src.Len()).Copy(src)
	return nil
}

func (c *cells) Read(_ context.Context, off int, dst device.Slice) error {
	c.stage.move("read")
	dst.Copy(c.data.Sub(off, off+dst.Len()))
	return nil
}

func (c *cells) Free() { c.stage.note("free") }

// ways are the two ways to open a device.
var ways = []struct {
	name string
	open func(t *testing.T, s *stage) *Device
}{
	{"any goroutine", func(t *testing.T, s *stage) *Device {
		d, err := Open(context.Background(), stageInfo, s, nil)
		return opened(t, s, d, err)
	}},
	{"a thread", func(t *testing.T, s *stage) *Device {
		d, err := OpenOnThread(func() (Engine, device.Info, error) { return s, stageInfo, nil })
		return opened(t, s, d, err)
	}},
}

var stageInfo = device.Info{Precisions: []device.Type{device.Float32}}

// opened closes d at the end of the test. The kernel mark is known to it: what is new
// waits for the engine's thread first.
func opened(t *testing.T, s *stage, d *Device, err error) *Device {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	given := s.hooks
	s.hooks = new(hooks)
	launchMark(t, d, 0, alloc1(t, d))
	if err := d.Sync(context.Background()); err != nil {
		t.Fatal(err)
	}
	s.hooks, s.did = given, nil
	return d
}

// mark is a kernel whose launches are identified by their scalar.
var mark = &device.Kernel{
	Name: "mark",
	Params: []device.Param{
		{Name: "number", Type: device.Int32, Access: device.Value},
		{Name: "out", Type: device.Int32, Access: device.WriteRows},
	},
	Contract: func(*device.Tile) {},
}

// marked is launch number i, of one row of b.
func marked(i int, b device.Buffer) *device.Launch {
	return &device.Launch{Kernel: mark, Rows: device.Range{Hi: 1}, Args: []device.Arg{device.Val(int32(i)), device.Vec(b)}}
}

func alloc1(t *testing.T, d *Device) device.Buffer {
	t.Helper()
	b, err := d.Alloc(device.Int32, 1)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func launchMark(t *testing.T, d *Device, i int, b device.Buffer) {
	t.Helper()
	if err := d.Launch(context.Background(), marked(i, b)); err != nil {
		t.Fatalf("launch %d: %v", i, err)
	}
}

// gate makes launch 0 run until the test opens it, whatever becomes of its context,
// as in a driver that does not look at it.
type gate chan struct{}

func (g gate) execute(_ context.Context, l *device.Launch) error {
	if device.Scalar[int32](l, 0) == 0 {
		<-g
	}
	return nil
}

// later calls f on a goroutine and returns what will be its error.
func later(f func() error) <-chan error {
	c := make(chan error, 1)
	go func() { c <- f() }()
	return c
}

// pending reports whether c has no error yet.
func pending(c <-chan error) bool { return len(c) == 0 }

func expect(t *testing.T, what string, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("%s: %v, want %v", what, err, want)
	}
}
