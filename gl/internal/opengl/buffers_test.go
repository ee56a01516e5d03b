//go:build gl && cgo

package opengl

import (
	"bytes"
	"errors"
	"slices"
	"testing"

	"offload/gl/internal/driver"
)

func TestBuffersAreZero(t *testing.T) {
	d := testContext(t)
	for _, n := range []int{1, 3, 4, 1000, 1 << 20} {
		// The next buffer reuses the freed memory.
		b, err := d.NewBuffer(n)
		if err != nil {
			t.Fatal(err)
		}
		if err := d.Upload(b, 0, bytes.Repeat([]byte{0xaa}, n)); err != nil {
			t.Fatal(err)
		}
		d.FreeBuffer(b)
		got := bytes.Repeat([]byte{0xbb}, n)
		if err := d.Download(got, buffer(t, d, n), 0); err != nil {
			t.Fatal(err)
		}
		if i := slices.IndexFunc(got, func(b byte) bool { return b != 0 }); i >= 0 {
			t.Errorf("%d bytes: byte %d is %#x", n, i, got[i])
		}
	}
}

func TestTransfersReachTheirPart(t *testing.T) {
	d := testContext(t)
	b := buffer(t, d, 8)
	if err := d.Upload(b, 3, []byte{1, 2}); err != nil {
		t.Fatal(err)
	}
	got := make([]byte, 4)
	if err := d.Download(got, b, 2); err != nil {
		t.Fatal(err)
	}
	if want := []byte{0, 1, 2, 0}; !bytes.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestTransfersBeyondTheEndFail(t *testing.T) {
	d := testContext(t)
	b := buffer(t, d, 8)
	if err := d.Upload(b, 6, make([]byte, 4)); err == nil {
		t.Error("an upload beyond the end was taken")
	}
	if err := d.Download(make([]byte, 4), b, 6); err == nil {
		t.Error("a download beyond the end was made")
	}
	d.Copy(b, 0, b, 6, 4)
	if err := d.Status(); err == nil {
		t.Error("a copy beyond the end was made")
	}
	if err := d.Status(); err != nil {
		t.Errorf("Status reports an error twice: %v", err)
	}
}

func TestCopy(t *testing.T) {
	d := testContext(t)
	a, b := buffer(t, d, 16), buffer(t, d, 16)
	upload(t, d, a, []uint32{1, 2, 3, 4})
	d.Copy(b, 4, a, 8, 8)
	if got, want := download(t, d, b, 4), []uint32{0, 3, 4, 0}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

// Staging can be copied in both directions while it is mapped.
func TestStaging(t *testing.T) {
	d := testContext(t)
	const n = 1 << 16
	s, memory, err := d.NewStaging(n)
	if !d.Info().Staging {
		if s != 0 || memory != nil || !errors.Is(err, driver.ErrNoMapping) {
			t.Errorf("NewStaging = %v, %d bytes, %v; want ErrNoMapping", s, len(memory), err)
		}
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	defer d.FreeBuffer(s)
	if len(memory) != n || cap(memory) != n {
		t.Fatalf("%d bytes are mapped, %d were asked for", len(memory), n)
	}
	b := buffer(t, d, n)
	for round := range 3 {
		for i := range memory {
			memory[i] = byte(i*7 + round)
		}
		want := bytes.Clone(memory)
		d.Copy(b, 0, s, 0, n)
		finish(t, d)
		clear(memory)
		d.Copy(s, 0, b, 0, n)
		finish(t, d)
		if !bytes.Equal(memory, want) {
			t.Fatalf("round %d: other bytes came back", round)
		}
	}
}

func TestOutOfMemory(t *testing.T) {
	d := testContext(t)
	const huge = 1 << 60
	if b, err := d.NewBuffer(huge); b != 0 || !errors.Is(err, driver.ErrOutOfMemory) {
		t.Errorf("NewBuffer = %v, %v; want ErrOutOfMemory", b, err)
	}
	want := driver.ErrOutOfMemory
	if !d.Info().Staging {
		want = driver.ErrNoMapping
	}
	if b, m, err := d.NewStaging(huge); b != 0 || m != nil || !errors.Is(err, want) {
		t.Errorf("NewStaging = %v, %d bytes, %v; want %v", b, len(m), err, want)
	}
	dispatch(t, d, compile(t, d, affine)) // the context still works
}

func TestFreeingNothing(t *testing.T) {
	d := testContext(t)
	d.FreeBuffer(0)
	d.FreeProgram(0)
	d.FreeFence(0)
	d.FreeTimer(0)
	if d.Live() != 0 {
		t.Errorf("Live = %d", d.Live())
	}
}

func TestLiveCountsObjects(t *testing.T) {
	d := testContext(t)
	b, _ := d.NewBuffer(4)
	s, _, _ := d.NewStaging(4)
	p, _ := d.Compile(affine)
	f, _ := d.NewFence()
	q := d.StartTimer()
	d.StopTimer(q)
	n := 0
	for _, made := range []bool{b != 0, s != 0, p != 0, f != 0, q != 0} {
		if made {
			n++
		}
	}
	if n < 3 || d.Live() != n {
		t.Errorf("Live = %d with %d objects", d.Live(), n)
	}
	d.FreeBuffer(b)
	d.FreeBuffer(s)
	d.FreeProgram(p)
	d.FreeFence(f)
	d.FreeTimer(q)
	if d.Live() != 0 {
		t.Errorf("Live = %d when all are freed", d.Live())
	}
}
