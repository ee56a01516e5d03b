package solar

import (
	"context"
	"errors"
	"math"
	"testing"

	"offload/cpu"
	"offload/device"
	"offload/device/reference"
)

// The trajectory on a device agrees with the serial field to rounding, and has the same bits on every device.
func TestDeviceField(t *testing.T) {
	sys := must(J2000())(t)
	until := sys.Epoch + 100
	serial, _ := runTo(t, sys, Options{}, until)
	var first *Simulation
	for _, open := range []func(context.Context, device.Options) (device.Device, error){reference.Open, cpu.Open} {
		dev := must(open(context.Background(), device.Options{}))(t)
		field := must(NewDeviceField(dev, sys.GMs()))(t)
		sim := must(New(sys, field, Options{}))(t)
		must(sim.Run(context.Background(), until, Watch{}))(t)
		for i, b := range sim.Snapshot().Bodies {
			if d := distance(b.X, serial.Snapshot().Bodies[i].X); !(d < 1e-12) {
				t.Errorf("%s: %s is %g au from where the serial field has it", dev.Info().Backend, b.Name, d)
			}
			if first != nil && b.X != first.Snapshot().Bodies[i].X {
				t.Errorf("%s: %s has other bits than on the first device", dev.Info().Backend, b.Name)
			}
		}
		if first == nil {
			first = sim
		}
		if err := errors.Join(field.Close(), dev.Close()); err != nil {
			t.Error(err)
		}
		if _, err := sim.Run(context.Background(), until+1, Watch{}); !errors.Is(err, device.ErrClosed) {
			t.Errorf("on a closed device: %v, want ErrClosed", err)
		}
	}
}

func TestDeviceFieldRefusesWrongInput(t *testing.T) {
	dev := must(reference.Open(context.Background(), device.Options{}))(t)
	defer dev.Close()
	for _, gm := range [][]float64{{1, -1}, {math.NaN()}, {math.Inf(1)}} {
		if _, err := NewDeviceField(dev, gm); !errors.Is(err, device.ErrInvalid) {
			t.Errorf("gm %v: %v, want ErrInvalid", gm, err)
		}
	}
	f := must(NewDeviceField(dev, []float64{1, 1}))(t)
	defer f.Close()
	if err := f.Accelerate(context.Background(), make([]float64, 3), make([]float64, 6)); !errors.Is(err, device.ErrInvalid) {
		t.Errorf("one position for two bodies: %v, want ErrInvalid", err)
	}
}

// forceless is a device whose launches fail after they were accepted.
type forceless struct{ device.Device }

func (d forceless) Launch(ctx context.Context, l *device.Launch) error {
	k := *l.Kernel
	k.Contract, k.Host = func(*device.Tile) { panic("no force") }, nil
	return d.Device.Launch(ctx, &device.Launch{Kernel: &k, Args: l.Args, Rows: l.Rows})
}

// A launch that fails after it was accepted ends the run with its error, at the state before.
func TestFailedLaunch(t *testing.T) {
	sys := must(J2000())(t)
	for _, open := range []func(context.Context, device.Options) (device.Device, error){reference.Open, cpu.Open} {
		dev := must(open(context.Background(), device.Options{}))(t)
		field := must(NewDeviceField(forceless{dev}, sys.GMs()))(t)
		for _, name := range Integrators() {
			if name == "wh" { // does not call the field
				continue
			}
			sim := must(New(sys, field, Options{Integrator: name}))(t)
			report, err := sim.Run(context.Background(), sys.Epoch+10, Watch{})
			if !errors.Is(err, device.ErrPanic) || report.Steps != 0 || sim.JD() != sys.Epoch {
				t.Errorf("%s, %s: %d steps to JD %v, %v; want the panic", dev.Info().Backend, name, report.Steps, sim.JD(), err)
			}
		}
		if err := errors.Join(field.Close(), dev.Close()); err != nil {
			t.Error(err)
		}
	}
}

// BenchmarkDeviceField measures an evaluation for 11 bodies: upload, launch, read-back.
func BenchmarkDeviceField(b *testing.B) {
	sys, err := J2000()
	if err != nil {
		b.Fatal(err)
	}
	dev, err := cpu.Open(context.Background(), device.Options{})
	if err != nil {
		b.Fatal(err)
	}
	defer dev.Close()
	field, err := NewDeviceField(dev, sys.GMs())
	if err != nil {
		b.Fatal(err)
	}
	p := NewPhase(sys)
	a := make([]float64, len(p.X))
	b.ReportAllocs()
	for b.Loop() {
		if err := field.Accelerate(context.Background(), p.X, a); err != nil {
			b.Fatal(err)
		}
	}
}
