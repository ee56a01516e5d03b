package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// whole makes a loop over whole vectors of n elements; body moves the pointers.
func whole(n reg.GPVirtual, body func()) {
	Label("vectors")
	SUBQ(Imm(8), n)
	JL(LabelRef("end"))
	body()
	JMP(LabelRef("vectors"))
	Label("end")
	end()
}

// move adds so many bytes to pointers.
func move(bytes uint64, pointers ...reg.GPVirtual) {
	for _, p := range pointers {
		ADDQ(Imm(bytes), p)
	}
}

// alternate returns the elements at even places of 16, and those at odd ones.
func alternate(at Mem) (even, odd reg.VecVirtual) {
	even, odd = YMM(), YMM()
	a, b := YMM(), YMM()
	VMOVUPS(at, a)
	VMOVUPS(at.Offset(32), b)
	VSHUFPS(Imm(0x88), b, a, even)
	VSHUFPS(Imm(0xdd), b, a, odd)
	VPERMPD(Imm(0xd8), even, even)
	VPERMPD(Imm(0xd8), odd, odd)
	return even, odd
}

func gather() {
	single.text("gather", "sum, before, same, after, r *float32, n int", "is Gather where all terms are there, for whole vectors; before and r are those of the point itself.")
	sum, before, same, after, r := param("sum"), param("before"), param("same"), param("after"), param("r")
	whole(param("n"), func() {
		even, odd := alternate(Mem{Base: r})
		left, _ := alternate(Mem{Base: r, Disp: -4})
		VMULPS(Mem{Base: before, Disp: -4}, left, left)
		VADDPS(Mem{Base: sum}, left, left)
		VMULPS(Mem{Base: same}, even, even)
		VADDPS(even, left, left)
		VMULPS(Mem{Base: after}, odd, odd)
		VADDPS(odd, left, left)
		VMOVUPS(left, Mem{Base: sum})
		move(32, sum, before, same, after)
		move(64, r)
	})
}

// addAlternating adds the lanes of even and odd in turn to 16 elements, and flushes them.
func addAlternating(u reg.GPVirtual, even, odd, magnitude, floor reg.VecVirtual) {
	low, high := YMM(), YMM()
	VUNPCKLPS(odd, even, low)
	VUNPCKHPS(odd, even, high)
	VPERM2F128(Imm(0x20), high, low, even)
	VPERM2F128(Imm(0x31), high, low, odd)
	for k, v := range []reg.VecVirtual{even, odd} {
		VADDPS(Mem{Base: u, Disp: 32 * k}, v, v)
		single.flushed(v, magnitude, floor, low)
		VMOVUPS(v, Mem{Base: u, Disp: 32 * k})
	}
}

func spread() {
	single.text("spread", "u, a, same, left, right *float32, n int", "is Spread for whole vectors.")
	u, a, same, left, right := param("u"), param("a"), param("same"), param("left"), param("right")
	magnitude, floor := single.magnitude(), single.floor()
	whole(param("n"), func() {
		even, odd, t := YMM(), YMM(), YMM()
		VMOVUPS(Mem{Base: a}, even)
		VMULPS(Mem{Base: left}, even, odd)
		VMULPS(Mem{Base: same}, even, even)
		VMOVUPS(Mem{Base: a, Disp: 4}, t)
		VMULPS(Mem{Base: right}, t, t)
		VADDPS(t, odd, odd)
		addAlternating(u, even, odd, magnitude, floor)
		move(32, a, same, left, right)
		move(64, u)
	})
}

func spreadBetween() {
	single.text("spreadBetween", "u, a, b, sameA, leftA, rightA, sameB, leftB, rightB *float32, n int", "is SpreadBetween for whole vectors.")
	u, a, b := param("u"), param("a"), param("b")
	sameA, leftA, rightA := param("sameA"), param("leftA"), param("rightA")
	sameB, leftB, rightB := param("sameB"), param("leftB"), param("rightB")
	magnitude, floor := single.magnitude(), single.floor()
	terms := func(a, same, left, right reg.GPVirtual) (even, odd reg.VecVirtual) {
		even, odd = YMM(), YMM()
		t := YMM()
		VMOVUPS(Mem{Base: a}, even)
		VMULPS(Mem{Base: left}, even, odd)
		VMULPS(Mem{Base: same}, even, even)
		VMOVUPS(Mem{Base: a, Disp: 4}, t)
		VMULPS(Mem{Base: right}, t, t)
		VADDPS(t, odd, odd)
		return even, odd
	}
	whole(param("n"), func() {
		even, odd := terms(a, sameA, leftA, rightA)
		evenB, oddB := terms(b, sameB, leftB, rightB)
		VADDPS(evenB, even, even)
		VADDPS(oddB, odd, odd)
		addAlternating(u, even, odd, magnitude, floor)
		move(32, a, b, sameA, leftA, rightA, sameB, leftB, rightB)
		move(64, u)
	})
}
