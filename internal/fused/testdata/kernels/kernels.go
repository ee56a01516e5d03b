// Package kernels has products that may be fused, in lines that end with fused, and
// others that may not.
package kernels

import (
	"math"

	"offload/device"
	"offload/internal/fused/testdata/kernels/helper"
)

var axpy = &device.Kernel{
	Name: "axpy",
	Params: []device.Param{
		{Name: "a", Type: device.Float64, Access: device.Value},
		{Name: "x", Type: device.Float64, Access: device.ReadRows},
		{Name: "y", Type: device.Float64, Access: device.UpdateRows},
	},
	Contract: func(t *device.Tile) {
		a := device.Scalar[float64](t.Launch, 0)
		x, y := device.View[float64](t, 1), device.View[float64](t, 2)
		for i := t.Rows.Lo; i < t.Rows.Hi; i++ {
			v, w := y[i], x[i]
			for range 3 {
				v = v*w + a // fused
			}
			y[i] = v
		}
	},
	Host: []device.HostCode{{Name: "go", Run: run(row)}},
}

// direct: the product is an operand itself.
func direct(t *device.Tile) {
	x, y := device.View[float64](t, 0), device.View[float64](t, 1)
	f := device.View[float32](t, 2)
	const half = 0.5
	y[0] = x[1]*x[2] + x[3]                   // fused
	y[0] = x[3] - x[1]*x[2]                   // fused
	y[0] = -(x[1] * x[2]) + x[3]              // fused
	y[0] = x[1] * x[2] * x[3]                 // a product alone
	y[0] = x[1]*x[2]*x[3] - 1                 // fused
	y[0] = x[1]/x[2] + x[3]                   // quotients are rounded
	y[0] = x[1]*x[2]/x[3] + x[4]              // so is this one
	x[0] += x[1] * x[2]                       // fused
	x[0] -= (x[1] * 2)                        // fused
	f[0] = f[1]*f[2] + f[3]                   // fused
	y[0] = float64(f[1]*f[2]) + x[3]          // rounded to float32
	y[0] = float64(x[1]*x[2]) + float64(x[3]) // rounded
	y[0] = x[1]*x[2] + float64(x[3])          // fused
	y[0] = float64(x[1]*x[2] + x[3])          // fused
	y[0] = math.FMA(x[1], x[2], x[3])         // fused where it is written
	y[0] = math.Sqrt(x[1]*x[2]) + x[3]        // a function of another module
	y[0] = half*2 + x[1]                      // a constant
	y[0] = max(x[1]*x[2], 0) + x[3]           // what is compared is rounded
	x[len(f)*2+1] = x[(t.Rows.Lo+1)*len(x)-1] // integers
	z := complex(x[0], x[1])                  //
	z = z*z + complex(x[2], x[3])             // fused
	z /= 2                                    // fused
	y[0] = real(z) * imag(z)                  //
	g := func() { y[0] = x[1]*x[2] + x[3] }   // fused
	g()                                       //
	y[0] = length(x[1]*x[2]) + 1              // no bits of the argument are in it
}

func length(x float64) float64 { return float64(len([]float64{x})) }

// through: the product gets there by a variable, an argument or a result.
func through(t *device.Tile) {
	x, y := device.View[float64](t, 0), device.View[float64](t, 1)
	a := x[1] * x[2] // fused
	b := a
	y[0] = b + x[3]
	c := float64(x[1] * x[2])
	y[0] = c + x[3]
	d := x[1] * x[2]
	y[0] = d * x[3]
	var e = x[1]
	e *= x[2] // fused
	e++
	f, g := x[1]*x[2], x[1]*x[3] // fused
	y[0] = f * (x[3] - g)
	var h [2]float64
	h[0] = x[1] * x[2] // fused
	y[0] = h[0] + x[3]
	p := pair{x[1] * x[2], x[1], 0}    // fused
	q := pair{second: x[1] * x[2]}     // its other field
	y[0] = p.first + p.second/q.second // a sum of first and a quotient
	y[0] = helper.Square(x[1]) + x[2]
	y[0] = helper.Area(x[1], x[2]) * x[3]
	y[0] = helper.Muladd(x[1], x[2], x[3])
	i, j := both(x[1], x[2])
	y[0] = i + j
	k := func() float64 { return x[1] * x[2] } // fused
	y[0] = k() + x[3]
	m := []float64{x[1] * x[2]} // fused
	for _, v := range m {
		x[0] += v
	}
	n := x[2:]
	n[0] = x[1] * x[2] // fused
	y[0] = x[2] + x[3]
	y[0] = number(x[1]).times(x[2]).plus(3)
	y[0] = float64(named(x[1], x[2])) + x[3]
	o := &pair{}
	o.third = x[1] * x[2] // fused
	y[0] = o.third - 1
}

type pair struct{ first, second, third float64 }

// both has results with names, and one without a product.
func both(x, y float64) (p, q float64) {
	p, q = x*y, x // fused
	return p, q
}

type number float64

func (n number) times(x float64) number { return n * number(x) } // fused

func (n number) plus(x number) float64 { return float64(n + x) }

func named(x, y float64) number { return number(x * y) }

// generic takes any floating-point type.
func generic[T device.Float](t *device.Tile) {
	x, y := device.View[T](t, 0), device.View[T](t, 1)
	y[0] = x[1]*x[2] + x[3] // fused
	y[0] = T(x[1]*x[2]) + x[3]
	y[0] = muladd(x[1], x[2], x[3])
	y[0] = scale * T(offset)
}

func muladd[T device.Float](x, y, z T) T { return x*y + z } // fused

const scale = 3

var ratio = 0.1

// offset is mentioned by a kernel.
var offset = ratio*ratio + 1 // fused

// run makes host code of a function that it is given.
func run(row func(dst []float64, c float64)) func(t *device.Tile) {
	return func(t *device.Tile) { row(device.View[float64](t, 0), 2) }
}

// row is code of a kernel, because one mentions it.
func row(dst []float64, c float64) {
	dst[0] = dst[1]*c + dst[2] // fused
}

// assigned later.
func replace(k *device.Kernel) {
	k.Contract = run(func(dst []float64, c float64) { dst[0] = 1 + dst[1]*c }) // fused
}

// elsewhere is no code of a kernel.
func elsewhere(x, y, z float64) float64 { return x*y + z }
