package devicetest

import (
	"slices"
	"testing"

	"offload/device"
)

// testCustom: kernels from outside the module run like its own, including those with host
// code in phases.
func (s suite) testCustom(t *testing.T) {
	d := s.device(t)
	for _, n := range sizes() {
		x := ramp[float32](n)
		calls := []*device.Call{
			axpyCall[float32](axpy[float32](), device.Range{Hi: n}),
			axpyCall[float32](heavy(axpy[float32](), 1e5), device.Range{Lo: n / 4, Hi: n}),
			{Kernel: smooth(), Rows: device.Range{Hi: n}, Args: []device.HostArg{
				device.HostVec(x), device.HostVec(make([]float32, n))}},
			{Kernel: heavy(smooth(), 1e5), Rows: device.Range{Lo: n / 2, Hi: n}, Args: []device.HostArg{
				device.HostVec(x), device.HostVec(make([]float32, n))}},
			{Kernel: count[uint32](), Rows: device.Range{Hi: n}, Args: []device.HostArg{
				device.HostVal(uint32(3)), device.HostMat(make([]uint32, 5*n), 5)}},
			{Kernel: rowSum(), Rows: device.Range{Lo: n / 3, Hi: n}, Args: []device.HostArg{
				device.HostMat(ramp[int32](100*n), 100), device.HostVec(make([]int32, n))}},
			{Kernel: prefix(), Rows: device.Range{Hi: n}, Args: []device.HostArg{
				device.HostVec(ramp[int32](n)), device.HostVec(make([]int32, n))}},
		}
		if slices.Contains(d.Info().Precisions, device.Float64) {
			calls = append(calls, axpyCall[float64](axpy[float64](), device.Range{Lo: n / 4, Hi: n}))
		}
		for _, c := range calls {
			if err := verifyPlaced(d, c); err != nil {
				t.Fatalf("n = %d: %v", n, err)
			}
		}
	}
}

func axpyCall[T device.Float](k *device.Kernel, r device.Range) *device.Call {
	return &device.Call{Kernel: k, Rows: r, Args: []device.HostArg{
		device.HostVal(T(0.1)), device.HostVec(ramp[T](r.Hi)), device.HostVec(ramp[T](r.Hi))}}
}

// rowSum writes the sum of each row. Its shader has a work-group for each row.
func rowSum() *device.Kernel {
	return &device.Kernel{
		Name: "rowsum",
		Params: []device.Param{
			{Name: "x", Type: device.Int32, Access: device.ReadRows},
			{Name: "y", Type: device.Int32, Access: device.WriteRows},
		},
		Contract: func(t *device.Tile) {
			x, y, width := device.View[int32](t, 0), device.View[int32](t, 1), t.Width(0)
			for i := t.Rows.Lo; i < t.Rows.Hi; i++ {
				y[i] = 0
				for _, v := range x[i*width:][:width] {
					y[i] += v
				}
			}
		},
		Shader: &device.Shader{Local: 32, Groups: func(l *device.Launch) int { return l.Rows.Len() }, Source: `
shared int sums[LOCAL];

void main()
{
	int i = row_lo + group_index, me = int(gl_LocalInvocationIndex), sum = 0;
	for (int j = me; j < x_width; j += LOCAL)
		sum += x_at(i * x_width + j);
	sums[me] = sum;
	for (int count = LOCAL / 2; count > 0; count /= 2) {
		barrier();
		if (me < count)
			sums[me] += sums[me + count];
	}
	if (me == 0)
		y_at(i) = sums[0];
}
`},
	}
}

// prefix writes to each row the sum of all rows up to it. Its host code has two
// phases: the sums of blocks, in shared scratch, then the rows of each block.
func prefix() *device.Kernel {
	const block = 16
	blocks := func(l *device.Launch) int { return (l.Rows.Len() + block - 1) / block }
	sum := func(x []int32, r device.Range) (s int32) {
		for i := r.Lo; i < r.Hi; i++ {
			s += x[i]
		}
		return s
	}
	return &device.Kernel{
		Name: "prefix",
		Params: []device.Param{
			{Name: "x", Type: device.Int32, Access: device.ReadAll},
			{Name: "y", Type: device.Int32, Access: device.WriteRows},
		},
		Contract: func(t *device.Tile) {
			x, y := device.View[int32](t, 0), device.View[int32](t, 1)
			s := sum(x, device.Range{Hi: t.Rows.Lo})
			for i := t.Rows.Lo; i < t.Rows.Hi; i++ {
				s += x[i]
				y[i] = s
			}
		},
		Shader: prefixShader(),
		Host: []device.HostCode{{
			Name: "go",
			Plan: func(l *device.Launch, workers int, p *device.Plan) {
				p.Tasks = append(p.Tasks, blocks(l), blocks(l))
				p.Shared = 4 * blocks(l)
				p.Local = 4 * block
			},
			Run: func(t *device.Tile) {
				x, y, sums := device.View[int32](t, 0), device.View[int32](t, 1), device.Shared[int32](t)
				lo := t.Launch.Rows.Lo + t.Task*block
				r := device.Range{Lo: lo, Hi: min(lo+block, t.Launch.Rows.Hi)}
				if t.Phase == 0 {
					sums[t.Task] = sum(x, r)
					return
				}
				s := sum(x, device.Range{Hi: t.Launch.Rows.Lo}) + sum(sums, device.Range{Hi: t.Task})
				rows := device.Local[int32](t)[:r.Len()]
				for i := range rows {
					s += x[r.Lo+i]
					rows[i] = s
				}
				copy(y[r.Lo:r.Hi], rows)
			},
		}},
	}
}

