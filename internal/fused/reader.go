package fused

import (
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
)

// reader examines the code of one package.
type reader struct {
	*search
	*Package
	functions []place // enclosing functions, innermost last
}

// visit is called for each node, before its children.
func (r *reader) visit(node ast.Node) {
	switch node := node.(type) {
	case *ast.FuncDecl:
		at := r.placeOf(r.Info.Defs[node.Name])
		if node.Recv != nil {
			r.fields(node.Recv, func(int) place { return at.param(receiver) }, r.flow.edge)
		}
		r.enter(at, node.Type)
	case *ast.FuncLit:
		r.enter(r.placeAt(node.Pos()), node.Type)
	case *ast.BinaryExpr:
		r.binary(node)
	case *ast.IncDecStmt:
		r.operand(node.X, node.Pos())
	case *ast.AssignStmt:
		r.assign(node)
	case *ast.ValueSpec:
		var names []ast.Expr
		for _, name := range node.Names {
			names = append(names, name)
		}
		r.set(names, node.Values)
	case *ast.ReturnStmt:
		if n := len(r.functions); n > 0 && len(node.Results) > 0 {
			r.moves(r.functions[n-1].result, len(node.Results), node.Results)
		}
	case *ast.CallExpr:
		r.call(node)
	case *ast.CompositeLit:
		r.literal(node)
	case *ast.RangeStmt:
		if node.Value != nil {
			r.move(r.place(node.Value), node.X)
		}
	}
}

// leave is called for each node, after its children.
func (r *reader) leave(node ast.Node) {
	switch node.(type) {
	case *ast.FuncDecl, *ast.FuncLit:
		r.functions = r.functions[:len(r.functions)-1]
	}
}

// enter begins the function at a place.
func (r *reader) enter(at place, t *ast.FuncType) {
	r.functions = append(r.functions, at)
	r.fields(t.Params, at.param, r.flow.edge)
	if t.Results != nil {
		r.fields(t.Results, at.result, func(from, to place) { r.flow.edge(to, from) })
	}
}

// fields joins the parameters or results of a function with their variables in it.
func (r *reader) fields(list *ast.FieldList, outside func(i int) place, join func(outside, inside place)) {
	i := 0
	for _, field := range list.List {
		for _, name := range field.Names {
			join(outside(i), r.placeOf(r.Info.Defs[name]))
			i++
		}
		if len(field.Names) == 0 {
			i++
		}
	}
}

func (r *reader) binary(e *ast.BinaryExpr) {
	switch e.Op {
	case token.ADD, token.SUB:
		if isFloat(r.Info.TypeOf(e)) {
			r.operand(e.X, e.OpPos)
			r.operand(e.Y, e.OpPos)
		}
	case token.MUL, token.QUO:
		r.complex(e, e)
	}
}

// complex reports products and quotients of complex numbers, which contain sums.
func (r *reader) complex(e ast.Expr, at ast.Node) {
	if isComplex(r.Info.TypeOf(e)) && r.Info.Types[e].Value == nil {
		r.report(at.Pos(), "products and quotients of complex numbers are sums of products, which may be fused, which changes bits: compute with real and imaginary parts")
	}
}

// operand records an operand of a sum.
func (r *reader) operand(e ast.Expr, sum token.Pos) {
	e = unsigned(e)
	if r.isProduct(e) {
		r.report(e.Pos(), "%s may be fused with the sum around it, which changes bits: write %s", types.ExprString(e), r.rounded(e))
	} else if at := r.place(e); at != "" && isFloat(r.Info.TypeOf(e)) {
		if _, ok := r.flow.sums[at]; !ok {
			r.flow.sums[at] = r.fset.Position(sum)
		}
	}
}

func (r *reader) report(at token.Pos, format string, args ...any) {
	r.found = append(r.found, Finding{r.fset.Position(at), fmt.Sprintf(format, args...)})
}

