package bench

import (
	"encoding/binary"
	"slices"
)

// littleEndian returns b, elements of that size in the host's order, as
// little-endian bytes.
func littleEndian(b []byte, size int) []byte {
	if binary.NativeEndian.Uint16([]byte{1, 0}) == 1 {
		return b
	}
	b = slices.Clone(b)
	for i := 0; i < len(b); i += size {
		slices.Reverse(b[i : i+size])
	}
	return b
}
