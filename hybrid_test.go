package offload

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"offload/device"
	"offload/device/devicetest"
)

// TestHybridNames: names of a hybrid, and those refused before anything opens.
func TestHybridNames(t *testing.T) {
	for name, ok := range map[string]bool{
		"hybrid":                       true,
		"hybrid:cpu+software":          true,
		"hybrid:gpu:0+gpu:1+cpu":       true,
		"hybrid:cpu+reference":         true,
		"hybrid:":                      false,
		"hybrid:cpu":                   false,
		"hybrid:cpu+":                  false,
		"hybrid:cpu+abacus":            false,
		"hybrid:cpu+auto":              false,
		"hybrid:cpu+hybrid":            false,
		"hybrid:cpu+gpu:x":             false,
		"hybrid:cpu+hybrid:cpu+abacus": false,
	} {
		if err := CheckName(name); (err == nil) != ok || err != nil && !errors.Is(err, device.ErrInvalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestHybridOfHosts: the parts are named, and every kernel is exact.
func TestHybridOfHosts(t *testing.T) {
	devicetest.NoLeak(t)
	d, err := Open(context.Background(), "hybrid:cpu+reference", device.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	i := d.Info()
	if i.Backend != "hybrid:cpu+reference" || i.Class != device.Composite || !strings.Contains(i.Name, " + serial contract") {
		t.Errorf("%+v", i)
	}
	small := VerifySizes()[:8] // the compliance suite takes larger ones
	if err := Verify(context.Background(), d, small, func(c Check) {
		if c.Err != nil || !slices.Contains(i.Exact, c.Kernel) {
			t.Errorf("%s: %v", c.Kernel, c.Err)
		}
	}); err != nil {
		t.Error(err)
	}
}

// TestHybridWithoutAPart: an unavailable part is an error with its reason, and leaves
// nothing open.
func TestHybridWithoutAPart(t *testing.T) {
	devicetest.NoLeak(t)
	_, gpu := Open(context.Background(), "gpu", device.Options{})
	d, err := Open(context.Background(), "hybrid:cpu+gpu", device.Options{})
	if gpu == nil {
		d.Close()
		t.Skip("there is a GPU")
	}
	if !errors.Is(err, device.ErrUnavailable) || !strings.HasPrefix(err.Error(), "hybrid:cpu+gpu: ") {
		t.Errorf("%v, want ErrUnavailable with the name", err)
	}
}
