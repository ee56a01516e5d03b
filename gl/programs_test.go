package gl

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"offload/device"
	"offload/device/devicetest"
	"offload/gl/internal/fake"
)

// compiles opens a device with a program cache, works on it, and returns how many
// programs were compiled and loaded.
func compiles(t *testing.T, dir string, shape func(*fake.Driver)) (compiled, loaded int) {
	t.Helper()
	o := &opening{dir: dir, shape: shape}
	d, err := o.open(context.Background(), device.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := work(t, d); err != nil {
		t.Error(err)
	}
	if err := d.Close(); err != nil {
		t.Error(err)
	}
	o.check(t)
	return o.drivers[0].Calls["Compile"], o.drivers[0].Calls["Load"]
}

// Programs are compiled once and then loaded from the cache, separately for each
// driver.
func TestProgramsAreKept(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "offload", "programs")
	all, loaded := compiles(t, dir, nil)
	if all == 0 || loaded != 0 {
		t.Errorf("cold: %d compiled, %d loaded", all, loaded)
	}
	if n, loaded := compiles(t, dir, nil); n != 0 || loaded != all {
		t.Errorf("warm: %d compiled, %d loaded; want 0 and %d", n, loaded, all)
	}
	for what, shape := range map[string]func(*fake.Driver){
		"version":  func(d *fake.Driver) { d.Limits.Version = "4.6" },
		"renderer": func(d *fake.Driver) { d.Limits.Renderer = "another" },
		"vendor":   func(d *fake.Driver) { d.Limits.Vendor = "another" },
	} {
		if n, loaded := compiles(t, dir, shape); n != all || loaded != 0 {
			t.Errorf("another %s: %d compiled, %d loaded; want %d and 0", what, n, loaded, all)
		}
	}
}

// A file that is damaged, cut off, empty or of another format is ignored and replaced.
func TestBadProgramsAreReplaced(t *testing.T) {
	for name, spoil := range map[string]func([]byte) []byte{
		"one bit":    func(b []byte) []byte { b[len(b)/2] ^= 1; return b },
		"first byte": func(b []byte) []byte { b[0]++; return b },
		"last byte":  func(b []byte) []byte { b[len(b)-1]++; return b },
		"cut off":    func(b []byte) []byte { return b[:len(b)-40] },
		"head only":  func(b []byte) []byte { return b[:10] },
		"empty":      func(b []byte) []byte { return nil },
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			all, _ := compiles(t, dir, nil)
			for _, path := range programFiles(t, dir) {
				data, err := os.ReadFile(path)
				if err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(path, spoil(data), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			if n, loaded := compiles(t, dir, nil); n != all || loaded != 0 {
				t.Errorf("%d compiled, %d loaded; want %d and 0", n, loaded, all)
			}
			if n, loaded := compiles(t, dir, nil); n != 0 || loaded != all {
				t.Errorf("not replaced: %d compiled, %d loaded; want 0 and %d", n, loaded, all)
			}
		})
	}
}

// A program stored under the key of another, and one that the driver rejects, are
// compiled again.
func TestForeignProgramsAreReplaced(t *testing.T) {
	dir := t.TempDir()
	all, _ := compiles(t, dir, nil)
	files := programFiles(t, dir)
	first, err := os.ReadFile(files[0])
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range files[1:] {
		if err := os.WriteFile(path, first, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if n, loaded := compiles(t, dir, nil); n != all-1 || loaded != 1 {
		t.Errorf("all files alike: %d compiled, %d loaded; want %d and 1", n, loaded, all-1)
	}
	refuse := func(d *fake.Driver) { d.Refuses = true }
	if n, loaded := compiles(t, dir, refuse); n != all || loaded != all {
		t.Errorf("a driver that takes none: %d compiled, %d loaded; want %d and %d", n, loaded, all, all)
	}
}

// A device works with a cache that cannot be written or is not a folder.
func TestNoPlaceForPrograms(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, dir := range []string{"", file, filepath.Join(file, "below"), "/proc/none"} {
		if n, _ := compiles(t, dir, nil); n == 0 {
			t.Errorf("cache at %q: nothing was compiled", dir)
		}
	}
}

func programFiles(t *testing.T, dir string) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil || len(files) < 2 {
		t.Fatalf("files of the cache: %v, %v", files, err)
	}
	return files
}

// Kernels with the same text share a program, and a process that keeps making kernels
// does not fill the driver.
func TestManyKernels(t *testing.T) {
	devicetest.NoLeak(t)
	o := &opening{}
	d, err := o.open(context.Background(), device.Options{})
	if err != nil {
		t.Fatal(err)
	}
	settle := func() { // wait until freed kernels are gone
		if err := d.Sync(context.Background()); err != nil {
			t.Fatal(err)
		}
	}
	settle()
	before := o.drivers[0].Calls["Compile"]
	for range 3 * manyKernels {
		if err := addOne(d, 1, 1); err != nil {
			t.Fatal(err)
		}
	}
	most := 0
	for i := range 3 * manyKernels {
		k := next()
		k.Shader.Source = fmt.Sprint("next ", i)
		c := &device.Call{Kernel: k, Rows: device.Range{Hi: 1}, Args: []device.HostArg{device.HostVec(make([]int32, 1)), device.HostVec(make([]int32, 1))}}
		if err := c.Run(context.Background(), d); err != nil {
			t.Fatal(err)
		}
		settle()
		most = max(most, d.(*Device).engine.driver.Live())
	}
	if err := d.Close(); err != nil {
		t.Error(err)
	}
	o.check(t)
	if n := o.drivers[0].Calls["Compile"] - before; n < 3*manyKernels || n > 3*manyKernels+10 {
		t.Errorf("%d compilations of %d texts", n, 3*manyKernels+1)
	}
	if most > manyKernels+100 {
		t.Errorf("%d objects were alive", most)
	}
}

// The text of a shader declares every parameter, and counts the kernel's lines from 1.
func TestSource(t *testing.T) {
	k := next()
	k.Params = append(k.Params,
		device.Param{Name: "f", Type: device.Float32}, device.Param{Name: "d", Type: device.Float64},
		device.Param{Name: "u", Type: device.Uint32})
	k.Shader.Source = "void main() {}\n"
	text, err := dialect{doubles: true, fast: true, exact: capabilities{"FMA32_FUSED"}}.source(k)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"#version 430 core\n#define DOUBLES 1\n#define MATH_FAST 1\n#define FMA32_FUSED 1\n#define LOCAL 64\n",
		"layout(std430, binding = 0) restrict readonly buffer x_block { int x_elements[]; };\n",
		"layout(std430, binding = 1) restrict buffer y_block { int y_elements[]; };\n",
		"layout(std430, binding = 2) buffer scratch_block { int scratch_elements[]; };\n",
		"uniform uint words[22];\n",
		"#define f_value uintBitsToFloat(words[18])\n",
		"#define d_value packDouble2x32(uvec2(words[19], words[20]))\n",
		"#define u_value words[21]\n",
		"\n#line 1\nvoid main() {}\n",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the text lacks %q", want)
		}
	}
	for _, name := range []string{"", "1x", "a b", "gl_x", "a__b", "x_", "scratch", "row", "größe"} {
		k.Params[0].Name = name
		if _, err := (dialect{}).source(k); err == nil {
			t.Errorf("a parameter called %q was taken", name)
		}
	}
}
