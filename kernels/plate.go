package kernels

import (
	"math/rand/v2"

	"offload/device"
)

// Plate returns the temperatures of a rows × cols plate whose upper edge has 100
// degrees and whose other edges have 0, with random temperatures between inside.
// They depend on the shape and the seed alone.
func Plate[T device.Float](rows, cols int, seed uint64) []T {
	r := rand.New(rand.NewPCG(seed, 0x6a09e667f3bcc909))
	field := make([]T, rows*cols)
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
