package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// Offsets in a Wave and in a Link.
const (
	waveCount     = 0
	waveState     = 8
	waveA         = 16
	waveB         = 24
	waveSide      = 32
	waveSteps     = 40
	waveResidual  = 56
	waveOut       = 64
	waveSegments  = 72
	waveWide      = 120
	waveStream    = 128
	waveAhead     = 136
	waveWeights   = 168
	linkAt        = 0
	linkRow       = 8
	linkSize      = 16
	segmentEnd    = 0
	segmentOutput = 8
	segmentSize   = 16
)

// Outputs of a segment of a wave.
const (
	outputNone = iota
	outputState
	outputSolution
)

// vectors is the number of vectors that are computed side by side, so that operations need
// not wait for the results of those before.
const vectors = 4

// beside returns the neighbours in the row of vector u, and the half-row of the other colour
// at its place, which is right if the half-row to compute is wide, else left. It is for
// AVX-512, and takes them from the vectors of rowOf, so that none is loaded from an address
// between vectors, each of which is in two cache lines.
func (m machine) beside(wide bool, u int, loaded []reg.VecVirtual) (left, right, same reg.VecVirtual) {
	shifted := m.vec()
	align := VALIGNQ
	if m.size == 4 {
		align = VALIGND
	}
	if wide {
		align(Imm(uint64(m.lanes-1)), loaded[u], loaded[u+1], shifted)
		return shifted, loaded[u+1], loaded[u+1]
	}
	align(Imm(1), loaded[u], loaded[u+1], shifted)
	return loaded[u], shifted, loaded[u]
}

// rowOf loads what beside needs for count vectors; nil for AVX2, which does not use it.
func (m machine) rowOf(row, i reg.GPVirtual, count int, wide bool) []reg.VecVirtual {
	if !m.avx512 {
		return nil
	}
	first := 0
	if wide {
		first = 1 - m.lanes
	}
	loaded := make([]reg.VecVirtual, count+1)
	for u := range loaded {
		loaded[u] = m.vec()
		m.load(at(row, i, m.size, first+u*m.lanes), loaded[u])
	}
	return loaded
}

func jump(condition func(Op), label string) { condition(LabelRef(label)) }

// prefetch asks for the elements of count vectors at a distance in bytes from those at base.
func (m machine) prefetch(base, i reg.GPVirtual, distance Mem, size, count int) {
	ahead := GP64()
	MOVQ(distance, ahead)
	ADDQ(base, ahead)
	for line := 0; line < count*m.lanes*size; line += 64 {
		PREFETCHT0(Mem{Base: ahead, Index: i, Scale: uint8(size), Disp: line})
	}
}

// maxRows is the largest number of half-rows that a wave writes.
const maxRows = 8

// ends calls each for both ends of the half-rows that a wave may write, and their places in
// memory from kept on.
func (m machine) ends(label string, field func(offset int) Mem, each func(end, kept Mem), kept Mem) {
	link, to, left, last, row := GP64(), GP64(), GP64(), GP64(), GP64()
	Load(Param("links"), link)
	MOVQ(field(waveCount), left)
	MOVQ(field(waveSegments+2*segmentSize+segmentEnd), last)
	LEAQ(kept, to)
	Label(label)
	MOVQ(Mem{Base: link, Disp: linkAt}, row)
	each(Mem{Base: row}, Mem{Base: to})
	each(Mem{Base: row, Index: last, Scale: uint8(m.size)}, Mem{Base: to, Disp: 8})
	ADDQ(Imm(linkSize), link)
	ADDQ(Imm(16), to)
	DECQ(left)
	jump(JGE, label)
}

// element loads an element, or stores x there.
func (m machine) element(at Mem, x reg.GPVirtual) reg.GPVirtual {
	load := x == nil
	if load {
		x = GP64()
	}
	switch {
	case m.size == 8 && load:
		MOVQ(at, x)
	case m.size == 8:
		MOVQ(x, at)
	case load:
		MOVL(at, x.As32())
	default:
		MOVL(x.As32(), at)
	}
	return x
}

