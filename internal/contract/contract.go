// Package contract defines the constants of the kernels' contracts. Go code, the
// generators of assembly and the shaders use them. They must not change: a kernel with
// other constants is another kernel.
package contract

// Gravity.
const (
	SourceTile  = 256 // sources whose contributions form one partial sum
	VectorBytes = 32  // size of the strided partial sums of an earlier tile: 8 float32, 4 float64
)

// Stencils.
const (
	// Values whose magnitude is below the floor become zero.
	Floor32 = 0x1p-80
	Floor64 = 0x1p-900

	// Squares below the floor count as zero in a residual.
	SquareFloor32 = 0x1p-120
	SquareFloor64 = 0x1p-1000

	// The squares of a row are summed in segments of columns, and within these in
	// strided lanes.
	ResidualSegment = 256
	ResidualLanes   = 8
)

// Conductance networks. The floors are so high that a product of two values, and one of a
// difference of values with a conductance of at least NetworkLeast, is normal.
const (
	NetworkFloor32 = 0x1p-60
	NetworkFloor64 = 0x1p-500
	NetworkLeast   = 0x1p-40
)
