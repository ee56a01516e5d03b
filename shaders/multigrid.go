package shaders

import (
	_ "embed"
	"fmt"
)

var (
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

// Sizes of the work of a work-group.
const (
	redBlackWide  = 32 // blocks of 4 × 4 points beside each other in a tile of Start, Cycle and Finish
	redBlackHigh  = 16 // blocks above each other
	RedBlackLocal = redBlackWide * redBlackHigh

	NetworkLocal = 256 // invocations of Direction, Step, Dot, Smooth, Restrict and Prolong
	RowLines     = 4   // rows of Direction, Step and Dot, with contract.ResidualSegment columns
	SmoothWide   = 64  // columns of a tile of Smooth
	SmoothHigh   = 16  // rows of a tile
)

// RedBlackTile returns the size in points of the inner part of a tile of Start, Cycle and
// Finish. Each of so many half-sweeps and the residual take a point on each side.
func RedBlackTile(halves int) (rows, cols int) {
	halo := (halves + 1 + 3) / 4 * 4
	return 4*redBlackHigh - 2*halo, 4*redBlackWide - 2*halo
}

// Start returns the shader of kernel start with so many half-sweeps, like Force.
func Start(p Precision, halves int) string { return tiles(halves) + files(p, redBlack, start, coarse) }

// Cycle returns the shader of kernel cycle, like Start.
func Cycle(p Precision, halves int) string {
	return tiles(halves) + files(p, redBlack, cycle, correction, coarse)
}

// Finish returns the shader of kernel finish, like Start.
func Finish(p Precision, halves int) string {
	return tiles(halves) + files(p, redBlack, correction, finish)
}

func tiles(halves int) string {
	rows, cols := RedBlackTile(halves)
	return define("HALVES", halves) + define("WIDE", redBlackWide) + define("INNER_ROWS", rows) + define("INNER_COLS", cols)
}

// Direction returns the shader of kernel direction, like Force.
func Direction(p Precision) string {
	return grid("z") + results(2, "sums") + files(p, networkFloor, network, around, direction, sum, rows)
}

// Step returns the shader of kernel step, like Force.
func Step(p Precision) string {
	return grid("x") + results(1, "largest") + files(p, networkFloor, network, around, step, rows)
}

// Dot returns the shader of kernel dot, like Force.
func Dot(p Precision) string { return grid("z") + results(1, "sums") + files(p, dot, sum, rows) }

// Smooth returns the shader of kernel smooth, like Force.
func Smooth() string {
	return grid("u") + define("WIDE", SmoothWide) + define("HIGH", SmoothHigh) + files(Single, networkFloor, network, smooth)
}

// Restrict returns the shader of kernel restrict, like Force.
func Restrict() string { return files(Single, networkFloor, transfer, network, around, restrict) }

// Prolong returns the shader of kernel prolong, like Force.
func Prolong() string { return files(Single, networkFloor, transfer, prolong) }

// grid defines the size of a network, which is that of a parameter.
func grid(name string) string {
	return define("ROWS", name+"_rows") + define("COLS", name+"_width") + define("PLANES", "(coef_width / "+name+"_width)")
}

// results defines the number of results of a row and the parameter that they are in.
func results(n int, name string) string {
	return define("RESULTS", n) + define("LINES", RowLines) + define("result_at", name+"_at")
}

func define(name string, value any) string { return fmt.Sprintf("#define %s %v\n", name, value) }