func (r *reader) assign(s *ast.AssignStmt) {
	switch s.Tok {
	case token.ASSIGN, token.DEFINE:
		r.set(s.Lhs, s.Rhs)
	case token.ADD_ASSIGN, token.SUB_ASSIGN:
		r.operand(s.Lhs[0], s.TokPos)
		r.operand(s.Rhs[0], s.TokPos)
	case token.MUL_ASSIGN, token.QUO_ASSIGN:
		r.complex(s.Lhs[0], s)
		if s.Tok == token.MUL_ASSIGN && isFloat(r.Info.TypeOf(s.Lhs[0])) {
			e := &ast.BinaryExpr{X: s.Lhs[0], Op: token.MUL, Y: s.Rhs[0]}
			r.product(e, s.Pos(), types.ExprString(s.Lhs[0])+" = "+r.conversion(s.Lhs[0], e), r.place(s.Lhs[0]))
		}
	}
}

// set records assignments to variables.
func (r *reader) set(left, right []ast.Expr) {
	r.moves(func(i int) place { return r.place(left[i]) }, len(left), right)
	for i, e := range right {
		r.share(r.place(left[i]), e)
	}
}

// moves records that n places get the values of expressions, or of one call.
func (r *reader) moves(to func(i int) place, n int, values []ast.Expr) {
	if len(values) == 1 {
		if call, ok := ast.Unparen(values[0]).(*ast.CallExpr); ok && n > 1 {
			if _, ok := r.Info.TypeOf(call).(*types.Tuple); ok {
				for i := range n {
					r.flow.edge(r.place(call.Fun).result(i), to(i))
				}
				return
			}
		}
	}
	for i, e := range values {
		r.move(to(i), e)
	}
}

// move records that a place gets the value of e.
func (r *reader) move(to place, e ast.Expr) {
	e = unsigned(e)
	t := r.Info.TypeOf(e)
	if t == nil { // the x.(type) of a switch
		return
	}
	if r.isProduct(e) {
		r.product(e, e.Pos(), r.rounded(e), to)
		return
	}
	if literal, ok := e.(*ast.CompositeLit); ok { // of an array, slice or map
		for _, element := range literal.Elts {
			if pair, ok := element.(*ast.KeyValueExpr); ok {
				element = pair.Value
			}
			r.move(to, element)
		}
		return
	}
	from := r.place(e)
	switch t := t.Underlying().(type) {
	case *types.Signature:
		r.flow.link(from, to, t)
	default:
		r.flow.edge(from, to)
	}
}

// share records that a variable refers to the memory of e.
func (r *reader) share(to place, e ast.Expr) {
	t := r.Info.TypeOf(e)
	if _, ok := ast.Unparen(e).(*ast.CallExpr); ok || t == nil {
		return
	}
	switch t.Underlying().(type) {
	case *types.Slice, *types.Pointer, *types.Map:
		r.flow.edge(to, r.place(e))
	}
}

// product records a product whose value flows to a place.
func (r *reader) product(e ast.Expr, at token.Pos, advice string, to place) {
	r.flow.products = append(r.flow.products, product{r.fset.Position(at), types.ExprString(e), advice, to})
}

// call records the arguments of a call.
func (r *reader) call(call *ast.CallExpr) {
	f := r.Info.Types[call.Fun]
	if f.IsBuiltin() || f.IsType() {
		return
	}
	s, ok := f.Type.Underlying().(*types.Signature)
	if !ok {
		return
	}
	at := r.place(call.Fun)
	if method, ok := ast.Unparen(call.Fun).(*ast.SelectorExpr); ok {
		switch use := r.Info.Selections[method]; {
		case use == nil: // a function of a package
		case use.Kind() == types.MethodVal:
			r.move(at.param(receiver), method.X)
		case use.Kind() == types.MethodExpr:
			return
		}
	}
	n := s.Params().Len()
	r.moves(func(i int) place { return at.param(min(i, n-1)) }, n, call.Args)
}

// literal records the fields of a composite literal.
func (r *reader) literal(e *ast.CompositeLit) {
	t, ok := r.Info.TypeOf(e).Underlying().(*types.Struct)
	if !ok {
		return
	}
	for i, element := range e.Elts {
		if pair, ok := element.(*ast.KeyValueExpr); ok {
			r.move(r.place(pair.Key), pair.Value)
		} else {
			r.move(r.placeOf(t.Field(i)), element)
		}
	}
}
