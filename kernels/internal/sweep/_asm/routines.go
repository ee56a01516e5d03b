package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// routine is a sweep over several rows.
type routine struct {
	name    string
	formula string
	note    []string
	update  update
	flush   flushing
	weigh   bool // multiply by cx where values are flushed
	atOnce  int  // rows that are swept together
}

// flushing is how values below the floor become zero.
type flushing int

const (
	compare   flushing = iota // by comparison
	underflow                 // by underflow; a value that becomes zero keeps its sign
	never                     // not at all
)

var routines = []routine{
	{name: "jacobi", formula: jacobiFormula, update: jacobi, atOnce: 2},
	{name: "quarter", formula: meanFormula, update: quarter, flush: underflow, weigh: true, atOnce: 2},
	{name: "weighted", formula: jacobiFormula, update: jacobi, flush: underflow, atOnce: 2},
	{name: "mean", formula: meanFormula, update: mean, flush: never, atOnce: 4},
	{name: "free", formula: jacobiFormula, update: jacobi, flush: never, atOnce: 4},
	{name: "heat", formula: "v = here + (cy*((up+down)-2*here) + cx*((left+right)-2*here))", update: heat, atOnce: 2},
	{name: "fused", formula: heatFormula, update: heatFused, atOnce: 2},
	{name: "freeHeat", formula: heatFormula, update: heatFused, flush: never, atOnce: 4},
}

const (
	jacobiFormula = "v = cy*(up+down) + cx*(left+right)"
	meanFormula   = "v = cx*((up+down) + (left+right))"
	heatFormula   = "v = here + (cy*FMA(-2, here, up+down) + cx*FMA(-2, here, left+right))"
)

func (r routine) doc(p precision) []string {
	note := [...]string{
		compare:   "Values below the floor become zero.",
		underflow: "Values below the floor become zero and keep their sign.",
		never:     "Values below the floor stay.",
	}
	return []string{r.name + p.name + " is Rows with this update:", "", "\t" + r.formula, "", note[r.flush]}
}

// constants loads what the routine needs in all lanes.
func (r routine) constants(p precision) constants {
	k := constants{cx: p.argument("cx")}
	if r.formula != meanFormula {
		k.cy = p.argument("cy")
	}
	if r.formula == heatFormula {
		k.two = p.everywhere(p.two())
	}
	if r.formula == meanFormula || r.name == "free" {
		k.one = p.everywhere(p.one())
	}
	switch r.flush {
	case compare:
		k.floor, k.magnitude = p.argument("floor"), p.magnitude()
	case underflow:
		Comment("down is normal/floor, up is floor/normal, with the smallest normal number")
		floor, normal := p.argument("floor"), p.everywhere(p.normal())
		k.down, k.up = YMM(), YMM()
		p.div(floor, normal, k.down)
		p.div(normal, floor, k.up)
		if r.weigh {
			Comment("down *= cx")
			p.mul(k.cx, k.down, k.down)
		}
	}
	return k
}

// flushToZero makes results that are too small for normal numbers zero. The
// register that says so is kept in memory, to be restored.
func flushToZero(keep Mem) {
	t, changed := GP32(), keep.Offset(4)
	STMXCSR(keep)
	MOVL(keep, t)
	ORL(U32(1<<15), t)
	MOVL(t, changed)
	LDMXCSR(changed)
}

// constants are what a sweep needs in all lanes.
type constants struct {
	cx, cy           reg.VecVirtual
	floor, magnitude reg.VecVirtual // to flush by comparison
	down, up         reg.VecVirtual // to flush by underflow
	two              reg.VecVirtual
	one              reg.VecVirtual // for sums in multipliers
	odd              bool           // every second row
}

// update computes new values from the sum of those above and below, a, which it
// overwrites, and those to the left, here and to the right. Left may be
// overwritten.
type update func(p precision, k constants, a, left, here, right reg.VecVirtual)

// jacobi is cy·(up + down) + cx·(left + right).
func jacobi(p precision, k constants, a, left, here, right reg.VecVirtual) {
	Comment("v = cy*(up + down) + cx*(left + right)")
	p.add(left, right, left)
	p.mul(a, k.cy, a)
	p.mul(left, k.cx, left)
	if k.one != nil && k.odd {
		p.fmadd(k.one, left, a)
	} else {
		p.add(left, a, a)
	}
	p.flush(k, a, left)
}

// mean is cx·((up + down) + (left + right)), with one of the sums in a multiplier,
// so that adders and multipliers are equally busy.
func mean(p precision, k constants, a, left, here, right reg.VecVirtual) {
	Comment("v = cx*((up + down) + (left + right))")
	p.add(left, right, left)
	p.fmadd(k.one, left, a)
	p.mul(k.cx, a, a)
}

// quarter is mean with values flushed while they are multiplied by cx. Every
// second row adds with a fused operation.
func quarter(p precision, k constants, a, left, here, right reg.VecVirtual) {
	Comment("v = cx*((up + down) + (left + right)); down is cx*down")
	p.add(left, right, left)
	if k.odd {
		p.fmadd(k.one, left, a)
	} else {
		p.add(left, a, a)
	}
	p.flush(k, a, left)
}

// heat is here + (cy·((up + down) − 2·here) + cx·((left + right) − 2·here)).
func heat(p precision, k constants, a, left, here, right reg.VecVirtual) {
	Comment("v = here + (cy*((up + down) - 2*here) + cx*((left + right) - 2*here))")
	twice := YMM()
	p.add(here, here, twice)
	p.add(left, right, left)
	p.sub(twice, a, a)
	p.sub(twice, left, left)
	p.diffuse(k, a, left, here)
}

// heatFused is heat with (up + down) − 2·here in one operation, which is the same
// as long as 2·here does not overflow.
func heatFused(p precision, k constants, a, left, here, right reg.VecVirtual) {
	Comment("v = here + (cy*fma(-2, here, up + down) + cx*fma(-2, here, left + right))")
	p.add(left, right, left)
	p.fnmadd(k.two, here, a)
	p.fnmadd(k.two, here, left)
	p.diffuse(k, a, left, here)
}

// diffuse is the rest of heat: here + (cy·a + cx·b).
func (p precision) diffuse(k constants, a, b, here reg.VecVirtual) {
	p.mul(a, k.cy, a)
	p.mul(b, k.cx, b)
	p.add(b, a, a)
	p.add(here, a, a)
	p.flush(k, a, b)
}

// flush makes values below the floor zero and keeps NaN, if there are constants for
// it.
func (p precision) flush(k constants, v, temp reg.VecVirtual) {
	switch {
	case k.down != nil:
		p.mul(v, k.down, v)
		p.mul(v, k.up, v)
	case k.floor != nil:
		p.and(k.magnitude, v, temp)
		p.cmp(Imm(notLess), k.floor, temp, temp)
		p.and(temp, v, v)
	}
}
