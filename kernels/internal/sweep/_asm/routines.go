package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
)

// routine is a sweep over several rows.
type routine struct {
	name      string
	formula   string
	note      []string
	update    update
	underflow bool // flush by underflow, not by comparison
	weigh     bool // and by the way multiply by cx
	fused     bool
}

var routines = []routine{
	{name: "jacobi", formula: "v = cy*(up+down) + cx*(left+right)", update: jacobi},
	{name: "quarter", formula: "v = cx*((up+down) + (left+right))", update: quarter, underflow: true, weigh: true,
		note: []string{"Values that become zero keep their sign."}},
	{name: "weighted", formula: "v = cy*(up+down) + cx*(left+right)", update: jacobi, underflow: true,
		note: []string{"Values that become zero keep their sign."}},
	{name: "heat", formula: "v = here + (cy*((up+down)-2*here) + cx*((left+right)-2*here))", update: heat},
	{name: "fused", formula: "v = here + (cy*FMA(-2, here, up+down) + cx*FMA(-2, here, left+right))", update: heatFused, fused: true},
}

func (r routine) doc(p precision) []string {
	return append([]string{r.name + p.name + " is Rows with this update:", "", "\t" + r.formula, ""}, r.note...)
}

// constants loads what the routine needs in all lanes.
func (r routine) constants(p precision) constants {
	k := constants{cx: p.argument("cx"), cy: p.argument("cy")}
	if r.fused {
		k.two = YMM()
		p.broadcast(p.two(), k.two)
	}
	if !r.underflow {
		k.floor, k.magnitude = p.argument("floor"), p.magnitude()
		return k
	}
	Comment("down is normal/floor, up is floor/normal, with the smallest normal number")
	floor, normal := p.argument("floor"), YMM()
	p.broadcast(p.normal(), normal)
	k.down, k.up = YMM(), YMM()
	p.div(floor, normal, k.down)
	p.div(normal, floor, k.up)
	if r.weigh {
		k.one = YMM()
		p.broadcast(p.one(), k.one)
		Comment("down *= cx")
		p.mul(k.cx, k.down, k.down)
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
