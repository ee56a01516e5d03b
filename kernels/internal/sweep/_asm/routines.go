package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
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
