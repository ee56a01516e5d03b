//go:build gl && cgo

package opengl

import (
	"testing"
	"time"

	"github.com/go-gl/gl/v4.3-core/gl"
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

// draw queues a triangle that takes long. Mesa's llvmpipe executes a dispatch before
// the call returns, but draws later.
func draw(t *testing.T) {
	t.Helper()
	const size = 256
	var array, frame, picture uint32
	gl.GenVertexArrays(1, &array)
	gl.BindVertexArray(array)
	gl.GenRenderbuffers(1, &picture)
	gl.BindRenderbuffer(gl.RENDERBUFFER, picture)
	gl.RenderbufferStorage(gl.RENDERBUFFER, gl.R32F, size, size)
	gl.GenFramebuffers(1, &frame)
	gl.BindFramebuffer(gl.FRAMEBUFFER, frame)
	gl.FramebufferRenderbuffer(gl.FRAMEBUFFER, gl.COLOR_ATTACHMENT0, gl.RENDERBUFFER, picture)
	program := gl.CreateProgram()
	for kind, source := range map[uint32]string{
		gl.VERTEX_SHADER: "#version 430\nvoid main() { gl_Position = vec4(gl_VertexID == 1 ? 3 : -1, gl_VertexID == 2 ? 3 : -1, 0, 1); }\n",
		gl.FRAGMENT_SHADER: `#version 430
out float y;
void main() {
	float x = gl_FragCoord.x;
	for (int i = 0; i < 1 << 16; i++) { x = x * 0.99 + gl_FragCoord.y; }
	y = x;
}
`,
	} {
		shader := gl.CreateShader(kind)
		text, free := gl.Strs(source + "\x00")
		gl.ShaderSource(shader, 1, text, nil)
		free()
		gl.CompileShader(shader)
		gl.AttachShader(program, shader)
		gl.DeleteShader(shader)
	}
	gl.LinkProgram(program)
	gl.UseProgram(program)
	gl.Viewport(0, 0, size, size)
	gl.DrawArrays(gl.TRIANGLES, 0, 3)
	t.Cleanup(func() {
		gl.DeleteProgram(program)
		gl.DeleteFramebuffers(1, &frame)
		gl.DeleteRenderbuffers(1, &picture)
		gl.DeleteVertexArrays(1, &array)
	})
}

func TestFenceTimesOut(t *testing.T) {
	d := testContext(t)
	if d.Info().Software {
		draw(t)
	} else {
		const n = 1 << 12
		d.Use(compile(t, d, busy))
		d.Bind(0, buffer(t, d, 4*n), 0, 4*n)
		d.SetWords([]uint32{1 << 23})
		d.Dispatch(n / 64)
	}
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
	d := testContext(t)
	const n = 1 << 12
	d.Use(compile(t, d, busy))
	d.Bind(0, buffer(t, d, 4*n), 0, 4*n)
	measure := func(rounds uint32) time.Duration {
		start := time.Now()
		q := d.StartTimer()
		if q == 0 {
			if !least {
				t.Fatal("there are no timers")
			}
			t.Skip("timers are hidden")
		}
		defer d.FreeTimer(q)
		d.SetWords([]uint32{rounds})
		d.Dispatch(n / 64)
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
	short := measure(1 << 8)
	for range 9 { // a core that is busy elsewhere only adds
		short = min(short, measure(1<<8))
	}
	long := measure(1 << 18)
	if long < 4*short {
		t.Errorf("%v for 1024 times the work of %v", long, short)
	}
	t.Log(short, long)
}

func TestNoQueryMeansNoTime(t *testing.T) {
	d := testContext(t)
	d.StopTimer(0)
	if got, ok := d.Elapsed(0); ok {
		t.Errorf("Elapsed = %v", got)
	}
}

// The cost of a dispatch on the host, with the calls that the device makes.
func BenchmarkDispatch(b *testing.B) {
	d := testContext(b)
	p := compile(b, d, "#version 430\nlayout(local_size_x = 1) in;\nuniform uint words[8];\nvoid main() {}\n")
	words := make([]uint32, 8)
	d.Use(p)
	b.ReportAllocs()
	for b.Loop() {
		d.SetWords(words)
		d.Dispatch(1)
		d.Barrier()
	}
}

func BenchmarkTimer(b *testing.B) {
	d := testContext(b)
	b.ReportAllocs()
	for b.Loop() {
		q := d.StartTimer()
		d.StopTimer(q)
		d.Elapsed(q)
		d.FreeTimer(q)
	}
}

func BenchmarkFence(b *testing.B) {
	d := testContext(b)
	b.ReportAllocs()
	for b.Loop() {
		f, err := d.NewFence()
		if err != nil {
			b.Fatal(err)
		}
		if done, err := d.Wait(f, time.Second); !done || err != nil {
			b.Fatal(done, err)
		}
		d.FreeFence(f)
	}
}

func BenchmarkStatus(b *testing.B) {
	d := testContext(b)
	b.ReportAllocs()
	for b.Loop() {
		if err := d.Status(); err != nil {
			b.Fatal(err)
		}
	}
}
