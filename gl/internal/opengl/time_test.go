//go:build gl && cgo

package opengl

import (
	"testing"
	"time"

	"offload/gl/internal/driver"
)

// busy keeps each of its invocations busy for words[0] rounds.
const busy = `#version 430
layout(local_size_x = 64) in;
layout(std430, binding = 0) buffer Y { uint y[]; };
uniform uint words[8];
void main() {
	uint x = y[gl_GlobalInvocationID.x] + gl_GlobalInvocationID.x;
	for (uint i = 0u; i < words[0]; i++) { x = x * 1664525u + 1013904223u; }
	y[gl_GlobalInvocationID.x] = x;
}
`

func keepBusy(t *testing.T, d driver.Driver, rounds uint32) {
	const n = 1 << 12
	d.Use(compile(t, d, busy))
	d.SetWords([]uint32{rounds})
	d.Bind(0, buffer(t, d, 4*n), 0, 4*n)
	d.Dispatch(n / 64)
}

func TestFenceTimesOut(t *testing.T) {
	d := softwareContext(t)
	keepBusy(t, d, 1<<18)
	f, err := d.NewFence()
	if err != nil {
		t.Fatal(err)
	}
	defer d.FreeFence(f)
	for _, timeout := range []time.Duration{-time.Second, 0, time.Millisecond} {
		start := time.Now()
		done, err := d.Wait(f, timeout)
		if done || err != nil || time.Since(start) < timeout {
			t.Errorf("Wait(%v) = %v, %v after %v; the work takes longer", timeout, done, err, time.Since(start))
		}
	}
	if done, err := d.Wait(f, time.Minute); !done || err != nil {
		t.Errorf("Wait = %v, %v; want true", done, err)
	}
	if done, err := d.Wait(f, 0); !done || err != nil {
		t.Errorf("a second Wait = %v, %v; want true", done, err)
	}
}

func TestTimers(t *testing.T) {
	d := softwareContext(t)
	measure := func(rounds uint32) time.Duration {
		start := time.Now()
		q := d.StartTimer()
		if q == 0 {
			t.Fatal("there are no timers")
		}
		defer d.FreeTimer(q)
		keepBusy(t, d, rounds)
		d.StopTimer(q)
		finish(t, d)
		whole := time.Since(start)
		got, ok := d.Elapsed(q)
		if !ok {
			t.Fatal("the time is not known after a fence")
		}
		if got > whole {
			t.Errorf("%v on the device, %v in all", got, whole)
		}
		return got
	}
	short, long := measure(1<<8), measure(1<<18)
	if long < 4*short {
		t.Errorf("%v for 1024 times the work of %v", long, short)
	}
	t.Log(short, long)
}

func TestNoQueryMeansNoTime(t *testing.T) {
	d := softwareContext(t)
	d.StopTimer(0)
	if got, ok := d.Elapsed(0); ok {
		t.Errorf("Elapsed = %v", got)
	}
}

func BenchmarkDispatch(b *testing.B) {
	d, _, err := Open(true, 0)
	if err != nil {
		b.Skip(err)
	}
	defer d.Close()
	p, err := d.Compile("#version 430\nlayout(local_size_x = 1) in;\nuniform uint words[8];\nvoid main() {}\n")
	if err != nil {
		b.Fatal(err)
	}
	defer d.FreeProgram(p)
	words := make([]uint32, 8)
	d.Use(p)
	b.ReportAllocs()
	for b.Loop() {
		d.SetWords(words)
		d.Dispatch(1)
		d.Barrier()
	}
}
