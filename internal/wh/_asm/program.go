package main

import (
	"fmt"
	"reflect"

	"offload/internal/wh"
)

const (
	lanes       = wh.Lanes
	vectorBytes = 8 * lanes
	rowBytes    = 8 * wh.MapWidth
)

// program is a sequence of operations on values, each of which is set once.
type program struct {
	machine
	nodes      []node
	known      map[string]int // nodes by what they do
	layout     layout
	near, long condition
	r, inverse vec  // of the positions
	alone      bool // there is one block
}

// vec is a vector of eight numbers: the value of one node, or of two with four each.
type vec []int

// node is an operation. Its value is in as many lanes as a register has.
type node struct {
	op   op
	args []int
	imm  int    // selection of lanes, or predicate
	at   int    // offset of a load or store, or the mask of a test or branch
	base int    // number of the block of a load or store
	name string // label of a branch
}

type op int

const (
	opLoad    op = iota
	opLoadAll    // one number in all lanes
	opStore
	opAdd
	opSub
	opMul
	opDiv
	opSqrt
	opFMA  // a·b + c
	opFMS  // a·b - c
	opFNMA // c - a·b
	opAnd
	opOr
	opAlign   // AVX-512: lanes imm … imm+7 of a and then b
	opPermute // lanes by pairs of bits
	opHalves  // halves of a and b
	opBlend   // of a, and of b where bits are set
	opCompare // AVX2: all bits where it holds
	opTest    // AVX-512: the same into the mask of flag at
	opSelect  // of a, and of b where c is set, or with AVX-512 the mask of flag at
	opBranch
)

// Predicates of comparisons; both hold for no NaN or for any.
const (
	less      = 0x11 // and no NaN
	notAtMost = 0x16 // or a NaN
)

// condition is in which lanes a test has held.
type condition struct {
	mask  int // AVX-512: number of the register
	value vec // AVX2
}

func newProgram(m machine) *program {
	return &program{
		machine: m, known: map[string]int{}, layout: layoutOf(),
		near: condition{mask: 2}, long: condition{mask: 3},
	}
}

// node returns a node's number, which is that of an equal one if there is one.
func (p *program) node(n node) int {
	key := fmt.Sprint(n)
	if i, ok := p.known[key]; ok && n.op != opStore && n.op != opTest && n.op != opBranch {
		return i
	}
	p.nodes = append(p.nodes, n)
	p.known[key] = len(p.nodes) - 1
	return len(p.nodes) - 1
}

// each applies an operation to the parts of vectors.
func (p *program) each(o op, args ...vec) (v vec) {
	for part := range p.parts() {
		n := node{op: o}
		for _, a := range args {
			n.args = append(n.args, a[part])
		}
		v = append(v, p.node(n))
	}
	return v
}

func (p *program) add(a, b vec) vec     { return p.each(opAdd, a, b) }
func (p *program) sub(a, b vec) vec     { return p.each(opSub, a, b) }
func (p *program) mul(a, b vec) vec     { return p.each(opMul, a, b) }
func (p *program) div(a, b vec) vec     { return p.each(opDiv, a, b) }
func (p *program) sqrt(a vec) vec       { return p.each(opSqrt, a) }
func (p *program) fma(a, b, c vec) vec  { return p.each(opFMA, a, b, c) }
func (p *program) fms(a, b, c vec) vec  { return p.each(opFMS, a, b, c) }
func (p *program) fnma(a, b, c vec) vec { return p.each(opFNMA, a, b, c) }
func (p *program) abs(a vec) vec        { return p.each(opAnd, a, p.table("Magnitude")) }
func (p *program) zero() vec            { return p.table("Zero") }

func (p *program) load(base, at int) (v vec) {
	for part := range p.parts() {
		v = append(v, p.node(node{op: opLoad, base: base, at: at + part*p.bytes()}))
	}
	return v
}

// lane is one lane of a field of a block in all lanes.
func (p *program) lane(base int, name string, k, lane int) vec {
	return p.number(base, p.layout.offset(name, k)+8*lane)
}

// number is a number in memory in all lanes.
func (p *program) number(base, at int) (v vec) {
	for range p.parts() {
		v = append(v, p.node(node{op: opLoadAll, base: base, at: at}))
	}
	return v
}

// among puts the nodes of body evenly among those that there are, none of which it needs: what one of the two waits for
// passes while the other goes on.
func (p *program) among(body func()) {
	first := p.nodes
	p.nodes, p.known = nil, map[string]int{}
	body()
	second := p.nodes
	p.nodes, p.known = nil, map[string]int{}
	var at [2][]int // the new number of each
	move := func(part int, n node) {
		args := n.args
		n.args = nil
		for _, a := range args {
			n.args = append(n.args, at[part][a])
		}
		at[part] = append(at[part], len(p.nodes))
		p.nodes = append(p.nodes, n)
	}
	for i, n := range first {
		move(0, n)
		for len(at[1])*len(first) < (i+1)*len(second) {
			move(1, second[len(at[1])])
		}
	}
}

func (p *program) store(v vec, base, at int) {
	for part := range v {
		p.node(node{op: opStore, args: []int{v[part]}, base: base, at: at + part*p.bytes()})
	}
}

