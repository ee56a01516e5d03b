//go:build gl && cgo

package opengl

import (
	"os"
	"runtime"
	"testing"

	"offload/gl/internal/driver"
)

// softwareContext opens a software context for one test. Where there is none the
// test is skipped, or fails if OFFLOAD_REQUIRE_GL is set.
func softwareContext(t *testing.T) driver.Driver {
	t.Helper()
	runtime.LockOSThread()
	d, _, err := Open(true, 0)
	if err != nil {
		runtime.UnlockOSThread()
		if os.Getenv("OFFLOAD_REQUIRE_GL") != "" {
			t.Fatal(err)
		}
		t.Skip(err)
	}
	t.Cleanup(func() {
		if err := d.Status(); err != nil {
			t.Errorf("at the end: %v", err)
		}
		if n := d.Live(); n != 0 {
			t.Errorf("%d objects were not freed", n)
		}
		d.Close()
		runtime.UnlockOSThread()
	})
	return d
}

func TestInfo(t *testing.T) {
	d := softwareContext(t)
	i := d.Info()
	t.Logf("%+v", i)
	if !i.Software {
		t.Errorf("%s is not known as software", i.Renderer)
	}
	if i.Vendor == "" || i.Renderer == "" || i.Version == "" || i.Language == "" || i.Provider == "" {
		t.Errorf("a name is missing: %+v", i)
	}
	// The least that OpenGL 4.3 allows.
	for _, limit := range []struct {
		name      string
		got, want int
	}{
		{"StorageBytes", i.StorageBytes, 1 << 24},
		{"StorageAlign", i.StorageAlign, 1},
		{"StorageBlocks", i.StorageBlocks, 8},
		{"GroupsInRow", i.GroupsInRow, 65535},
		{"GroupSize", i.GroupSize, 1024},
		{"SharedBytes", i.SharedBytes, 32 << 10},
	} {
		if limit.got < limit.want {
			t.Errorf("%s = %d, less than %d", limit.name, limit.got, limit.want)
		}
	}
	if i.StorageAlign > 256 {
		t.Errorf("StorageAlign = %d, more than OpenGL allows", i.StorageAlign)
	}
}

// Mesa's llvmpipe has all that is optional, so what the other tests cover is known.
func TestOptionalFeaturesAreThere(t *testing.T) {
	i := softwareContext(t).Info()
	for name, has := range map[string]bool{"Doubles": i.Doubles, "Binaries": i.Binaries, "Staging": i.Staging, "Robust": i.Robust} {
		if !has {
			t.Errorf("%s on %s: missing", name, i.Renderer)
		}
	}
}
