package kernels

import (
	"fmt"
	"math"
	"math/rand/v2"

	"offload/device"
)

// Plate returns the temperatures of a rows × cols plate whose upper edge has 100
// degrees and whose other edges have 0, with random temperatures between inside.
// They depend on the shape and the seed alone. It panics if a slice cannot be so long.
func Plate[T device.Float](rows, cols int, seed uint64) []T {
	r := rand.New(rand.NewPCG(seed, 0x6a09e667f3bcc909))
	field := make([]T, elements(rows, cols))
	for i := range field {
		switch row, col := i/cols, i%cols; {
		case row == 0:
			field[i] = 100
		case row < rows-1 && col > 0 && col < cols-1:
			field[i] = T(100 * uniform(r))
		}
	}
	return field
}

// elements is the number of elements of a matrix. It panics if there can be none of
// that shape.
func elements(rows, cols int) int {
	if rows < 0 || cols < 0 || cols > 0 && rows > math.MaxInt/cols {
		panic(fmt.Sprintf("kernels: a matrix of %d × %d elements", rows, cols))
	}
	return rows * cols
}