// field is a field of the first block, and of that of another one.
func (p *program) field(name string, k ...int) vec { return p.of(0, name, k...) }
func (p *program) of(base int, name string, k ...int) vec {
	return p.load(base, p.layout.offset(name, k...))
}
func (p *program) table(name string, k ...int) vec { return p.load(0, p.layout.table(name, k...)) }

func (p *program) sets(name string, t triple) {
	for k := range t {
		p.set(t[k], 0, name, k)
	}
}

func (p *program) set(v vec, base int, name string, k int) {
	p.store(v, base, p.layout.offset(name, k))
}

// test adds to a flag whether a comparison holds in some lane.
func (p *program) test(f *condition, a, b vec, predicate int) {
	if p.avx512 {
		p.node(node{op: opTest, args: []int{a[0], b[0]}, imm: predicate, at: f.mask})
		return
	}
	var holds vec
	for part := range a {
		holds = append(holds, p.node(node{op: opCompare, args: []int{a[part], b[part]}, imm: predicate}))
	}
	if f.value != nil {
		holds = p.each(opOr, f.value, holds)
	}
	f.value = holds
}

// choose is a, and b in the lanes of a condition.
func (p *program) choose(f *condition, a, b vec) vec {
	if p.avx512 {
		return vec{p.node(node{op: opSelect, args: []int{a[0], b[0]}, at: f.mask})}
	}
	return p.each(opSelect, a, b, f.value)
}

// branch leaves for a label if a flag is set.
func (p *program) branch(f *condition, label string) {
	n := node{op: opBranch, name: label, at: f.mask}
	if !p.avx512 {
		n.args = []int{p.node(node{op: opOr, args: f.value})}
	}
	p.node(n)
}

// up moves lanes to n higher ones and fills with zeros.
func (p *program) up(v vec, n int) vec {
	if p.avx512 {
		return vec{p.align(p.zero()[0], v[0], lanes-n)}
	}
	zero, low, high := p.zero()[0], v[0], v[1]
	switch n {
	case 1:
		a, b := p.permute(low, 0x93), p.permute(high, 0x93)
		return vec{p.blend(a, zero, 1), p.blend(b, a, 1)}
	case 2:
		return vec{p.halves(low, low, 0x08), p.halves(low, high, 0x21)}
	}
	return vec{zero, low}
}

// down moves lanes to n lower ones and fills with zeros.
func (p *program) down(v vec, n int) vec {
	if p.avx512 {
		return vec{p.align(v[0], p.zero()[0], n)}
	}
	zero, low, high := p.zero()[0], v[0], v[1]
	switch n {
	case 1:
		a, b := p.permute(low, 0x39), p.permute(high, 0x39)
		return vec{p.blend(a, b, 8), p.blend(b, zero, 8)}
	case 2:
		return vec{p.halves(low, high, 0x21), p.halves(high, high, 0x81)}
	}
	return vec{high, zero}
}

// rotate moves lanes to n lower ones, and those out at the bottom to the top.
func (p *program) rotate(v vec, n int) vec {
	if n %= lanes; n == 0 {
		return v
	}
	if p.avx512 {
		return vec{p.align(v[0], v[0], n)}
	}
	low, high := v[0], v[1]
	if n >= lanes/2 {
		low, high, n = high, low, n-lanes/2
	}
	switch n {
	case 1:
		a, b := p.permute(low, 0x39), p.permute(high, 0x39)
		return vec{p.blend(a, b, 8), p.blend(b, a, 8)}
	case 2:
		return vec{p.halves(low, high, 0x21), p.halves(high, low, 0x21)}
	case 3: // down by four and up by one
		a, b := p.permute(low, 0x93), p.permute(high, 0x93)
		return vec{p.blend(b, a, 1), p.blend(a, b, 1)}
	}
	return vec{low, high}
}

func (p *program) align(a, b, n int) int { return p.node(node{op: opAlign, args: []int{a, b}, imm: n}) }
func (p *program) permute(a, lanes int) int {
	return p.node(node{op: opPermute, args: []int{a}, imm: lanes})
}
func (p *program) blend(a, b, mask int) int {
	return p.node(node{op: opBlend, args: []int{a, b}, imm: mask})
}
func (p *program) halves(a, b, which int) int {
	return p.node(node{op: opHalves, args: []int{a, b}, imm: which})
}

// layout has the offsets in a block.
type layout struct{ block reflect.Type }

func layoutOf() layout { return layout{reflect.TypeFor[wh.Block]()} }

func (l layout) offset(name string, k ...int) int { return at(l.block, name, k) }
func (l layout) scratch(k int) int                { return at(l.block, "Scratch", []int{k}) }
func (l layout) scratchLen() int {
	f, _ := l.block.FieldByName("Scratch")
	return f.Type.Len()
}

func (l layout) table(name string, k ...int) int {
	f, _ := l.block.FieldByName("Table")
	return int(f.Offset) + at(f.Type, name, k)
}

func at(t reflect.Type, name string, k []int) int {
	f, ok := t.FieldByName(name)
	if !ok {
		panic("no field " + name)
	}
	for _, k := range k {
		return int(f.Offset) + vectorBytes*k
	}
	return int(f.Offset)
}
