package hostdev

import (
	"sync"

	"offload/device"
)

const (
	largestSpare = 4 << 20  // bytes of a block that is kept
	mostSpare    = 32 << 20 // bytes of all of them
)

// spare keeps the memory of freed buffers for new ones of the same size. Programs that make
// and free buffers again and again do without new memory, whose first use is slow.
type spare struct {
	mu     sync.Mutex
	blocks map[shape][]device.Slice
	bytes  int
}

type shape struct {
	typ device.Type
	len int
}

// alloc returns n zeros.
func (s *spare) alloc(t device.Type, n int) device.Slice {
	s.mu.Lock()
	of := shape{t, n}
	kept := s.blocks[of]
	if len(kept) == 0 {
		s.mu.Unlock()
		return device.MakeSlice(t, n)
	}
	block := kept[len(kept)-1]
	if s.blocks[of] = kept[:len(kept)-1]; len(kept) == 1 {
		delete(s.blocks, of)
	}
	s.bytes -= n * t.Size()
	s.mu.Unlock()
	clear(block.Bytes())
	return block
}

// free keeps a block, or leaves it to the garbage collector.
func (s *spare) free(block device.Slice) {
	size := block.Len() * block.Type().Size()
	s.mu.Lock()
	defer s.mu.Unlock()
	if size == 0 || size > largestSpare || s.bytes+size > mostSpare {
		return
	}
	if s.blocks == nil {
		s.blocks = map[shape][]device.Slice{}
	}
	of := shape{block.Type(), block.Len()}
	s.blocks[of] = append(s.blocks[of], block)
	s.bytes += size
}
