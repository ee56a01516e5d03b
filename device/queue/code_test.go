package queue

import (
	"context"
	"errors"
	"io"
	"runtime"
	"testing"
	"testing/synctest"

	"offload/device"
)

// coded is mark with a cost and a halo that a test gives.
func coded(cost func(n int) device.Cost, halo func() int) *device.Kernel {
	calls := 0
	k := *mark
	k.Params = append([]device.Param{k.Params[0], k.Params[1]}, device.Param{Name: "in", Type: device.Int32, Access: device.ReadRows})
	if halo != nil {
		k.Params[2].Halo = func(*device.Launch) int { return halo() }
	}
	if cost != nil {
		k.Cost = func(*device.Launch) device.Cost { calls++; return cost(calls) }
	}
	return &k
}

// A kernel's code that panics or ends its goroutine, wherever it is called, is the error
// of that launch. The turn goes on.
func TestCodeThatFails(t *testing.T) {
	boom := func() { panic(io.ErrUnexpectedEOF) }
	failAt := func(n int, fail func()) func(int) device.Cost {
		return func(call int) device.Cost {
			if call == n {
				fail()
			}
			return device.Cost{}
		}
	}
	for _, c := range []struct {
		name   string
		kernel *device.Kernel
		exec   func()
		want   error
	}{
		{"a cost", coded(failAt(1, boom), nil), nil, io.ErrUnexpectedEOF},
		{"a cost that ends the goroutine", coded(failAt(1, runtime.Goexit), nil), nil, device.ErrPanic},
		{"a cost, asked whether the launch is small", coded(failAt(3, boom), nil), nil, io.ErrUnexpectedEOF},
		{"a halo", coded(nil, boom0(boom)), nil, io.ErrUnexpectedEOF},
		{"a halo that ends the goroutine", coded(nil, boom0(runtime.Goexit)), nil, device.ErrPanic},
		{"the contract", coded(nil, nil), boom, io.ErrUnexpectedEOF},
		{"a contract that ends the goroutine", coded(nil, nil), runtime.Goexit, device.ErrPanic},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := &stage{hooks: &hooks{inline: func(l *device.Launch) bool { device.CostOf(l); return true }}}
				d := ways[0].open(t, s)
				s.execute = func(context.Context, *device.Launch) error {
					if c.exec != nil {
						c.exec()
					}
					return nil
				}
				in, out := alloc1(t, d), alloc1(t, d)
				l := &device.Launch{Kernel: c.kernel, Rows: device.Range{Hi: 1}, Args: []device.Arg{device.Val(int32(1)), device.Vec(out), device.Vec(in)}}
				var err error
				for range 3 { // the second launch of a kernel that went well may run in its caller
					if err = d.Launch(context.Background(), l); err == nil {
						err = out.Wait(context.Background())
					}
					if err != nil {
						break
					}
				}
				expect(t, "the launch", err, c.want)
				if !errors.Is(err, device.ErrPanic) {
					t.Errorf("%v is no ErrPanic", err)
				}
				s.execute = nil
				launchMark(t, d, 1, in)
				expect(t, "Wait for another buffer", in.Wait(context.Background()), nil)
			})
		})
	}
}

func boom0(fail func()) func() int { return func() int { fail(); return 0 } }

// A kernel is known, and may run in the callers of Launch, once its code has run to an
// end: a launch of no rows shows nothing.
func TestEmptyLaunchShowsNothing(t *testing.T) {
	s := &stage{hooks: &hooks{inline: func(*device.Launch) bool { return true }}}
	d := ways[0].open(t, s)
	s.execute = func(context.Context, *device.Launch) error { runtime.Goexit(); return nil }
	b := alloc1(t, d)
	l := marked(1, b)
	k := *mark
	l.Kernel, l.Rows = &k, device.Range{}
	expect(t, "a launch of no rows", d.Launch(context.Background(), l), nil)
	expect(t, "Wait", b.Wait(context.Background()), nil)
	l.Rows = device.Range{Hi: 1}
	returned := make(chan bool, 1)
	go func() {
		defer func() { returned <- false }()
		expect(t, "a launch that ends its goroutine", d.Launch(context.Background(), l), nil)
		returned <- true
	}()
	if !<-returned {
		t.Error("runtime.Goexit in a kernel ended the caller of Launch")
	}
	expect(t, "Wait", b.Wait(context.Background()), device.ErrPanic)
}

// An engine that is asked whether it runs a launch in the caller, and says yes, runs it:
// what cannot run is found out before.
func TestInlineIsFollowedByExecute(t *testing.T) {
	asked, executed := 0, 0
	s := &stage{hooks: new(hooks)}
	d := ways[0].open(t, s)
	s.inline = func(*device.Launch) bool { asked++; return true }
	s.execute = func(context.Context, *device.Launch) error { executed++; return io.ErrUnexpectedEOF }
	k := coded(nil, nil)
	d.learn(k)
	in, out := alloc1(t, d), alloc1(t, d)
	l := &device.Launch{Kernel: k, Rows: device.Range{Hi: 1}, Args: []device.Arg{device.Val(int32(1)), device.Vec(out), device.Vec(in)}}
	for range 2 { // the second reads what the first has spoiled
		expect(t, "Launch", d.Launch(context.Background(), l), nil)
		l.Args[1], l.Args[2] = device.Vec(in), device.Vec(out)
	}
	l.Rows = device.Range{}
	expect(t, "a launch of no rows", d.Launch(context.Background(), l), nil)
	expect(t, "Wait", in.Wait(context.Background()), io.ErrUnexpectedEOF)
	if asked != 1 || executed != 1 {
		t.Errorf("asked %d times, executed %d times; want once", asked, executed)
	}
}
