package hybrid_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"offload/device"
	"offload/device/devicetest"
	"offload/device/hybrid"
)

// doubling doubles x in place, and fails where it meets a 7.
var doubling = &device.Kernel{
	Name:   "doubling",
	Params: []device.Param{{Name: "x", Type: device.Float32, Access: device.UpdateRows}},
	Contract: func(t *device.Tile) {
		x := device.View[float32](t, 0)
		for i := t.Rows.Lo; i < t.Rows.Hi; i++ {
			if x[i] == 7 {
				panic("seven")
			}
			x[i] *= 2
		}
	},
}

func double(ctx context.Context, d device.Device, x device.Buffer, lo, hi int) error {
	return d.Launch(ctx, &device.Launch{Kernel: doubling, Rows: device.Range{Lo: lo, Hi: hi}, Args: []device.Arg{device.Vec(x)}})
}

// refusing is a device that refuses launches of a kernel.
type refusing struct {
	device.Device
	kernel string
	err    error
}

func (d *refusing) Launch(ctx context.Context, l *device.Launch) error {
	if l.Kernel.Name == d.kernel {
		return fmt.Errorf("kernel %s: %w", d.kernel, d.err)
	}
	return d.Device.Launch(ctx, l)
}

// TestRefusedLaunch: what a part cannot run the others do, with data that it alone has,
// too. A shader that does not compile is reported. The part stays.
func TestRefusedLaunch(t *testing.T) {
	for _, c := range []struct{ err, want error }{{device.ErrUnsupported, nil}, {device.ErrShader, device.ErrShader}} {
		virtually(t, c.err.Error(), func(t *testing.T) {
			ctx := context.Background()
			d := halves(t, device.CPU, func(i int, d device.Device) device.Device {
				if i == 0 {
					return d
				}
				return &refusing{d, "doubling", c.err}
			})
			defer d.Close()
			u, err := device.Upload(ctx, d, slices.Repeat([]float32{3}, 100))
			if err != nil {
				t.Fatal(err)
			}
			v := mustAlloc(t, d, 100)
			if err := errors.Join(copyRows(ctx, d, u, v), double(ctx, d, v, 0, 100)); err != nil {
				t.Fatal(err)
			}
			got, err := device.Download[float32](ctx, v)
			if !errors.Is(err, c.want) || err == nil && !slices.Equal(got, slices.Repeat([]float32{6}, 100)) {
				t.Errorf("%v, %v; want the error %v, or 6", err, got, c.want)
			}
			if len(d.Parts()) != 2 {
				t.Error("the part has left")
			}
		})
	}
}

// TestErrorOfOtherRows: a launch whose part holds rows that a launch before it has
// failed to set, or a caller has given up to write, is right.
func TestErrorOfOtherRows(t *testing.T) {
	within := func(d time.Duration) context.Context {
		ctx, cancel := context.WithTimeout(context.Background(), d)
		t.Cleanup(cancel)
		return ctx
	}
	for _, c := range []struct {
		name string
		fail func(d device.Device, x device.Buffer) error
		want error
	}{
		{"a kernel that fails", func(d device.Device, x device.Buffer) error {
			if err := x.Write(context.Background(), 10, device.Of([]float32{7})); err != nil {
				return err
			}
			return errors.Join(double(context.Background(), d, x, 5, 95), x.Wait(context.Background()))
		}, device.ErrPanic},
		{"a launch that is given up", func(d device.Device, x device.Buffer) error {
			return errors.Join(double(within(5*time.Millisecond), d, x, 5, 95), x.Wait(context.Background()))
		}, context.DeadlineExceeded},
		{"a write that is given up", func(d device.Device, x device.Buffer) error {
			return x.Write(within(time.Millisecond), 5, device.Of(make([]float32, 90)))
		}, context.DeadlineExceeded},
	} {
		virtually(t, c.name, func(t *testing.T) {
			ctx := context.Background()
			d := halves(t, device.CPU, func(_ int, d device.Device) device.Device { return d })
			defer d.Close()
			x, err := device.Upload(ctx, d, slices.Repeat([]float32{3}, 100))
			if err != nil {
				t.Fatal(err)
			}
			if err := c.fail(d, x); !errors.Is(err, c.want) {
				t.Fatalf("%v, want %v", err, c.want)
			}
			if err := errors.Join(double(ctx, d, x, 0, 5), double(ctx, d, x, 95, 100)); err != nil {
				t.Fatal(err)
			}
			for _, lo := range []int{0, 95} {
				got := make([]float32, 5)
				if err := x.Read(ctx, lo, device.Of(got)); err != nil || got[0] != 6 || got[4] != 6 {
					t.Errorf("rows from %d: %v, %v; want 6", lo, err, got)
				}
			}
		})
	}
}

