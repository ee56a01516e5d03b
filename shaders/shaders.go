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
	//go:embed laplacian.comp
	laplacian string
	//go:embed heat.comp
	heat string

	//go:embed start.comp
	start string
	//go:embed cycle.comp
	cycle string
	//go:embed finish.comp
	finish string

	//go:embed direction.comp
	direction string
	//go:embed step.comp
	step string
	//go:embed dot.comp
	dot string
	//go:embed smooth.comp
	smooth string
	//go:embed restrict.comp
	restrict string
	//go:embed prolong.comp
	prolong string

	//go:embed distance.glsl
	distance string
	//go:embed gravity.glsl
	gravity string
	//go:embed stencil.glsl
	stencil string
	//go:embed redblack.glsl
	redBlack string
	//go:embed correction.glsl
	correction string
	//go:embed coarse.glsl
	coarse string
	//go:embed network_floor.glsl
	networkFloor string
	//go:embed network.glsl
	network string
	//go:embed around.glsl
	around string
	//go:embed rows.glsl
	rows string
	//go:embed sum.glsl
	sum string
	//go:embed transfer.glsl
	transfer string
)

// Invocations in a work-group.
const (
	GravityLocal = 128 // of Force and Potential: half a tile of sources
	StencilLocal = 256 // of Laplacian and Heat: 16 × 16 blocks of 4 × 4 points

	RedBlackWide  = 32 // blocks of 4 × 4 points beside each other in a tile of Start, Cycle and Finish
	RedBlackHigh  = 16 // blocks above each other
	RedBlackLocal = RedBlackWide * RedBlackHigh

	NetworkLocal = 256 // of Direction, Step, Dot, Smooth, Restrict and Prolong
	RowLines     = 4   // rows of a work-group of Direction, Step and Dot, contract.ResidualSegment columns each
	SmoothWide   = 64  // columns of a tile of Smooth
	SmoothHigh   = 16  // rows of a tile
)

// RedBlackTile returns the points of the inner part of a tile of Start, Cycle and Finish
// for so many half-sweeps and a residual, each of which takes a point on each side.
func RedBlackTile(halves int) (rows, cols int) {
	halo := (halves + 4) / 4 * 4
	return 4*RedBlackHigh - 2*halo, 4*RedBlackWide - 2*halo
}

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

// Laplacian returns the shader of kernel laplacian, like Force.
func Laplacian(p Precision) string { return files(p, laplacian, stencil) }

// Heat returns the shader of kernel heat, like Force.
func Heat(p Precision) string { return files(p, heat, stencil) }

// Start returns the shader of kernel start with so many half-sweeps, like Force.
func Start(p Precision, halves int) string { return redBlackFiles(p, halves, start, coarse) }

// Cycle returns the shader of kernel cycle, like Start.
func Cycle(p Precision, halves int) string {
	return redBlackFiles(p, halves, cycle, correction, coarse)
}

// Finish returns the shader of kernel finish, like Start.
func Finish(p Precision, halves int) string { return redBlackFiles(p, halves, correction, finish) }

func redBlackFiles(p Precision, halves int, texts ...string) string {
	rows, cols := RedBlackTile(halves)
	return fmt.Sprintf("#define HALVES %d\n#define WIDE %d\n#define INNER_ROWS %d\n#define INNER_COLS %d\n",
		halves, RedBlackWide, rows, cols) + files(p, append([]string{redBlack}, texts...)...)
}

// Direction returns the shader of kernel direction, like Force.
func Direction(p Precision) string {
	return "#define COLS z_width\n#define ROWS z_rows\n#define PLANES (coef_width / z_width)\n" +
		"#define RESULTS 2\n#define result_at sums_at\n" + files(p, networkFloor, network, around, direction, sum, rows)
}

// Step returns the shader of kernel step, like Force.
func Step(p Precision) string {
	return "#define COLS x_width\n#define ROWS x_rows\n#define PLANES (coef_width / x_width)\n" +
		"#define RESULTS 1\n#define result_at largest_at\n" + files(p, networkFloor, network, around, step, rows)
}

// Dot returns the shader of kernel dot, like Force.
func Dot(p Precision) string {
	return "#define COLS z_width\n#define RESULTS 1\n#define result_at sums_at\n" + files(p, dot, sum, rows)
}

// Smooth returns the shader of kernel smooth, like Force.
func Smooth() string {
	return fmt.Sprintf("#define COLS u_width\n#define ROWS u_rows\n#define PLANES (coef_width / u_width)\n"+
		"#define WIDE %d\n#define HIGH %d\n", SmoothWide, SmoothHigh) + files(Single, networkFloor, network, smooth)
}

// Restrict returns the shader of kernel restrict, like Force.
func Restrict() string {
	return "#define COLS (u_width / (HALVED_ROWS ? 2 : 1))\n#define ROWS fine_value\n#define PLANES (coef_width / u_width)\n" +
		files(Single, networkFloor, transfer, network, around, restrict)
}

// Prolong returns the shader of kernel prolong, like Force.
func Prolong() string {
	return "#define COLS (u_width / (HALVED_ROWS ? 2 : 1))\n" + files(Single, networkFloor, transfer, prolong)
}

// files joins files and numbers them from 1, for the file and line numbers in a
// compiler's messages.
func files(p Precision, texts ...string) string {
	var b strings.Builder
	b.WriteString(string(p))
	size, floor, squareFloor := 4, contract.Floor32, contract.SquareFloor32
	if p == Double {
		size, floor, squareFloor = 8, contract.Floor64, contract.SquareFloor64
	}
	fmt.Fprintf(&b, "#define TILE %d\n#define LANES %d\n", contract.SourceTile, contract.VectorBytes/size)
	fmt.Fprintf(&b, "#define SEGMENT %d\n#define RESIDUAL_LANES %d\n", contract.ResidualSegment, contract.ResidualLanes)
	fmt.Fprintf(&b, "#define FLOOR power_of_two(%d)\n#define SQUARE_FLOOR power_of_two(%d)\n", math.Ilogb(floor), math.Ilogb(squareFloor))
	network := contract.NetworkFloor32
	if p == Double {
		network = contract.NetworkFloor64
	}
	fmt.Fprintf(&b, "#define NETWORK_FLOOR power_of_two(%d)\n#define NETWORK_FLOOR32 exact_power(%d, 1.0f)\n",
		math.Ilogb(network), math.Ilogb(contract.NetworkFloor32))
	fmt.Fprintf(&b, "#define FLOOR32 exact_power(%d, 1.0f)\n", math.Ilogb(contract.Floor32))
	for i, text := range texts {
		fmt.Fprintf(&b, "#line 1 %d\n%s", i+1, text)
	}
	return b.String()
}
