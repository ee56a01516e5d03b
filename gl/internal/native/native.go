// Package native determines which operations of a driver are exact: rounded as
// IEEE 754 demands.
package native

import (
	"offload/device"
	"offload/internal/ieee"
)

// Probe tests one operation in one precision. The driver's operation is exact if the
// kernel's results equal those of its contract bit for bit, in a shader for which no
// capability is defined.
type Probe struct {
	Define string // macro to define if it is exact; see shaders.Arithmetic
	Kernel *device.Kernel
}

// Probes returns a probe for every operation that some drivers round otherwise. Sums
// and products are exact everywhere.
func Probes() []Probe {
	return []Probe{
		{"FMA32_FUSED", kernel(Fused[float32]())},
		{"FMA64_FUSED", kernel(Fused[float64]())},
		{"SQRT32_EXACT", kernel(Root[float32]())},
		{"SQRT64_EXACT", kernel(Root[float64]())},
		{"DIV32_EXACT", kernel(Quotient[float32]())},
		{"DIV64_EXACT", kernel(Quotient[float64]())},
	}
}

// Operation is a function of up to three operands.
type Operation[T device.Float] struct {
	Name     string
	GLSL     string // expression in x, y and z, with the driver's operation
	Go       func(x, y, z T) T
	Operands func(n int) []T // n rows (x, y, z) that are hard to round
}

// Fused is x·y + z, rounded once.
func Fused[T device.Float]() Operation[T] {
	return Operation[T]{"fma", "fma(x, y, z)", ieee.FMA[T], fusedOperands[T]}
}

// Root is √x.
func Root[T device.Float]() Operation[T] {
	return Operation[T]{"sqrt", "sqrt(x)", func(x, _, _ T) T { return ieee.Sqrt(x) }, rootOperands[T]}
}

// Quotient is x/y.
func Quotient[T device.Float]() Operation[T] {
	return Operation[T]{"div", "x / y", func(x, y, _ T) T { return x / y }, quotientOperands[T]}
}

// rows is the number of triples in a probe.
const rows = 2048

func kernel[T device.Float](o Operation[T]) *device.Kernel {
	return Kernel("native", o, Source[T](o.GLSL), rows)
}

// Kernel returns a kernel that applies an operation to each row (x, y, z) of its
// operands, in Go and by a shader. It has one example, with the given number of rows.
func Kernel[T device.Float](name string, o Operation[T], source string, rows int) *device.Kernel {
	t := device.TypeOf[T]()
	k := &device.Kernel{
		Name: name + " " + o.Name + "." + t.String(),
		Params: []device.Param{
			{Name: "operands", Type: t, Access: device.ReadRows},
			{Name: "results", Type: t, Access: device.WriteRows},
		},
		Contract: func(tile *device.Tile) {
			operands, results := device.View[T](tile, 0), device.View[T](tile, 1)
			for i := tile.Rows.Lo; i < tile.Rows.Hi; i++ {
				results[i] = o.Go(operands[3*i], operands[3*i+1], operands[3*i+2])
			}
		},
		Shader: &device.Shader{Source: source, Local: 64},
	}
	k.Examples = func(int) []*device.Call {
		return []*device.Call{{Label: "hard to round", Kernel: k, Rows: device.Range{Hi: rows}, Args: []device.HostArg{
			device.HostMat(o.Operands(rows), 3), device.HostVec(make([]T, rows))}}}
	}
	return k
}

// Source returns a shader that evaluates an expression in x, y and z.
func Source[T device.Float](expression string) string {
	real := "float"
	if device.TypeOf[T]() == device.Float64 {
		real = "double"
	}
	return `
void main()
{
	int row = row_lo + group_index * LOCAL + int(gl_LocalInvocationIndex);
	if (row >= row_hi) {
		return;
	}
	` + real + ` x = operands_at(3 * row), y = operands_at(3 * row + 1), z = operands_at(3 * row + 2);
	precise ` + real + ` r = ` + expression + `;
	results_at(row) = r;
}
`
}