// The kernels in GLSL, for devices that need it.

// rowShader is a shader with one invocation for each row i.
func rowShader(body string) *device.Shader {
	return &device.Shader{Local: 64, Source: `
void main()
{
	int i = row_lo + group_index * LOCAL + int(gl_LocalInvocationIndex);
	if (i >= row_hi)
		return;
` + body + "}\n"}
}

func axpyShader(t device.Type) *device.Shader {
	s := rowShader(`
	precise real product = a_value * x_at(i);
	precise real sum = y_at(i) + product;
	y_at(i) = sum;
`)
	s.Source = "#define real " + map[device.Type]string{device.Float32: "float", device.Float64: "double"}[t] + "\n" + s.Source
	return s
}

func smoothShader() *device.Shader {
	return rowShader(`
	if (i == 0 || i == x_rows - 1) {
		y_at(i) = x_at(i);
		return;
	}
	precise float sum = x_at(i - 1) + x_at(i);
	sum = sum + x_at(i + 1);
	y_at(i) = exact_div(sum, 3.0);
`)
}

// countShader is count in either type of integers.
func countShader(t device.Type) *device.Shader {
	name := map[device.Type]string{device.Int32: "int", device.Uint32: "uint"}[t]
	return rowShader(`
	for (int j = i * out_width; j < (i + 1) * out_width; j++)
		out_at(j) = start_value + ` + name + `(j);
`)
}

func foldShader() *device.Shader {
	return rowShader("\tout_at(i) = 31u * out_at(i) + k_value;\n")
}

func spinShader() *device.Shader {
	return rowShader(`
	uint x = uint(i);
	for (int n = 0; n < steps_value; n++)
		x = x * 1664525u + 1013904223u;
	out_at(i) = x;
`)
}

// faultyShader fails where its launch is planned.
func faultyShader(fault func()) *device.Shader {
	s := rowShader("\ty_at(i) = x_at(i);\n")
	s.Plan = func(l *device.Launch, _ device.ShaderLimits, p *device.ShaderPlan) {
		if l.Rows.Intersects(device.Range{Lo: 7, Hi: 8}) {
			fault()
		}
		p.Passes = append(p.Passes, device.Pass{Groups: (l.Rows.Len() + s.Local - 1) / s.Local})
	}
	return s
}

// prefixShader has a pass for the sums of blocks, in scratch, and one for the rows.
func prefixShader() *device.Shader {
	const local = 32
	s := &device.Shader{Local: local, Scratch: device.Int32, Source: `
const int BLOCK = 16;

int sum(int lo, int hi)
{
	int s = 0;
	for (int i = lo; i < hi; i++)
		s += x_at(i);
	return s;
}

void main()
{
	int task = group_index * LOCAL + int(gl_LocalInvocationIndex);
	if (pass_index == 0) {
		if (task < pass_word(0))
			scratch_at(task) = sum(task * BLOCK, min((task + 1) * BLOCK, x_rows));
		return;
	}
	int i = row_lo + task;
	if (i >= row_hi)
		return;
	int s = sum(i / BLOCK * BLOCK, i + 1);
	for (int b = 0; b < i / BLOCK; b++)
		s += scratch_at(b);
	y_at(i) = s;
}
`}
	s.Plan = func(l *device.Launch, _ device.ShaderLimits, p *device.ShaderPlan) {
		blocks := l.Rows.Hi/16 + 1
		p.Scratch = blocks
		p.Passes = append(p.Passes,
			device.Pass{Groups: (blocks + local - 1) / local, Words: [device.PassWords]int32{int32(blocks)}},
			device.Pass{Groups: (l.Rows.Len() + local - 1) / local})
	}
	return s
}
