package devicetest

import "offload/device"

// Twins of the kernels in GLSL, for devices that need them.

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
