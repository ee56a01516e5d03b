package fused

import (
	"fmt"
	"go/token"
	"go/types"
	"path/filepath"
)

// place is where a value can be: a variable, field, parameter or result, named by the
// position of its declaration, which is the same whichever way its package was loaded.
// For a slice it stands for the elements, too. Empty: nowhere.
type place string

// placeOf is the place of a variable or function.
func (s *search) placeOf(object types.Object) place {
	switch object.(type) {
	case *types.Var, *types.Func:
		return s.placeAt(object.Pos())
	}
	return ""
}

func (s *search) placeAt(at token.Pos) place {
	if !at.IsValid() {
		return ""
	}
	return place(s.fset.Position(at).String())
}

// result and param are those of the function at p.
func (p place) result(i int) place { return p.part("result", i) }
func (p place) param(i int) place  { return p.part("parameter", i) }

// receiver is the number of the receiver among the parameters.
const receiver = -1

func (p place) part(what string, i int) place {
	if p == "" {
		return ""
	}
	return place(fmt.Sprintf("%s %s %d", p, what, i))
}

// flow is what is known of the ways of products.
type flow struct {
	from     map[place][]place        // where the values of a place come from
	sums     map[place]token.Position // places that are operands of a sum, and of which
	products []product
}

// product is one that is stored somewhere as it is.
type product struct {
	at     token.Position
	text   string
	advice string
	to     place
}

// edge notes that values go from one place to another.
func (f *flow) edge(from, to place) {
	if from != "" && to != "" {
		f.from[to] = append(f.from[to], from)
	}
}

// link notes that the function at from is called by the name of to, too.
func (f *flow) link(from, to place, s *types.Signature) {
	for i := range s.Params().Len() {
		f.edge(to.param(i), from.param(i))
	}
	for i := range s.Results().Len() {
		f.edge(from.result(i), to.result(i))
	}
}

// fused are the products that reach a sum.
func (f *flow) fused() (found []Finding) {
	reaches := map[place]token.Position{}
	var todo []place
	for at, sum := range f.sums {
		reaches[at] = sum
		todo = append(todo, at)
	}
	for len(todo) > 0 {
		at := todo[0]
		todo = todo[1:]
		for _, from := range f.from[at] {
			if _, ok := reaches[from]; !ok {
				reaches[from] = reaches[at]
				todo = append(todo, from)
			}
		}
	}
	for _, p := range f.products {
		if sum, ok := reaches[p.to]; ok {
			where := fmt.Sprintf("line %d", sum.Line)
			if sum.Filename != p.at.Filename {
				where = fmt.Sprintf("%s:%d", filepath.Base(sum.Filename), sum.Line)
			}
			found = append(found, Finding{p.at, fmt.Sprintf("%s may be fused with the sum in %s, which changes bits: write %s", p.text, where, p.advice)})
		}
	}
	return found
}
