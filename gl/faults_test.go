package gl

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"offload/cpu"
	"offload/device"
	"offload/device/devicetest"
	"offload/gl/internal/driver"
	"offload/gl/internal/fake"
)

// next is y ← x + 1, in work-groups of 64 rows, with scratch.
func next() *device.Kernel {
	return &device.Kernel{
		Name: "next",
		Params: []device.Param{
			{Name: "x", Type: device.Int32, Access: device.ReadRows},
			{Name: "y", Type: device.Int32, Access: device.WriteRows},
		},
		Contract: func(t *device.Tile) {
			x, y := device.View[int32](t, 0), device.View[int32](t, 1)
			for i := t.Rows.Lo; i < t.Rows.Hi; i++ {
				y[i] = x[i] + 1
			}
		},
		Shader: &device.Shader{
			Local: 64, Source: "next", Scratch: device.Int32,
			Plan: func(l *device.Launch, _ device.ShaderLimits, p *device.ShaderPlan) {
				n := (l.Rows.Len() + 63) / 64
				p.Scratch = l.Rows.Len()
				p.Passes = append(p.Passes, device.Pass{Groups: n}, device.Pass{Groups: n})
			},
		},
	}
}

const workRows = 1000

// work copies data to a device, adds 1 to it twice, and reads it back. It returns the
// first error. If there is none it checks the result.
func work(t *testing.T, d device.Device) error {
	ctx := context.Background()
	in := make([]int32, workRows)
	for i := range in {
		in[i] = int32(i)
	}
	x, err := device.Upload(ctx, d, in)
	if err != nil {
		return err
	}
	defer x.Free()
	y, err := d.Alloc(device.Int32, workRows)
	if err != nil {
		return err
	}
	defer y.Free()
	k := next()
	for _, args := range [][]device.Arg{{device.Vec(x), device.Vec(y)}, {device.Vec(y), device.Vec(x)}} {
		if err := d.Launch(ctx, &device.Launch{Kernel: k, Rows: device.Range{Hi: workRows}, Args: args}); err != nil {
			return err
		}
	}
	synced := d.Sync(ctx)
	got, err := device.Download[int32](ctx, x)
	if synced != nil && err == nil {
		t.Errorf("Sync says %v, and a read of the result nothing", synced)
	}
	if err != nil {
		return err
	}
	for i, v := range got {
		if v != int32(i)+2 {
			t.Errorf("element %d is %d, want %d, and no error was reported", i, v, i+2)
			break
		}
	}
	return nil
}

// faulty opens a device with a fault, works on it, and closes it. It returns the first
// error.
func faulty(t *testing.T, shape func(*fake.Driver)) (used *fake.Driver, err error) {
	t.Helper()
	devicetest.NoLeak(t)
	o := &opening{shape: shape}
	d, err := o.open(context.Background(), device.Options{})
	if err == nil {
		err = work(t, d)
		checkLost(t, d, errors.Is(err, device.ErrLost))
		// The buffers are freed after the work: while a free is pending, a failed
		// allocation waits for it and is tried again.
		err = cmp.Or(err, d.Sync(context.Background()))
		if !errors.Is(err, device.ErrLost) {
			again := work(t, d)
			if err != nil && again != nil {
				t.Errorf("after %v, the next work ends with %v", err, again)
			}
			err = cmp.Or(err, again)
		}
		if err := d.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	}
	o.check(t)
	return o.drivers[0], err
}

// checkLost checks that every call on a lost device returns ErrLost.
func checkLost(t *testing.T, d device.Device, lost bool) {
	t.Helper()
	if !lost {
		return
	}
	ctx := context.Background()
	_, alloc := d.Alloc(device.Int32, 1)
	for call, err := range map[string]error{"Alloc": alloc, "Sync": d.Sync(ctx)} {
		if !errors.Is(err, device.ErrLost) {
			t.Errorf("%s on a lost device: %v, want ErrLost", call, err)
		}
	}
}

