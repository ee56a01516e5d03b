package gl

import "offload/device"

// The words of a launch are one array of uniforms: the rows, the pass, the first
// work-group and the words of the pass; then for each buffer the index of its
// first element in the block, its rows and its width, and for each scalar its
// bits.
const (
	wordLo = iota
	wordHi
	wordPass
	wordGroup
	wordOfPass
	headWords = wordOfPass + device.PassWords
)

// maxWords is the number of words of the kernel with the most.
const maxWords = headWords + 3*device.MaxParams

func wordsOf(p *device.Param) int {
	switch {
	case p.Access != device.Value:
		return 3
	case p.Type == device.Float64:
		return 2
	}
	return 1
}

func countWords(k *device.Kernel) int {
	n := headWords
	for i := range k.Params {
		n += wordsOf(&k.Params[i])
	}
	return n
}