// placed is a device that computes in a place.
type placed struct {
	device.Device
	place lending
}

type lending struct{ lent, returned int }

func (p *lending) Lend()                  { p.lent++ }
func (p *lending) Return(context.Context) { p.returned++ }

func (d *placed) Held(ctx context.Context) device.Place {
	if p := device.PlaceOf(ctx); p == &d.place {
		return p
	}
	return nil
}

func (d *placed) Launch(ctx context.Context, l *device.Launch) error {
	if device.PlaceOf(ctx) != nil {
		return errors.New("the launch takes up the place of the task that queued it")
	}
	return d.Device.Launch(ctx, l)
}

// TestPlaceIsLent: a task that waits lends its place to the launches of the part that
// computes in such places; one in a place of somebody else's keeps that.
func TestPlaceIsLent(t *testing.T) {
	virtually(t, "wait", func(t *testing.T) {
		host := new(placed)
		d := halves(t, device.CPU, func(i int, d device.Device) device.Device {
			if i == 0 {
				host.Device = d
				return host
			}
			return d
		})
		defer d.Close()
		x, other := mustAlloc(t, d, 1000), new(lending)
		for place, want := range map[*lending]int{&host.place: 1, other: 0} {
			ctx := device.WithPlace(context.Background(), place)
			if err := errors.Join(double(ctx, d, x, 0, 1000), x.Wait(ctx)); err != nil {
				t.Fatal(err)
			}
			if place.lent != want || place.returned != want {
				t.Errorf("the place was lent %d times and returned %d times, want %d", place.lent, place.returned, want)
			}
		}
	})
}

// TestOpenRefuses: too few parts, parts that are nil, and shares that are no shares of
// them, are mistakes; the parts are closed.
func TestOpenRefuses(t *testing.T) {
	devicetest.NoLeak(t)
	for _, c := range []struct {
		parts string // a g for each GPU, a 0 for nil
		o     hybrid.Options
	}{
		{"", hybrid.Options{}},
		{"g", hybrid.Options{}},
		{"g0", hybrid.Options{}},
		{"gg", hybrid.Options{Shares: []float64{1}}},
		{"gg", hybrid.Options{Shares: []float64{1, math.NaN()}}},
		{"gg", hybrid.Options{Shares: []float64{math.Inf(1), 1}}},
		{"gg", hybrid.Options{Shares: []float64{2, -1}}},
		{"gg", hybrid.Options{Kernels: []*device.Kernel{nil}}},
	} {
		var parts []device.Device
		for _, p := range c.parts {
			if p == '0' {
				parts = append(parts, nil)
				continue
			}
			d, err := gpu(context.Background(), device.Options{})
			if err != nil {
				t.Fatal(err)
			}
			parts = append(parts, d)
		}
		if _, err := hybrid.Open(context.Background(), parts, c.o); !errors.Is(err, device.ErrInvalid) {
			t.Errorf("parts %q, %+v: %v, want ErrInvalid", strings.ReplaceAll(c.parts, "0", "nil"), c.o, err)
		}
	}
}
