package fused

import (
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
	"path/filepath"
	"slices"
)

// place returns the place of the value of e, or of the value of which it is a part.
func (r *reader) place(e ast.Expr) place {
	switch e := e.(type) {
	case *ast.Ident:
		return r.placeOf(r.Info.ObjectOf(e))
	case *ast.SelectorExpr:
		return r.placeOf(r.Info.Uses[e.Sel])
	case *ast.FuncLit:
		return r.placeAt(e.Pos())
	case *ast.ParenExpr:
		return r.place(e.X)
	case *ast.IndexExpr:
		return r.place(e.X)
	case *ast.IndexListExpr:
		return r.place(e.X)
	case *ast.SliceExpr:
		return r.place(e.X)
	case *ast.StarExpr:
		return r.place(e.X)
	case *ast.UnaryExpr:
		if e.Op == token.AND {
			return r.place(e.X)
		}
	case *ast.CallExpr:
		switch f := r.Info.Types[e.Fun]; {
		case f.IsBuiltin():
		case !f.IsType():
			return r.place(e.Fun).result(0)
		case !isFloat(f.Type) && len(e.Args) == 1: // a conversion that rounds nothing
			return r.place(e.Args[0])
		}
	}
	return ""
}

// isProduct reports whether e is a product of floating-point numbers that is computed
// when the program runs.
func (r *reader) isProduct(e ast.Expr) bool {
	b, ok := e.(*ast.BinaryExpr)
	return ok && b.Op == token.MUL && isFloat(r.Info.TypeOf(b)) && r.Info.Types[e].Value == nil
}

// rounded returns what to write instead of the product e.
func (r *reader) rounded(e ast.Expr) string { return r.conversion(e, e) }

// conversion returns e converted to the type of another expression.
func (r *reader) conversion(typed, e ast.Expr) string {
	return fmt.Sprintf("%s(%s)", types.TypeString(r.Info.TypeOf(typed), types.RelativeTo(r.Types)), types.ExprString(e))
}

// unsigned returns e without parentheses and signs around it.
func unsigned(e ast.Expr) ast.Expr {
	for {
		switch outer := e.(type) {
		case *ast.ParenExpr:
			e = outer.X
		case *ast.UnaryExpr:
			if outer.Op != token.SUB && outer.Op != token.ADD {
				return e
			}
			e = outer.X
		default:
			return e
		}
	}
}

// devicePath is the import path of the package of Tile and Kernel.
const devicePath = "offload/device"

// takesTile reports whether a function has a parameter of type *device.Tile.
func takesTile(t types.Type) bool {
	s, ok := t.(*types.Signature)
	if !ok {
		return false
	}
	for p := range s.Params().Variables() {
		if pointer, ok := types.Unalias(p.Type()).(*types.Pointer); ok {
			if named, ok := types.Unalias(pointer.Elem()).(*types.Named); ok && isOfDevice(named.Obj(), "Tile") {
				return true
			}
		}
	}
	return false
}

// isCodeOfKernel reports whether a field of device.Kernel or device.HostCode holds code.
func isCodeOfKernel(o types.Object) bool {
	field, ok := o.(*types.Var)
	return ok && field.IsField() && isOfDevice(o, "Contract", "Host", "Run")
}

func isOfDevice(o types.Object, names ...string) bool {
	return o.Pkg() != nil && o.Pkg().Path() == devicePath && slices.Contains(names, o.Name())
}

func isFloat(t types.Type) bool { return isBasic(t, types.IsFloat) }

func isComplex(t types.Type) bool { return isBasic(t, types.IsComplex) }

// isBasic reports whether t is a type with that property, or a type parameter that may be
// one.
func isBasic(t types.Type, info types.BasicInfo) bool {
	switch t := t.(type) {
	case nil:
		return false
	case *types.TypeParam:
		return isBasic(t.Constraint(), info)
	case *types.Union:
		for term := range t.Terms() {
			if isBasic(term.Type(), info) {
				return true
			}
		}
		return false
	}
	switch u := t.Underlying().(type) {
	case *types.Basic:
		return u.Info()&info != 0
	case *types.Interface: // a constraint; other interfaces have no arithmetic
		for e := range u.EmbeddedTypes() {
			if isBasic(e, info) {
				return true
			}
		}
	}
	return false
}

// place identifies a variable, field, parameter or result by the position of its
// declaration, which does not depend on how its package was loaded. For a slice it
// includes the elements. An empty place is none.
type place string

// placeOf returns the place of a variable or function.
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

// result returns the place of result i of the function at p.
func (p place) result(i int) place { return p.part("result", i) }
func (p place) param(i int) place  { return p.part("parameter", i) }

// receiver is the index of the receiver among the parameters.
const receiver = -1

func (p place) part(what string, i int) place {
	if p == "" {
		return ""
	}
	return place(fmt.Sprintf("%s %s %d", p, what, i))
}

// flow records the data flow between places.
type flow struct {
	from     map[place][]place        // sources of the values of a place
	sums     map[place]token.Position // places that are operands of a sum, and its position
	products []product
}

// product is a product that is stored without rounding.
type product struct {
	at     token.Position
	text   string
	advice string
	to     place
}

// edge records that values flow from one place to another.
func (f *flow) edge(from, to place) {
	if from != "" && to != "" {
		f.from[to] = append(f.from[to], from)
	}
}

// link records that the function at from is also called through to.
func (f *flow) link(from, to place, s *types.Signature) {
	for i := range s.Params().Len() {
		f.edge(to.param(i), from.param(i))
	}
	for i := range s.Results().Len() {
		f.edge(from.result(i), to.result(i))
	}
}

// fused returns the products that reach a sum.
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
