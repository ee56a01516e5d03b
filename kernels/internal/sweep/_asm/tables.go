package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

var rotations = map[bool]Mem{}

// rotation is the order of float32 lanes that moves them by one.
func rotation(down bool) Mem {
	if m, ok := rotations[down]; ok {
		return m
	}
	name, by := "up", 7
	if down {
		name, by = "down", 1
	}
	m := GLOBL("rotate_"+name, RODATA|NOPTR)
	for l := range 8 {
		DATA(4*l, U32((l+by)%8))
	}
	rotations[down] = m
	return m
}

var numbers = map[string]Mem{}

// number is a constant in memory.
func (p precision) number(name string, bits32 uint32, bits64 uint64) Mem {
	name += p.name
	m, ok := numbers[name]
	if !ok {
		m = GLOBL(name, RODATA|NOPTR)
		if p.size == 4 {
			DATA(0, U32(bits32))
		} else {
			DATA(0, U64(bits64))
		}
		numbers[name] = m
	}
	return m
}

func (p precision) two() Mem { return p.number("two", 0x40000000, 0x4000000000000000) }

func (p precision) one() Mem { return p.number("one", 0x3f800000, 0x3ff0000000000000) }

// normal is the smallest normal number.
func (p precision) normal() Mem { return p.number("normal", 0x00800000, 0x0010000000000000) }

// shiftBytes turns a number of elements of that size into bytes.
func shiftBytes(n reg.GPVirtual, size int) {
	shift := 2
	if size == 8 {
		shift = 3
	}
	SHLQ(Imm(uint64(shift)), n)
}
