// Package shaders holds the GLSL source of the kernels: a file for each, and the files
// that they share. Package kernels defines how they are run.
package shaders

import (
	_ "embed"
	"fmt"
	"math"
	"offload/internal/contract"
	"strings"
)

var (
	//go:embed force.comp
	force string
	//go:embed potential.comp
	potential string
	//go:embed leapfrog.comp
	leapfrog string
	//go:embed wh.comp
	wisdomHolman string
	//go:embed laplacian.comp
	laplacian string
	//go:embed heat.comp
	heat string

	//go:embed distance.glsl
	distance string
	//go:embed gravity.glsl
	gravity string
	//go:embed stencil.glsl
	stencil string
)

// Invocations in a work-group.
const (
	GravityLocal      = 128 // of Force and Potential: half a tile of sources
	LeapfrogLocal     = 64  // of Leapfrog: a particle each
	WisdomHolmanLocal = 64  // of WisdomHolman: a particle each
	StencilLocal      = 256 // of Laplacian and Heat: 16 × 16 blocks of 4 × 4 points
)

// Precision is the type in which a shader computes.
type Precision string

// The precisions.
const (
	Single Precision = `
#define real float
#define real2 vec2
#define real3 vec3
#define real4 vec4
#define power_of_two(n) exact_power(n, 1.0f)
`
	Double Precision = `
#define real double
#define real2 dvec2
#define real3 dvec3
#define real4 dvec4
#define power_of_two(n) exact_power(n, 1.0lf)
`
)

// Force returns the shader of kernel force, with main. The device declares the
// parameters and inserts Arithmetic before it.
func Force(p Precision) string { return files(p, distance, force, gravity) }

// Potential returns the shader of kernel potential, like Force.
func Potential(p Precision) string { return files(p, distance, potential, gravity) }

// Leapfrog returns the shader of kernel leapfrog, like Force.
func Leapfrog() string { return files(Double, leapfrog) }

// WisdomHolman returns the shader of kernel wh, like Force.
func WisdomHolman() string { return files(Double, wisdomHolman) }

// Laplacian returns the shader of kernel laplacian, like Force.
func Laplacian(p Precision) string { return files(p, laplacian, stencil) }

// Heat returns the shader of kernel heat, like Force.
func Heat(p Precision) string { return files(p, heat, stencil) }

// files joins files and numbers them from 1, for the file and line numbers in a
// compiler's messages.
func files(p Precision, texts ...string) string {
	var b strings.Builder
	b.WriteString(string(p))
	size, floor, squareFloor, networkFloor := 4, contract.Floor32, contract.SquareFloor32, contract.NetworkFloor32
	if p == Double {
		size, floor, squareFloor, networkFloor = 8, contract.Floor64, contract.SquareFloor64, contract.NetworkFloor64
	}
	fmt.Fprintf(&b, "#define TILE %d\n#define LANES %d\n", contract.SourceTile, contract.VectorBytes/size)
	fmt.Fprintf(&b, "#define SEGMENT %d\n#define RESIDUAL_LANES %d\n", contract.ResidualSegment, contract.ResidualLanes)
	fmt.Fprintf(&b, "#define FLOOR power_of_two(%d)\n#define SQUARE_FLOOR power_of_two(%d)\n", math.Ilogb(floor), math.Ilogb(squareFloor))
	fmt.Fprintf(&b, "#define NETWORK_FLOOR power_of_two(%d)\n", math.Ilogb(networkFloor))
	fmt.Fprintf(&b, "#define FLOOR32 exact_power(%d, 1.0f)\n", math.Ilogb(contract.Floor32))
	fmt.Fprintf(&b, "#define NETWORK_FLOOR32 exact_power(%d, 1.0f)\n", math.Ilogb(contract.NetworkFloor32))
	for i, text := range texts {
		fmt.Fprintf(&b, "#line 1 %d\n%s", i+1, text)
	}
	return b.String()
}
