package main

import (
	"bytes"
	"fmt"
)

// assembler collects the text of a file.
type assembler struct{ text bytes.Buffer }

func (a *assembler) raw(text string) { a.text.WriteString(text) }

// op writes an instruction of Go's assembler.
func (a *assembler) op(format string, args ...any) {
	fmt.Fprintf(&a.text, "\t"+format+"\n", args...)
}

func (a *assembler) label(format string, args ...any) {
	fmt.Fprintf(&a.text, format+":\n", args...)
}

func (a *assembler) comment(text string) { fmt.Fprintf(&a.text, "\n\t// %s\n", text) }

// word writes an instruction by its encoding.
func (a *assembler) word(encoding uint32, name string) {
	fmt.Fprintf(&a.text, "\tWORD $0x%08x // %s\n", encoding, name)
}

// precision is a type of numbers in 128-bit vectors.
type precision struct {
	suffix string
	sz     uint32 // the bit sz of an encoding
	size   int    // bytes of a number
	shift  int    // log2 of that
}

// shape is the vector arrangement: 4s or 2d.
func (p precision) shape() string {
	if p.sz == 0 {
		return "4s"
	}
	return "2d"
}

// three writes an instruction d ← n op m.
func (a *assembler) three(p precision, base uint32, name string, d, n, m int) {
	a.word(base|1<<30|p.sz<<22|uint32(m)<<16|uint32(n)<<5|uint32(d),
		fmt.Sprintf("%s v%d.%s, v%d.%[3]s, v%d.%[3]s", name, d, p.shape(), n, m))
}

// The arithmetic: Arm Architecture Reference Manual, C7.2. fmla and fmls round
// once: d ← d ± n·m.
func (a *assembler) fadd(p precision, d, n, m int) { a.three(p, 0x0e20d400, "fadd", d, n, m) }
func (a *assembler) fsub(p precision, d, n, m int) { a.three(p, 0x0ea0d400, "fsub", d, n, m) }
func (a *assembler) fmul(p precision, d, n, m int) { a.three(p, 0x2e20dc00, "fmul", d, n, m) }
func (a *assembler) fdiv(p precision, d, n, m int) { a.three(p, 0x2e20fc00, "fdiv", d, n, m) }
func (a *assembler) fmla(p precision, d, n, m int) { a.three(p, 0x0e20cc00, "fmla", d, n, m) }
func (a *assembler) fmls(p precision, d, n, m int) { a.three(p, 0x0ea0cc00, "fmls", d, n, m) }

// faddp joins neighbours: d ← n₀+n₁, n₂+n₃, m₀+m₁, m₂+m₃.
func (a *assembler) faddp(p precision, d, n, m int) { a.three(p, 0x2e20d400, "faddp", d, n, m) }

func (a *assembler) two(p precision, base uint32, name string, d, n int) {
	a.word(base|1<<30|p.sz<<22|uint32(n)<<5|uint32(d), fmt.Sprintf("%s v%d.%s, v%d.%[3]s", name, d, p.shape(), n))
}

func (a *assembler) fsqrt(p precision, d, n int)     { a.two(p, 0x2ea1f800, "fsqrt", d, n) }
func (a *assembler) fcmeqZero(p precision, d, n int) { a.two(p, 0x0ea0d800, "fcmeq #0", d, n) }

// bits writes an instruction on all 128 bits.
func (a *assembler) bits(base uint32, name string, d, n, m int) {
	a.word(base|1<<30|uint32(m)<<16|uint32(n)<<5|uint32(d), fmt.Sprintf("%s v%d.16b, v%d.16b, v%d.16b", name, d, n, m))
}

func (a *assembler) bic(d, n, m int) { a.bits(0x0e601c00, "bic", d, n, m) }
func (a *assembler) mov(d, n int)    { a.bits(0x0ea01c00, "orr", d, n, n) }
func (a *assembler) zero(d int)      { a.bits(0x2e201c00, "eor", d, d, d) }

// ones sets every number of d to 1.
func (a *assembler) ones(p precision, d int) {
	a.word(0x4f03f600|p.sz<<29|uint32(d), fmt.Sprintf("fmov v%d.%s, #1.0", d, p.shape()))
}

// dup spreads the lowest number of n.
func (a *assembler) dup(p precision, d, n int) {
	a.word(0x4e000400|uint32(p.size)<<16|uint32(n)<<5|uint32(d), fmt.Sprintf("dup v%d.%s, v%d[0]", d, p.shape(), n))
}

// spread loads a number from the address in register r and spreads it.
func (a *assembler) spread(p precision, d, r int) {
	a.word(0x4d40c000|uint32(p.shift)<<10|uint32(r)<<5|uint32(d), fmt.Sprintf("ld1r {v%d.%s}, [x%d]", d, p.shape(), r))
}

// load and store move 16 bytes at an offset, a multiple of 16, from register r.
func (a *assembler) load(d, r, offset int) {
	a.word(0x3dc00000|uint32(offset/16)<<10|uint32(r)<<5|uint32(d), fmt.Sprintf("ldr q%d, [x%d, #%d]", d, r, offset))
}

func (a *assembler) store(d, r, offset int) {
	a.word(0x3d800000|uint32(offset/16)<<10|uint32(r)<<5|uint32(d), fmt.Sprintf("str q%d, [x%d, #%d]", d, r, offset))
}