// wave makes the routine for a step of a wavefront.
func (m machine) wave(side bool) {
	name := "wave" + m.precision.name
	if side {
		name = "waveSource" + m.precision.name
	}
	form := "AVX2"
	if m.avx512 {
		name, form = name+"AVX512", "AVX-512"
	}
	TEXT(name, NOSPLIT, fmt.Sprintf("func(w, links *byte) (most %s)", m.typ))
	Doc(name + " computes a Wave with " + form + ".")
	Pragma("noescape")
	w := Load(Param("w"), GP64()).(reg.GPVirtual)
	field := func(offset int) Mem { return Mem{Base: w, Disp: offset} }
	cx, cy := m.all(field(waveWeights)), m.all(field(waveWeights+m.size))
	most := m.vec()
	VPXOR(most.AsX(), most.AsX(), most.AsX())
	i, segment, masks := GP64(), GP64(), GP64()
	XORQ(i, i)
	LEAQ(field(waveSegments), segment)
	LEAQ(m.magnitudes().Offset(m.bytes), masks)
	CMPQ(field(waveWide), Imm(0))
	jump(JE, "segment")
	SUBQ(Imm(uint64(m.bytes)), masks)
	ends := AllocLocal(2 * 8 * maxRows)
	m.ends("keep", field, func(end, kept Mem) {
		x := m.element(end, nil)
		m.element(kept, x)
	}, ends)

	block := func(label string, count int, r *rest) {
		link, left := GP64(), GP64()
		dst, up, row, f, step, next := GP64(), GP64(), GP64(), GP64(), GP64(), GP64()
		down := make([]reg.VecVirtual, count)
		for u := range down {
			down[u] = m.vec()
		}
		place := func(base reg.Register, u int) Mem { return at(base, i, m.size, u*m.lanes) }

		// The newest half-row.
		Load(Param("links"), link)
		MOVQ(Mem{Base: link, Disp: linkAt}, dst)
		MOVQ(field(waveA), up)
		TESTQ(up, up)
		jump(JZ, label+"Load")
		MOVQ(field(waveB), row)
		MOVQ(field(waveState), f)
		m.prefetch(f, i, field(waveAhead), m.size, count)
		m.prefetch(up, i, field(waveAhead+8), 4, count)
		for u, x := range down {
			a, b := m.read32(at(up, i, 4, u*m.lanes), r), m.read32(at(row, i, 4, u*m.lanes), r)
			m.add(b, a, a)
			m.mul(m.constant("halves", 0.5), a, a)
			if r == nil {
				m.add(place(f, u), a, x)
			} else {
				m.add(m.read(place(f, u), r), a, x)
			}
			m.load(x, place(dst, u))
		}
		JMP(LabelRef(label + "Links"))
		Label(label + "Load")
		for u, x := range down {
			m.load(place(dst, u), x)
		}

		Label(label + "Links")
		if side {
			MOVQ(field(waveSide), f)
			MOVQ(field(waveSteps), step)
			MOVQ(field(waveSteps+8), next)
			m.prefetch(f, i, field(waveAhead+16), m.size, count)
			m.prefetch(f, i, field(waveAhead+24), m.size, count)
		}
		// update replaces down by the new values of the half-row at link, and calls each with
		// the half-row of the other colour.
		update := func(wide bool, each func(u int, d, same reg.VecVirtual)) {
			loaded := m.rowOf(row, i, count, wide)
			for u, d := range down {
				m.add(place(up, u), d, d)
				var b, same reg.VecVirtual
				if m.avx512 {
					l, r, s := m.beside(wide, u, loaded)
					b, same = m.vec(), s
					m.add(r, l, b)
				} else {
					b = m.vec()
					m.load(place(row, u), b)
					m.add(at(row, i, m.size, u*m.lanes+1), b, b)
				}
				m.mul(cy, d, d)
				m.mul(cx, b, b)
				m.add(b, d, d)
				if side && r == nil {
					m.add(place(f, u), d, d)
				} else if side {
					m.add(m.read(place(f, u), r), d, d)
				}
				each(u, d, same)
			}
		}
		MOVQ(field(waveCount), left)
		TESTQ(left, left)
		jump(JZ, label+"Tail")
		Label(label + "Link")
		MOVQ(Mem{Base: link, Disp: linkSize + linkAt}, dst)
		MOVQ(Mem{Base: link, Disp: linkSize + linkRow}, row)
		MOVQ(Mem{Base: link, Disp: 2*linkSize + linkAt}, up)
		store := func(u int, d, _ reg.VecVirtual) { m.load(d, place(dst, u)) }
		if m.avx512 {
			CMPQ(field(waveWide), Imm(0))
			jump(JNE, label+"LinkWide")
			update(false, store)
			JMP(LabelRef(label + "LinkDone"))
			Label(label + "LinkWide")
		}
		update(true, store)
		Label(label + "LinkDone")
		if side {
			ADDQ(step, f)
			XCHGQ(step, next)
		}
		ADDQ(Imm(linkSize), link)
		DECQ(left)
		jump(JNZ, label+"Link")

		Label(label + "Tail")
		CMPQ(Mem{Base: segment, Disp: segmentOutput}, Imm(outputNone))
		jump(JE, label+"End")
		MOVQ(Mem{Base: link, Disp: linkSize + linkAt}, dst)
		MOVQ(Mem{Base: link, Disp: linkSize + linkRow}, row)
		MOVQ(Mem{Base: link, Disp: 2*linkSize + linkAt}, up)
		residuals := func(wide bool) (black []reg.VecVirtual) {
			black = make([]reg.VecVirtual, count)
			update(wide, func(u int, d, same reg.VecVirtual) {
				m.sub(place(dst, u), d, d)
				a := m.vec()
				m.andBits(Mem{Base: masks, Disp: u * m.bytes}, d, a)
				if r != nil && m.avx512 {
					m.masked(a, r.k, a)
				} else if r != nil {
					m.and(r.whole, a, a)
				}
				m.most(a, most)
				black[u] = same
			})
			return black
		}
		blackAt := func(wide bool, u int, black reg.VecVirtual) reg.VecVirtual {
			x := m.vec()
			switch {
			case black != nil:
				m.flushAt(black, x)
				return x
			case wide:
				m.load(at(row, i, m.size, u*m.lanes+1), x)
			default:
				m.load(place(row, u), x)
			}
			m.flushAt(x, x)
			return x
		}
		tail := func(wide bool) {
			suffix := label + "Narrow"
			if wide {
				suffix = label + "Wide"
			}
			black := residuals(wide)
			to := GP64()
			CMPQ(Mem{Base: segment, Disp: segmentOutput}, Imm(outputSolution))
			jump(JE, suffix+"Solution")
			MOVQ(field(waveResidual), to)
			for u, d := range down {
				m.narrowed(d, at(to, i, 4, u*m.lanes))
			}
			if r != nil { // the caller stores the last outputs
				JMP(LabelRef(label + "End"))
				Label(suffix + "Solution")
				JMP(LabelRef(label + "End"))
				return
			}
			MOVQ(field(waveOut), to)
			TESTQ(to, to)
			jump(JZ, label+"End")
			CMPQ(field(waveStream), Imm(0))
			jump(JNE, suffix+"Stream")
			for _, stream := range []bool{false, true} {
				store := m.load
				if stream {
					Label(suffix + "Stream")
					store = m.stream
				}
				for u := range down {
					store(blackAt(wide, u, black[u]), place(to, u))
				}
				JMP(LabelRef(label + "End"))
			}
			Label(suffix + "Solution")
			MOVQ(field(waveOut), to)
			TESTQ(to, to)
			jump(JZ, label+"End")
			LEAQ(Mem{Base: to, Index: i, Scale: uint8(m.size)}, to)
			CMPQ(field(waveStream), Imm(0))
			jump(JNE, suffix+"SolutionStream")
			for _, stream := range []bool{false, true} {
				store := m.load
				if stream {
					Label(suffix + "SolutionStream")
					store = m.stream
				}
				for u := range down {
					even, odd := m.vec(), blackAt(wide, u, black[u])
					m.load(place(dst, u), even)
					m.flushAt(even, even)
					if !wide {
						even, odd = odd, even
					}
					first, second := m.interleave(even, odd)
					store(first, at(to, i, m.size, 2*u*m.lanes))
					store(second, at(to, i, m.size, 2*u*m.lanes+m.lanes))
				}
				JMP(LabelRef(label + "End"))
			}
		}
		CMPQ(field(waveWide), Imm(0))
		jump(JNE, label+"TailWide")
		tail(false)
		Label(label + "TailWide")
		tail(true)
		Label(label + "End")
	}

	Label("segment")
	end := GP64()
	loop := func(label string, count int) {
		Label(label)
		MOVQ(Mem{Base: segment, Disp: segmentEnd}, end)
		SUBQ(Imm(uint64(count*m.lanes)), end)
		CMPQ(i, end)
		jump(JG, label+"Done")
		block(label, count, nil)
		LEAQ(m.magnitudes().Offset(m.bytes), masks)
		ADDQ(Imm(uint64(count*m.lanes)), i)
		JMP(LabelRef(label))
		Label(label + "Done")
	}
	loop("several", vectors)
	loop("single", 1)
	MOVQ(Mem{Base: segment, Disp: segmentEnd}, end)
	SUBQ(i, end)
	jump(JLE, "next")
	block("rest", 1, m.restOf(end))
	MOVQ(Mem{Base: segment, Disp: segmentEnd}, i)
	Label("next")
	ADDQ(Imm(segmentSize), segment)
	LEAQ(field(waveSegments+3*segmentSize), end)
	CMPQ(segment, end)
	jump(JL, "segment")
	CMPQ(field(waveStream), Imm(0))
	jump(JE, "stored")
	SFENCE()
	Label("stored")
	CMPQ(field(waveWide), Imm(0))
	jump(JE, "return")
	m.ends("restore", field, func(end, kept Mem) {
		x := m.element(kept, nil)
		m.element(end, x)
	}, ends)
	Label("return")
	m.returnMost(most)
}
