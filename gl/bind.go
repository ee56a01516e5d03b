package gl

import (
	"offload/device"
	"offload/device/queue"
	"offload/gl/internal/driver"
)

// bindings caches the driver's program and storage blocks, to skip redundant calls.
type bindings struct {
	program *program
	blocks  [device.MaxParams + 1]block
}

// block is what a storage block is bound to.
type block struct {
	buffer        driver.Buffer
	offset, bytes int
}

// forget drops a buffer that is about to be freed: the driver may reuse its name.
func (b *bindings) forget(freed driver.Buffer) {
	for i := range b.blocks {
		if b.blocks[i].buffer == freed {
			b.blocks[i] = block{}
		}
	}
}

func (e *engine) use(p *program) {
	if e.bound.program != p {
		e.driver.Use(p.id)
		e.bound.program = p
	}
}

func (e *engine) bind(index int, to block) {
	if e.bound.blocks[index] != to {
		e.driver.Bind(index, to.buffer, to.offset, to.bytes)
		e.bound.blocks[index] = to
	}
}

// bindAll binds the arguments and the scratch, and sets the words that are the same
// for all passes.
func (e *engine) bindAll(l *device.Launch, mem *[device.MaxParams]queue.Memory, words []uint32) {
	words[wordLo], words[wordHi] = uint32(l.Rows.Lo), uint32(l.Rows.Hi)
	at, index := headWords, 0
	for i := range l.Kernel.Params {
		p, a := &l.Kernel.Params[i], &l.Args[i]
		if p.Access != device.Value {
			words[at] = uint32(e.bindArg(index, a.Offset, e.window(l, i), mem[i].(*memory)))
			words[at+1], words[at+2] = uint32(a.NumRows()), uint32(a.Width)
			index++
		} else {
			words[at] = uint32(a.Bits())
			if p.Type == device.Float64 {
				words[at+1] = uint32(a.Bits() >> 32)
			}
		}
		at += wordsOf(p)
	}
	if l.Kernel.Shader.Scratch != 0 && e.scratch != nil {
		e.bind(index, block{e.scratch.buffer, 0, e.scratch.bytes})
	}
}

// bindArg binds a window of a buffer. It returns the index in the block of the element
// at offset, where the matrix begins; it is negative if that is before the window.
func (e *engine) bindArg(index, offset int, window device.Range, m *memory) int {
	if window.Len() == 0 {
		e.bind(index, block{m.buffer, 0, padding})
		return 0
	}
	at, bytes := e.place(window, m.size)
	e.bind(index, block{m.buffer, at, bytes})
	return offset - at/m.size
}

// set sends the words to the current program if any of them has changed.
func (e *engine) set(p *program, words []uint32) {
	for i, w := range words {
		if p.words[i] != w {
			copy(p.words, words)
			e.driver.SetWords(p.words)
			return
		}
	}
}

// The words of a launch are one array of uniforms: the rows, the pass, the first
// work-group and the words of the pass; then, in the order of the parameters, for
// each buffer the index of its first element in the block, which may lie before it, its
// rows and its width, and for each scalar its bits.
const (
	wordLo = iota
	wordHi
	wordPass
	wordGroup
	wordOfPass
	headWords = wordOfPass + device.PassWords
)

// maxWords is the largest number of words a kernel can have.
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
