package offload

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"offload/device"
	"offload/device/devicetest"
	"offload/kernels"
)

func TestOpen(t *testing.T) {
	devicetest.NoLeak(t)
	for _, c := range []struct {
		name  string
		class device.Class
		err   error
	}{
		{"cpu", device.CPU, nil},
		{"reference", device.Reference, nil},
		{"gpu:99", "", device.ErrUnavailable},
		{"software:99", "", device.ErrUnavailable},
		{"gpu:one", "", device.ErrInvalid},
		{"gpu:-1", "", device.ErrInvalid},
		{"cpu:0", "", device.ErrInvalid},
		{"GPU", "", device.ErrInvalid},
		{"", "", device.ErrInvalid},
	} {
		d, err := Open(context.Background(), c.name, device.Options{})
		if !errors.Is(err, c.err) {
			t.Errorf("Open(%q): %v, want %v", c.name, err, c.err)
		}
		if err != nil {
			continue
		}
		i := d.Info()
		if i.Class != c.class || len(i.Exact) != len(kernels.All()) {
			t.Errorf("Open(%q) gave class %s with exact kernels %v", c.name, i.Class, i.Exact)
		}
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	}
}

// “auto” gives the reason for skipping a better device.
func TestAutoSaysWhy(t *testing.T) {
	d, err := Open(context.Background(), Auto, device.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	if notes := strings.Join(d.Info().Notes, "\n"); d.Info().Class == device.CPU && !strings.Contains(notes, "not on gpu") {
		t.Errorf("the notes %q do not say why there is no gpu", notes)
	}
}

func TestOpenRefusesOptions(t *testing.T) {
	for _, o := range []device.Options{{Workers: -1}, {Workers: 1 << 30}, {Math: "sloppy"}} {
		if _, err := Open(context.Background(), "cpu", o); !errors.Is(err, device.ErrInvalid) {
			t.Errorf("options %+v: %v, want ErrInvalid", o, err)
		}
	}
	for _, name := range []string{"cpu", "reference"} {
		if _, err := Open(context.Background(), name, device.Options{Variant: "avx1024"}); !errors.Is(err, device.ErrUnsupported) {
			t.Errorf("%s with an unknown variant: %v, want ErrUnsupported", name, err)
		}
	}
}

func TestVariantFromTheEnvironment(t *testing.T) {
	t.Setenv(VariantVariable, "contract")
	for name, want := range map[string]string{"cpu": "contract", "reference": "contract"} {
		d, err := Open(context.Background(), name, device.Options{})
		if err != nil {
			t.Fatal(err)
		}
		if got := d.Info().Variant; got != want {
			t.Errorf("%s runs %q, want %q", name, got, want)
		}
		d.Close()
	}
	t.Setenv(VariantVariable, "sse9")
	if _, err := Open(context.Background(), "cpu", device.Options{}); !errors.Is(err, device.ErrUnsupported) {
		t.Errorf("an unknown variant in the environment: %v, want ErrUnsupported", err)
	}
}

func TestOpenUnderACancelledContext(t *testing.T) {
	devicetest.NoLeak(t)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	for _, name := range []string{"cpu", "reference", Auto} {
		if d, err := Open(ctx, name, device.Options{}); !errors.Is(err, context.Canceled) {
			t.Errorf("Open(%q) = %v, %v; want context.Canceled", name, d, err)
		}
	}
}

func TestDevices(t *testing.T) {
	for _, e := range Devices(context.Background(), device.Options{}) {
		if (e.Err == nil) != (e.Info.Name != "") {
			t.Errorf("%s: %+v, %v; want a description or a reason", e.Name, e.Info, e.Err)
		}
	}
}

// “auto” is never a software rasteriser; “gpu” and “software” have the class of their
// names or are unavailable.
func TestClassesAreKeptApart(t *testing.T) {
	for name, classes := range map[string][]device.Class{
		"auto":     {device.GPU, device.CPU},
		"gpu":      {device.GPU},
		"software": {device.Software},
	} {
		d, err := Open(context.Background(), name, device.Options{})
		if err != nil {
			if name == "auto" || !errors.Is(err, device.ErrUnavailable) {
				t.Errorf("Open(%q): %v", name, err)
			}
			continue
		}
		if c := d.Info().Class; !slices.Contains(classes, c) {
			t.Errorf("Open(%q) gave class %s", name, c)
		}
		d.Close()
	}
}

// Verify reports every kernel, and finds a device with wrong results.
func TestVerify(t *testing.T) {
	ctx := context.Background()
	d, err := Open(ctx, "cpu", device.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	var checks []Check
	if err := Verify(ctx, d, []int{0, 9}, func(c Check) { checks = append(checks, c) }); err != nil {
		t.Fatal(err)
	}
	if len(checks) != len(kernels.All()) {
		t.Errorf("%d kernels were checked, want %d", len(checks), len(kernels.All()))
	}
	for _, c := range checks {
		if c.Err != nil || c.Calls == 0 {
			t.Errorf("%s on %s: %d calls, %v", c.Kernel, c.Device, c.Calls, c.Err)
		}
	}
	var diff *device.Difference
	found := 0
	err = Verify(ctx, flipping{d}, []int{9}, func(c Check) {
		if errors.As(c.Err, &diff) {
			found++
		}
	})
	if err != nil || found != len(kernels.All()) {
		t.Errorf("a device that flips a bit: %d kernels differ, %v", found, err)
	}
}

// flipping is a device whose reads have one wrong bit.
type flipping struct{ device.Device }

func (f flipping) Alloc(t device.Type, n int) (device.Buffer, error) {
	b, err := f.Device.Alloc(t, n)
	return flippingBuffer{b}, err
}

func (f flipping) Launch(ctx context.Context, l *device.Launch) error {
	inner := *l
	inner.Args = append([]device.Arg(nil), l.Args...)
	for i := range inner.Args {
		if b, ok := inner.Args[i].Buffer.(flippingBuffer); ok {
			inner.Args[i].Buffer = b.Buffer
		}
	}
	return f.Device.Launch(ctx, &inner)
}

type flippingBuffer struct{ device.Buffer }

func (b flippingBuffer) Read(ctx context.Context, off int, dst device.Slice) error {
	err := b.Buffer.Read(ctx, off, dst)
	if bytes := dst.Bytes(); len(bytes) > 0 {
		bytes[0] ^= 1
	}
	return err
}

// A backend without Open is refused when it is used.
func TestBackendWithoutOpen(t *testing.T) {
	table := Backends{{Name: "empty", Auto: true}}
	for _, name := range []string{"empty", "empty:1", "auto", "hybrid:empty+empty"} {
		if _, err := table.Open(t.Context(), name, device.Options{}); !errors.Is(err, device.ErrInvalid) {
			t.Errorf("Open(%q): %v, want ErrInvalid", name, err)
		}
	}
	if entries := table.Devices(t.Context(), device.Options{}); len(entries) != 2 || entries[0].Err == nil {
		t.Errorf("Devices: %+v", entries)
	}
}
