package fused

import (
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
)

// place is where the value of e is, or that of which it is a part.
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

// rounded is what to write for the product e.
func (r *reader) rounded(e ast.Expr) string { return r.conversion(e, e) }

// conversion is e converted to the type of another expression.
func (r *reader) conversion(typed, e ast.Expr) string {
	return fmt.Sprintf("%s(%s)", types.TypeString(r.Info.TypeOf(typed), types.RelativeTo(r.Types)), types.ExprString(e))
}

// unsigned is e without parentheses and signs around it.
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
