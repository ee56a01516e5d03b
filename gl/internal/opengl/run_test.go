//go:build gl && cgo

package opengl

import (
	"encoding/binary"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"offload/gl/internal/driver"
)

// affine computes y = words[0]·x + words[1] for each of its invocations.
const affine = `#version 430
layout(local_size_x = 32) in;
layout(std430, binding = 0) readonly buffer X { uint x[]; };
layout(std430, binding = 1) writeonly buffer Y { uint y[]; };
uniform uint words[8];
void main() {
	uint i = gl_GlobalInvocationID.x;
	y[i] = words[0] * x[i] + words[1];
}
`

func compile(t testing.TB, d driver.Driver, source string) driver.Program {
	t.Helper()
	p, err := d.Compile(source)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.FreeProgram(p) })
	return p
}

func buffer(t *testing.T, d driver.Driver, bytes int) driver.Buffer {
	t.Helper()
	b, err := d.NewBuffer(bytes)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.FreeBuffer(b) })
	return b
}

// finish waits for all queued commands.
func finish(t *testing.T, d driver.Driver) {
	t.Helper()
	f, err := d.NewFence()
	if err != nil {
		t.Fatal(err)
	}
	defer d.FreeFence(f)
	if done, err := d.Wait(f, 10*time.Second); !done || err != nil {
		t.Fatalf("Wait = %v, %v", done, err)
	}
}

func encode(words []uint32) []byte {
	var bytes []byte
	for _, w := range words {
		bytes = binary.NativeEndian.AppendUint32(bytes, w)
	}
	return bytes
}

func upload(t *testing.T, d driver.Driver, b driver.Buffer, words []uint32) {
	t.Helper()
	if err := d.Upload(b, 0, encode(words)); err != nil {
		t.Fatal(err)
	}
}

func download(t *testing.T, d driver.Driver, b driver.Buffer, n int) []uint32 {
	t.Helper()
	bytes := make([]byte, 4*n)
	if err := d.Download(bytes, b, 0); err != nil {
		t.Fatal(err)
	}
	words := make([]uint32, n)
	for i := range words {
		words[i] = binary.NativeEndian.Uint32(bytes[4*i:])
	}
	return words
}

// dispatch runs affine on words 0 … 127 and checks what it wrote.
func dispatch(t *testing.T, d driver.Driver, p driver.Program) {
	t.Helper()
	const n = 128
	x, y := buffer(t, d, 4*n), buffer(t, d, 4*n)
	in, want := make([]uint32, n), make([]uint32, n)
	for i := range in {
		in[i] = uint32(i)
		want[i] = 7*uint32(i) + 5
	}
	upload(t, d, x, in)
	d.Use(p)
	d.SetWords([]uint32{7, 5})
	d.Bind(0, x, 0, 4*n)
	d.Bind(1, y, 0, 4*n)
	d.Dispatch(n / 32)
	d.Barrier()
	if got := download(t, d, y, n); !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestDispatch(t *testing.T) {
	d := testContext(t)
	dispatch(t, d, compile(t, d, affine))
}

func TestABlockMayBeAPartOfABuffer(t *testing.T) {
	d := testContext(t)
	align := max(d.Info().StorageAlign, 4)
	x, y := buffer(t, d, 4*32), buffer(t, d, align+4*32)
	d.Use(compile(t, d, affine))
	d.SetWords([]uint32{0, 9})
	d.Bind(0, x, 0, 4*32)
	d.Bind(1, y, align, 4*32)
	d.Dispatch(1)
	d.Barrier()
	got := download(t, d, y, align/4+32)
	want := append(make([]uint32, align/4), slices.Repeat([]uint32{9}, 32)...)
	if !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

// A dispatch sees what earlier ones wrote, if there is a barrier in between.
func TestBarrierBetweenDispatches(t *testing.T) {
	d := testContext(t)
	const n, times = 1024, 50
	a, b := buffer(t, d, 4*n), buffer(t, d, 4*n)
	d.Use(compile(t, d, affine))
	d.SetWords([]uint32{1, 1})
	for range times {
		d.Bind(0, a, 0, 4*n)
		d.Bind(1, b, 0, 4*n)
		d.Dispatch(n / 32)
		d.Barrier()
		a, b = b, a
	}
	if got, want := download(t, d, a, n), slices.Repeat([]uint32{times}, n); !slices.Equal(got, want) {
		t.Errorf("got %v …, want %d everywhere", got[:8], times)
	}
}

func TestCompileErrorsCarryTheDriversLog(t *testing.T) {
	d := testContext(t)
	for _, c := range []struct{ name, source, stage, log string }{
		{"syntax", "#version 430\nlayout(local_size_x = 1) in;\nvoid main() { nonsense; }\n", "compile", "nonsense"},
		{"line", "#version 430\nlayout(local_size_x = 1) in;\n#line 70\nvoid main() {\nfloat a = b; }\n", "compile", "71"},
		{"no main", "#version 430\nlayout(local_size_x = 1) in;\nvoid other() {}\n", "link", "main"},
		{"empty", "", "", ""},
	} {
		p, err := d.Compile(c.source)
		var shader *driver.ShaderError
		if p != 0 || !errors.As(err, &shader) {
			t.Errorf("%s: %v, %v", c.name, p, err)
			continue
		}
		if c.stage != "" && shader.Stage != c.stage || !strings.Contains(shader.Log, c.log) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

func TestProgramBinary(t *testing.T) {
	d := testContext(t)
	format, code, err := d.Binary(compile(t, d, affine))
	if !d.Info().Binaries {
		if !errors.Is(err, driver.ErrNotLoaded) {
			t.Errorf("Binary: %v; want ErrNotLoaded", err)
		}
		if p, err := d.Load(1, []byte("code")); p != 0 || !errors.Is(err, driver.ErrNotLoaded) {
			t.Errorf("Load = %v, %v; want ErrNotLoaded", p, err)
		}
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	p, err := d.Load(format, code)
	if err != nil {
		t.Fatal(err)
	}
	defer d.FreeProgram(p)
	dispatch(t, d, p)
}

func TestForeignProgramBinariesAreRefused(t *testing.T) {
	d := testContext(t)
	format, code, err := d.Binary(compile(t, d, affine))
	if !d.Info().Binaries {
		if !errors.Is(err, driver.ErrNotLoaded) {
			t.Errorf("Binary: %v; want ErrNotLoaded", err)
		}
		if p, err := d.Load(1, []byte("code")); p != 0 || !errors.Is(err, driver.ErrNotLoaded) {
			t.Errorf("Load = %v, %v; want ErrNotLoaded", p, err)
		}
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	flipped := slices.Clone(code)
	flipped[len(flipped)/2] ^= 0x10
	for _, c := range []struct {
		name   string
		format uint32
		code   []byte
	}{
		{"empty", format, nil},
		{"another format", format + 12345, code},
		{"no binary at all", format, []byte("#!/bin/sh\nexit 0\n")},
		{"cut short", format, code[:len(code)/2]},
		{"a bit flipped", format, flipped},
	} {
		if p, err := d.Load(c.format, c.code); p != 0 || !errors.Is(err, driver.ErrNotLoaded) {
			t.Errorf("%s: %v, %v; want ErrNotLoaded", c.name, p, err)
			d.FreeProgram(p)
		}
		if err := d.Status(); err != nil {
			t.Errorf("%s leaves %v behind", c.name, err)
		}
	}
	dispatch(t, d, compile(t, d, affine))
}
