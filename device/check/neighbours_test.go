package check_test

import (
	"context"
	"errors"
	"math"
	"slices"
	"sync"
	"testing"
	"time"

	"offload/cpu"
	"offload/device"
	"offload/device/check"
	"offload/kernels/gravity"
	"offload/kernels/grid"
)

// wrappers are the checks of this package.
var wrappers = map[string]func(device.Device) device.Device{"finite": check.Finite, "checksum": check.Checksum, "debug": check.Debug}

// hanging is a device some of whose calls never return, even after the end of their
// context, until release is closed.
type hanging struct {
	device.Device
	begun, release chan struct{}
	launches       bool // of kernels, rather than reads of buffers with one element
}

type hangingBuffer struct {
	device.Buffer
	dev *hanging
}

func (d *hanging) Alloc(t device.Type, n int) (device.Buffer, error) {
	b, err := d.Device.Alloc(t, n)
	return &hangingBuffer{b, d}, err
}

func (d *hanging) hang() {
	close(d.begun)
	<-d.release
}

func (d *hanging) Launch(ctx context.Context, l *device.Launch) error {
	inner := device.Launch{Kernel: l.Kernel, Rows: l.Rows, Args: slices.Clone(l.Args)}
	for i := range inner.Args {
		if b, ok := inner.Args[i].Buffer.(*hangingBuffer); ok {
			inner.Args[i].Buffer = b.Buffer
		}
	}
	if d.launches && inner.Args[0].Buffer.Len() == 1 {
		d.hang()
	}
	return d.Device.Launch(ctx, &inner)
}

func (b *hangingBuffer) Read(ctx context.Context, off int, dst device.Slice) error {
	if !b.dev.launches && b.Len() == 1 {
		b.dev.hang()
	}
	return b.Buffer.Read(ctx, off, dst)
}

// soon fails the test if f takes longer than any call that does not hang.
func soon(t *testing.T, what string, f func() error) error {
	t.Helper()
	done := make(chan error, 1)
	go func() { done <- f() }()
	select {
	case err := <-done:
		return err
	case <-time.After(20 * time.Second):
		t.Fatalf("%s did not return", what)
		return nil
	}
}

// A call that hangs holds up those who use its buffers, and them no longer than their
// contexts last. No other call waits.
func TestNeighboursOfAHang(t *testing.T) {
	for name, wrap := range wrappers {
		for _, launches := range []bool{false, true} {
			t.Run(name+map[bool]string{false: "/read", true: "/launch"}[launches], func(t *testing.T) {
				ctx := context.Background()
				raw := &hanging{Device: open(t, device.Options{}), begun: make(chan struct{}), release: make(chan struct{}), launches: launches}
				d := wrap(raw)
				var in, out [2]device.Buffer // the first are those of the call that hangs
				for i := range in {
					in[i], out[i] = upload(t, d, make([]float64, 1+i)), upload(t, d, make([]float64, 1+i))
				}
				var hung sync.WaitGroup
				hung.Go(func() {
					if launches {
						d.Launch(ctx, copyLaunch(in[0], out[0]))
					} else {
						in[0].Read(ctx, 0, device.Of(make([]float64, 1)))
					}
				})
				defer hung.Wait()
				defer close(raw.release)
				<-raw.begun
				for what, f := range map[string]func() error{
					"Launch": func() error { return d.Launch(ctx, copyLaunch(in[1], out[1])) },
					"Write":  func() error { return in[1].Write(ctx, 0, device.Of(make([]float64, 2))) },
					"Read":   func() error { return out[1].Read(ctx, 0, device.Of(make([]float64, 2))) },
					"Wait":   func() error { return out[1].Wait(ctx) },
					"Sync":   func() error { return d.Sync(ctx) },
				} {
					if err := soon(t, what+" of others", f); err != nil {
						t.Errorf("%s of others: %v", what, err)
					}
				}
				ends, cancel := context.WithTimeout(ctx, 20*time.Millisecond)
				defer cancel()
				for what, f := range map[string]func() error{
					"Launch": func() error { return d.Launch(ends, copyLaunch(in[0], out[0])) },
					"Write":  func() error { return in[0].Write(ends, 0, device.Of(make([]float64, 1))) },
					"Read":   func() error { return in[0].Read(ends, 0, device.Of(make([]float64, 1))) },
				} {
					if err := soon(t, what+" of the same", f); !errors.Is(err, context.DeadlineExceeded) {
						t.Errorf("%s of the same: %v, want DeadlineExceeded", what, err)
					}
				}
			})
		}
	}
}