// The buffers of a lost device return ErrLost, and can be freed.
func TestBuffersOfALostDevice(t *testing.T) {
	ctx := context.Background()
	o := &opening{shape: func(d *fake.Driver) { d.Fault = fake.Fault{Call: "Dispatch", At: 100, Reset: true} }}
	d, err := o.open(ctx, device.Options{})
	if err != nil {
		t.Fatal(err)
	}
	x, err := device.Upload(ctx, d, make([]int32, 10))
	if err != nil {
		t.Fatal(err)
	}
	y, err := device.Upload(ctx, d, make([]int32, 10))
	if err != nil {
		t.Fatal(err)
	}
	l := &device.Launch{Kernel: next(), Rows: device.Range{Hi: 10}, Args: []device.Arg{device.Vec(x), device.Vec(y)}}
	for err == nil {
		if err = d.Launch(ctx, l); err == nil {
			err = d.Sync(ctx)
		}
	}
	one := device.Of(make([]int32, 1))
	for call, err := range map[string]error{
		"Launch": d.Launch(ctx, l), "Sync": d.Sync(ctx), "Read": x.Read(ctx, 0, one), "Write": y.Write(ctx, 0, one), "the first": err,
	} {
		if !errors.Is(err, device.ErrLost) {
			t.Errorf("%s: %v, want ErrLost", call, err)
		}
	}
	if err := errors.Join(x.Free(), y.Free(), d.Close()); err != nil {
		t.Errorf("Free and Close: %v", err)
	}
	o.check(t)
}

