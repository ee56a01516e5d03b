package hostdev

import (
	"testing"

	"offload/device"
)

// Memory of freed buffers comes back as zeros, in buffers of the same size and type, up to a
// limit.
func TestSpare(t *testing.T) {
	var s spare
	a := s.alloc(device.Float64, 1000)
	device.As[float64](a)[7] = 1
	s.free(a)
	if b := s.alloc(device.Float32, 1000); &b.Bytes()[0] == &a.Bytes()[0] {
		t.Error("a block of another type")
	}
	b := s.alloc(device.Float64, 1000)
	if &b.Bytes()[0] != &a.Bytes()[0] || device.As[float64](b)[7] != 0 {
		t.Error("the block was not used again, or is not zero")
	}
	if c := s.alloc(device.Float64, 1000); &c.Bytes()[0] == &a.Bytes()[0] {
		t.Error("one block for two buffers")
	}
	for range 2 * mostSpare / largestSpare {
		s.free(device.MakeSlice(device.Float32, largestSpare/4))
	}
	s.free(device.MakeSlice(device.Float32, largestSpare/4+1))
	s.free(device.MakeSlice(device.Float32, 0))
	if len(s.blocks) != 1 || s.bytes != mostSpare {
		t.Errorf("%d bytes in blocks of %d sizes are kept, want %d in one", s.bytes, len(s.blocks), mostSpare)
	}
}
