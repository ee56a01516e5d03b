//go:build gl && cgo

package opengl

import (
	"os"
	"runtime"
	"strings"
	"testing"

	"offload/gl/internal/driver"
)

// required is the device that the tests require: “gpu” for a GPU, any other word for a
// software rasteriser. If it is empty, they run on a rasteriser if there is one.
var required = os.Getenv("OFFLOAD_REQUIRE_GL")

// open opens the context that the tests run on.
func open() (driver.Driver, error) {
	d, _, err := Open(required != "gpu", 0)
	return d, err
}

// testContext opens a context for one test.
func testContext(t testing.TB) driver.Driver {
	t.Helper()
	runtime.LockOSThread()
	d, err := open()
	if err != nil {
		runtime.UnlockOSThread()
		if required != "" {
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
	d := testContext(t)
	i := d.Info()
	t.Logf("%+v", i)
	if i.Software != (required != "gpu") {
		t.Errorf("%s: Software = %v", i.Renderer, i.Software)
	}
	if i.Vendor == "" || i.Renderer == "" || i.Version == "" || i.Language == "" || i.Provider == "" {
		t.Errorf("a name is missing: %+v", i)
	}
	if !strings.HasPrefix(i.Provider, os.Getenv(ProviderVariable)) {
		t.Errorf("the context came by %s; %s=%s", i.Provider, ProviderVariable, os.Getenv(ProviderVariable))
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

// least is set if Mesa's environment variables hide all optional features.
var least = os.Getenv("MESA_EXTENSION_OVERRIDE") != ""

// Mesa's llvmpipe has either all optional features or none, so the other tests cover
// both.
func TestOptionalFeatures(t *testing.T) {
	i := testContext(t).Info()
	if !i.Software {
		t.Skipf("optional features of %s vary", i.Renderer)
	}
	features := map[string]bool{"Binaries": i.Binaries, "Staging": i.Staging, "Robust": i.Robust}
	if i.Provider == "glfw" {
		delete(features, "Robust") // with X servers, Mesa has that only on a GPU
	}
	for name, has := range features {
		if has == least {
			t.Errorf("%s on %s: %v", name, i.Renderer, has)
		}
	}
	if !i.Doubles {
		t.Errorf("no doubles on %s", i.Renderer)
	}
}