// A task that waits for its turn lends its worker to the launch that the one with the
// turn waits for.
func TestWaitsForTurnsLendPlaces(t *testing.T) {
	for name, wrap := range wrappers {
		t.Run(name, func(t *testing.T) {
			pool, err := cpu.NewPool(1)
			if err != nil {
				t.Fatal(err)
			}
			defer pool.Close()
			raw, err := cpu.OpenOn(context.Background(), pool, device.Options{})
			if err != nil {
				t.Fatal(err)
			}
			defer raw.Close()
			d := wrap(raw)
			in, out := upload(t, d, make([]float64, 3)), upload(t, d, make([]float64, 3))
			err = soon(t, "the tasks", func() error {
				_, err := cpu.Map(context.Background(), pool, make([]int, 50), func(ctx context.Context, _ int) (int, error) {
					if err := d.Launch(ctx, copyLaunch(in, out)); err != nil {
						return 0, err
					}
					return 0, out.Read(ctx, 0, device.Of(make([]float64, 3)))
				})
				return err
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
}

// copyLaunch copies in to out, with more work than is done in the caller.
func copyLaunch(in, out device.Buffer) *device.Launch {
	return &device.Launch{Kernel: copying, Rows: device.Range{Hi: in.Len()}, Args: []device.Arg{device.Vec(in), device.Vec(out)}}
}

var copying = &device.Kernel{
	Name: "copy",
	Params: []device.Param{
		{Name: "in", Type: device.Float64, Access: device.ReadRows},
		{Name: "out", Type: device.Float64, Access: device.WriteRows},
	},
	Contract: func(t *device.Tile) {
		for r := t.Rows.Lo; r < t.Rows.Hi; r++ {
			device.View[float64](t, 1)[r] = device.View[float64](t, 0)[r]
		}
	},
	Cost: func(*device.Launch) device.Cost { return device.Cost{Ops: 1e9} },
}

func upload[T device.Element](t testing.TB, d device.Device, src []T) device.Buffer {
	t.Helper()
	b, err := device.Upload(context.Background(), d, src)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// What a check has found belongs to the data: it comes out of each read of and wait for
// the elements concerned, and is handed on by launches that read them, until they are
// set anew. Other data are not concerned.
func TestWhatIsFoundBelongsToData(t *testing.T) {
	ctx := context.Background()
	d := check.Finite(open(t, device.Options{}))
	in, out, other := upload(t, d, []float64{1, 2, math.NaN(), 4}), upload(t, d, make([]float64, 4)), upload(t, d, make([]float64, 4))
	l := copyLaunch(in, out)
	l.Rows = device.Range{Lo: 1, Hi: 4}
	if err := d.Launch(ctx, l); !errors.Is(err, check.ErrNotFinite) {
		t.Fatalf("Launch: %v", err)
	}
	read := func(b device.Buffer, lo, hi int) error { return b.Read(ctx, lo, device.Of(make([]float64, hi-lo))) }
	expect := func(what string, err, want error) {
		t.Helper()
		if !errors.Is(err, want) || want == nil && err != nil {
			t.Errorf("%s: %v, want %v", what, err, want)
		}
	}
	for range 2 {
		expect("Read", read(out, 0, 4), check.ErrNotFinite)
		expect("Wait", out.Wait(ctx), check.ErrNotFinite)
		expect("Read of what is right", read(out, 0, 1), nil)
		expect("Wait for others", device.Wait(ctx, in, other), nil)
		expect("Sync", d.Sync(ctx), nil)
	}
	expect("a launch that reads it", d.Launch(ctx, copyLaunch(out, other)), nil)
	expect("its output", other.Wait(ctx), check.ErrNotFinite)
	expect("Write of the middle", out.Write(ctx, 2, device.Of([]float64{3})), nil)
	expect("half healed", read(out, 0, 4), check.ErrNotFinite)
	expect("the half", read(out, 2, 3), nil)
	expect("Write of the rest", errors.Join(out.Write(ctx, 1, device.Of([]float64{2})), out.Write(ctx, 3, device.Of([]float64{4}))), nil)
	expect("healed", read(out, 0, 4), nil)
	expect("a launch that reads what is right", d.Launch(ctx, copyLaunch(out, other)), nil)
	expect("its output", other.Wait(ctx), nil)
}

// A wait finds what a read would find.
func TestWaitChecks(t *testing.T) {
	ctx := context.Background()
	t.Run("force", func(t *testing.T) {
		const n = 300
		d := check.Checksum(&flipping{Device: open(t, device.Options{}), flip: flip{launch: 1, buffer: 1, element: 100, bit: 62}})
		bodies, acc := upload(t, d, gravity.Plummer[float64](n, 1)), upload(t, d, make([]float64, n*gravity.AccelWidth))
		rows := device.Mat(bodies, gravity.BodyWidth)
		if err := d.Launch(ctx, gravity.NewForce(rows, rows, device.Mat(acc, gravity.AccelWidth), 0.1, 0)); err != nil {
			t.Fatal(err)
		}
		if err := bodies.Write(ctx, 0, device.Of([]float64{1, 2, 3, 0})); err != nil {
			t.Errorf("the bodies are not what is wrong: %v", err)
		}
		for range 2 {
			if err := acc.Wait(ctx); !errors.Is(err, check.ErrChecksum) {
				t.Errorf("Wait: %v", err)
			}
		}
		if err := bodies.Wait(ctx); err != nil {
			t.Errorf("Wait for the bodies: %v", err)
		}
	})
	t.Run("plate", func(t *testing.T) {
		const n = 33
		d := check.Checksum(&flipping{Device: open(t, device.Options{}), flip: flip{launch: 1, buffer: 1, element: 16*n + 16, bit: 62}})
		u, out := upload(t, d, grid.Plate[float64](n, n, 1)), upload(t, d, make([]float64, n*n))
		norms := upload(t, d, make([]float64, n*grid.ResidualWidth))
		l := grid.NewLaplacian(device.Mat(u, n), device.Mat(out, n), device.Mat(norms, grid.ResidualWidth), 5, 0.25, 0.25)
		if err := d.Launch(ctx, l); err != nil {
			t.Fatal(err)
		}
		for range 2 {
			if err := l.Wait(ctx); !errors.Is(err, check.ErrChecksum) {
				t.Errorf("Wait: %v", err)
			}
		}
		if err := u.Wait(ctx); err != nil {
			t.Errorf("Wait for the input: %v", err)
		}
	})
}

// A wait that ends with its context leaves the check to the next.
func TestChecksOutliveContexts(t *testing.T) {
	const n = 300
	ctx := context.Background()
	d := check.Checksum(&flipping{Device: open(t, device.Options{}), flip: flip{launch: 1, buffer: 1, element: 100, bit: 62}})
	bodies, acc := upload(t, d, gravity.Plummer[float64](n, 1)), upload(t, d, make([]float64, n*gravity.AccelWidth))
	rows := device.Mat(bodies, gravity.BodyWidth)
	if err := d.Launch(ctx, gravity.NewForce(rows, rows, device.Mat(acc, gravity.AccelWidth), 0.1, 0)); err != nil {
		t.Fatal(err)
	}
	ended, cancel := context.WithCancel(ctx)
	cancel()
	for what, err := range map[string]error{
		"Wait": acc.Wait(ended), "Write of the bodies": bodies.Write(ended, 0, device.Of(make([]float64, 4))),
		"Launch": d.Launch(ended, gravity.NewForce(rows, rows, device.Mat(acc, gravity.AccelWidth), 0.1, 0)),
	} {
		if !errors.Is(err, context.Canceled) {
			t.Errorf("%s: %v, want Canceled", what, err)
		}
	}
	if err := acc.Wait(ctx); !errors.Is(err, check.ErrChecksum) {
		t.Errorf("Wait: %v, want ErrChecksum", err)
	}
}

// told is a device with fixed counters, parts and a report.
type told struct{ device.Device }

func (told) Counters() device.Counters { return device.Counters{Launches: 7, Progress: 5} }
func (d told) Parts() []device.Device  { return []device.Device{d.Device} }
func (told) Report() []string          { return []string{"a report"} }

// A checked device passes on the counters, parts and report of the wrapped device.
func TestWrappedDevicesSayAll(t *testing.T) {
	below := open(t, device.Options{})
	for name, wrap := range wrappers {
		d := wrap(told{below})
		if d.Counters() != (device.Counters{Launches: 7, Progress: 5}) || !slices.Equal(d.Parts(), []device.Device{below}) || !slices.Equal(d.Report(), []string{"a report"}) {
			t.Errorf("%s: %v, %v, %v", name, d.Counters(), d.Parts(), d.Report())
		}
		if d.Info().Name != below.Info().Name {
			t.Errorf("%s: %v", name, d.Info())
		}
	}
}