// At whatever call the context is lost, the work ends with ErrLost or with the right
// result, everything is freed, and the next device and the CPU work. The drivers take
// turns at the calls. With -short it is every fortieth call.
func TestResetAtEveryCall(t *testing.T) {
	step := 3
	if testing.Short() {
		step = 40
	}
	for turn, limits := range []struct {
		name  string
		shape func(*fake.Driver)
	}{
		{"staging", func(d *fake.Driver) {}},
		{"no staging", func(d *fake.Driver) { d.Limits.Staging = false }},
		{"timers, few groups", func(d *fake.Driver) { d.GroupTime, d.Limits.GroupsInRow = 1e6, 5 }},
	} {
		clean, _ := faulty(t, limits.shape)
		for call, calls := range clean.Calls {
			lost := 0
			for at := 1 + min(turn, calls-1); at <= calls; at += step {
				t.Run(fmt.Sprintf("%s/%s %d", limits.name, call, at), func(t *testing.T) {
					_, err := faulty(t, func(d *fake.Driver) {
						limits.shape(d)
						d.Fault = fake.Fault{Call: call, At: at, Reset: true}
					})
					if err != nil && !errors.Is(err, device.ErrLost) {
						t.Errorf("%v, want ErrLost or nothing", err)
					}
					if err != nil {
						lost++
					}
				})
			}
			if lost == 0 && !slices.Contains([]string{"FreeBuffer", "FreeProgram", "FreeFence", "FreeTimer", "Close"}, call) {
				t.Errorf("%s: none of %d resets was noticed", call, calls)
			}
		}
	}
	if _, err := faulty(t, nil); err != nil {
		t.Errorf("a new device: %v", err)
	}
	d, err := cpu.Open(context.Background(), device.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	if err := work(t, d); err != nil {
		t.Errorf("the CPU: %v", err)
	}
}

// Each way to fail ends in the documented error.
func TestFaults(t *testing.T) {
	oom := driver.ErrOutOfMemory
	broken := errors.New("invalid operation")
	compile := &driver.ShaderError{Stage: "compile", Log: "0:7: no such thing"}
	link := &driver.ShaderError{Stage: "link", Log: "too much shared memory"}
	for _, c := range []struct {
		name  string
		fault fake.Fault
		want  []error // all of them; nil: the work is done
		says  string
	}{
		{"compile failure of a probe", fake.Fault{Call: "Compile", At: 1, Err: compile}, nil, ""},
		{"compile failure", fake.Fault{Call: "Compile", At: lastCompile(t), Err: compile}, []error{device.ErrShader}, "kernel next: shader does not compile: the driver does not compile it: 0:7: no such thing"},
		{"link failure", fake.Fault{Call: "Compile", At: lastCompile(t), Err: link}, []error{device.ErrShader}, "does not link it: too much"},
		{"compiler out of memory", fake.Fault{Call: "Compile", At: lastCompile(t), Err: oom}, []error{device.ErrOutOfMemory}, "kernel next"},
		{"no memory for staging", fake.Fault{Call: "NewStaging", At: 3, Err: oom}, nil, ""},
		{"no mapping after all", fake.Fault{Call: "NewStaging", At: 1, Err: driver.ErrNoMapping}, nil, ""},
		{"a partial map", fake.Fault{Call: "NewStaging", At: 2, Short: true}, nil, ""},
		{"memory runs out behind a dispatch", fake.Fault{Call: "Dispatch", At: 12, Err: oom}, []error{device.ErrLost, device.ErrOutOfMemory}, ""},
		{"memory runs out behind a copy", fake.Fault{Call: "Copy", At: 9, Err: oom}, []error{device.ErrLost, device.ErrOutOfMemory}, ""},
		{"the driver refuses a command", fake.Fault{Call: "Bind", At: 9, Err: broken}, []error{device.ErrLost, broken}, ""},
		{"no fence", fake.Fault{Call: "NewFence", At: 9, Err: broken}, []error{device.ErrLost, broken}, ""},
		{"a wait fails", fake.Fault{Call: "Wait", At: 9, Err: broken}, []error{device.ErrLost, broken}, ""},
		{"a fence is never reached", fake.Fault{Call: "Wait", At: 9, TimeOut: true}, []error{device.ErrLost}, "no answer for 2m0s"},
	} {
		t.Run(c.name, func(t *testing.T) {
			used, err := faulty(t, func(d *fake.Driver) { d.Fault = c.fault })
			if used.Calls[c.fault.Call] < c.fault.At {
				t.Fatalf("%s was called %d times; the fault is at the %dth", c.fault.Call, used.Calls[c.fault.Call], c.fault.At)
			}
			if len(c.want) == 0 && err != nil {
				t.Errorf("%v, want no error", err)
			}
			for _, want := range c.want {
				if !errors.Is(err, want) {
					t.Errorf("%v, want %v", err, want)
				}
			}
			if err != nil && !strings.Contains(err.Error(), c.says) {
				t.Errorf("%v, want one that says %q", err, c.says)
			}
		})
	}
}

// lastCompile is the number of the call that compiles the kernel of the work.
func lastCompile(t *testing.T) int {
	d, _ := faulty(t, nil)
	return d.Calls["Compile"]
}

// The n-th allocation fails, be it of a buffer, of the scratch or of staging. Transfers
// work without staging; for the rest the error is ErrOutOfMemory, and the device still
// works.
func TestOutOfMemoryAtEveryAllocation(t *testing.T) {
	clean, _ := faulty(t, nil)
	for _, call := range []string{"NewBuffer", "NewStaging"} {
		for at := 1; at <= clean.Calls[call]; at++ {
			t.Run(fmt.Sprint(call, " ", at), func(t *testing.T) {
				_, err := faulty(t, func(d *fake.Driver) { d.Fault = fake.Fault{Call: call, At: at, Err: driver.ErrOutOfMemory} })
				if call == "NewBuffer" && !errors.Is(err, device.ErrOutOfMemory) || call == "NewStaging" && err != nil {
					t.Error(err)
				}
				if errors.Is(err, device.ErrLost) {
					t.Errorf("the device is lost: %v", err)
				}
			})
		}
	}
}

// Without a context, Open returns the reason.
func TestNoDriver(t *testing.T) {
	devicetest.NoLeak(t)
	for _, c := range []struct {
		name string
		err  error
		says string
	}{
		{"no library", fmt.Errorf("%w:\negl: libEGL.so.1: cannot open shared object file", driver.ErrNoContext), "libEGL.so.1"},
		{"no device", fmt.Errorf("%w:\negl device: no device", driver.ErrNoContext), "no device"},
		{"version too low", fmt.Errorf("%w:\negl device 0: OpenGL 4.2, 4.3 is needed", driver.ErrNoContext), "4.3 is needed"},
		{"not built", driver.ErrNotBuilt, "built without OpenGL; rebuild with -tags gl"},
	} {
		for _, class := range []device.Class{device.GPU, device.Software} {
			connect := func() (driver.Driver, []string, error) { return nil, nil, c.err }
			_, err := connection{name: string(class), class: class, connect: connect}.open(context.Background(), device.Options{})
			if !errors.Is(err, device.ErrUnavailable) || !strings.Contains(err.Error(), c.says) || !strings.HasPrefix(err.Error(), string(class)+": ") {
				t.Errorf("%s: %v", c.name, err)
			}
		}
	}
}

// Open takes no rasteriser for a GPU, and no GPU for a rasteriser.
func TestWrongClassIsRefused(t *testing.T) {
	for _, class := range []device.Class{device.GPU, device.Software} {
		d := fake.New()
		connect := func() (driver.Driver, []string, error) {
			d = fake.New()
			d.Limits.Software = class == device.GPU
			return d, nil, nil
		}
		_, err := connection{name: string(class), class: class, connect: connect}.open(context.Background(), device.Options{})
		if !errors.Is(err, device.ErrUnavailable) || !d.Closed {
			t.Errorf("%s: %v, closed %v; want ErrUnavailable", class, err, d.Closed)
		}
	}
}
