// Package fused finds products in the code of kernels that a compiler may fuse with a
// sum. The language allows x*y + z to be computed with one rounding instead of two,
// even if the product reaches the sum through variables, arguments and results. Whether
// that happens depends on the processor, and so do the bits. An explicit conversion,
// float64(x*y) + z, prevents it; an assignment does not.
//
// The code of kernels is every function that takes a *device.Tile, what is assigned to
// a kernel's Contract or Host, and the functions of the given packages that these
// mention. Functions called through an interface and functions of other packages are
// not examined. A product is found if it may reach a sum in that code. Variables are
// distinguished, but not elements of a slice or fields of several structs of one type.
package fused

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
	"slices"
	"strings"

	"golang.org/x/tools/go/packages"
)

// Package is a package with its syntax and types.
type Package struct {
	Files []*ast.File
	Types *types.Package
	Info  *types.Info
	// Kernels selects the package's kernels. In other packages only what these mention
	// is examined.
	Kernels bool
}

// Finding is a product that may be fused.
type Finding struct {
	Pos     token.Position
	Message string
}

// Find returns the products that may be fused, sorted by position, and the number of
// functions that take a *device.Tile.
func Find(fset *token.FileSet, packages []*Package) (found []Finding, kernels int) {
	s := search{
		fset: fset, declared: map[place]code{}, seen: map[place]bool{}, tiles: map[place]bool{},
		flow: flow{from: map[place][]place{}, sums: map[place]token.Position{}},
	}
	for _, p := range packages {
		s.declare(p)
	}
	for _, p := range packages {
		if p.Kernels {
			s.kernels(p)
		}
	}
	for len(s.todo) > 0 {
		next := s.todo[0]
		s.todo = s.todo[1:]
		s.read(next)
	}
	found = append(s.found, s.flow.fused()...)
	slices.SortFunc(found, func(a, b Finding) int {
		return cmp.Or(cmp.Compare(a.Pos.Filename, b.Pos.Filename), cmp.Compare(a.Pos.Offset, b.Pos.Offset), cmp.Compare(a.Message, b.Message))
	})
	return slices.Compact(found), len(s.tiles)
}

// code is a function or an expression to examine.
type code struct {
	node ast.Node
	in   *Package
}

// search is the state of Find.
type search struct {
	fset     *token.FileSet
	declared map[place]code // functions and variables of packages
	todo     []code
	seen     map[place]bool // code that is or was in todo
	tiles    map[place]bool // functions that take a tile
	flow     flow
	found    []Finding // products that are operands of sums themselves
}

// declare records the package's functions and variables.
func (s *search) declare(p *Package) {
	add := func(name *ast.Ident, node ast.Node) {
		if at := s.placeOf(p.Info.Defs[name]); at != "" {
			s.declared[at] = code{node, p}
		}
	}
	for _, f := range p.Files {
		for _, d := range f.Decls {
			switch d := d.(type) {
			case *ast.FuncDecl:
				add(d.Name, d)
			case *ast.GenDecl:
				for _, spec := range d.Specs {
					if v, ok := spec.(*ast.ValueSpec); ok && len(v.Values) > 0 {
						for _, name := range v.Names {
							add(name, v)
						}
					}
				}
			}
		}
	}
}

// kernels adds the code of the package's kernels.
func (s *search) kernels(p *Package) {
	for _, f := range p.Files {
		ast.Inspect(f, func(node ast.Node) bool {
			switch node := node.(type) {
			case *ast.FuncDecl:
				if takesTile(p.Info.TypeOf(node.Name)) {
					s.add(code{node, p})
					s.tiles[s.placeAt(node.Pos())] = true
				}
			case *ast.FuncLit:
				if takesTile(p.Info.TypeOf(node)) {
					s.add(code{node, p})
					s.tiles[s.placeAt(node.Pos())] = true
				}
			case *ast.KeyValueExpr: // in a composite literal of a kernel
				if name, ok := node.Key.(*ast.Ident); ok && isCodeOfKernel(p.Info.Uses[name]) {
					s.add(code{node.Value, p})
				}
			case *ast.AssignStmt:
				for i, left := range node.Lhs {
					if sel, ok := left.(*ast.SelectorExpr); ok && len(node.Rhs) == len(node.Lhs) && isCodeOfKernel(p.Info.Uses[sel.Sel]) {
						s.add(code{node.Rhs[i], p})
					}
				}
			}
			return true
		})
	}
}

func (s *search) add(c code) {
	if at := s.placeAt(c.node.Pos()); !s.seen[at] {
		s.seen[at] = true
		s.todo = append(s.todo, c)
	}
}

// read examines code, and adds what it mentions.
func (s *search) read(c code) {
	r := reader{search: s, Package: c.in}
	var around []ast.Node
	ast.Inspect(c.node, func(node ast.Node) bool {
		if node == nil {
			r.leave(around[len(around)-1])
			around = around[:len(around)-1]
			return true
		}
		around = append(around, node)
		if name, ok := node.(*ast.Ident); ok {
			if there, ok := s.declared[s.placeOf(c.in.Info.Uses[name])]; ok {
				s.add(there)
			}
		}
		r.visit(node)
		return true
	})
}

// ErrNoPackages means that the patterns match no packages.
var ErrNoPackages = errors.New("no packages match")

// Check loads the packages that match patterns, as for the go command in folder ("" is
// the current one), with their tests and with comma-separated build tags, and returns
// the results of Find. Functions of other packages of the same modules are examined if
// kernels mention them. It fails if a package does not compile, and with
// ErrNoPackages if none matches.
func Check(ctx context.Context, folder, tags string, patterns ...string) (found []Finding, kernels int, err error) {
	config := &packages.Config{
		Context: ctx, Dir: folder, Tests: true,
		BuildFlags: []string{"-tags=" + tags},
		Mode:       packages.NeedName | packages.NeedForTest | packages.NeedImports | packages.NeedDeps | packages.NeedModule,
	}
	named, err := load(config, patterns)
	if err != nil {
		return nil, 0, err
	}
	config.Mode = packages.NeedName | packages.NeedForTest | packages.NeedFiles | packages.NeedCompiledGoFiles | packages.NeedImports |
		packages.NeedSyntax | packages.NeedTypes | packages.NeedTypesInfo
	wanted, around := modules(named)
	all, err := load(config, around)
	if err != nil {
		return nil, 0, err
	}
	var list []*Package
	for _, p := range all {
		list = append(list, &Package{Files: p.Syntax, Types: p.Types, Info: p.TypesInfo, Kernels: wanted[basePath(p)]})
	}
	found, kernels = Find(all[0].Fset, list)
	return found, kernels, nil
}

// load is like packages.Load but joins the packages' errors.
func load(config *packages.Config, patterns []string) ([]*packages.Package, error) {
	all, err := packages.Load(config, patterns...)
	if err != nil {
		return nil, err
	}
	if len(all) == 0 {
		return nil, fmt.Errorf("%w: %s", ErrNoPackages, strings.Join(patterns, " "))
	}
	seen := map[string]bool{}
	for _, p := range all {
		for _, e := range p.Errors {
			if !seen[e.Error()] {
				seen[e.Error()] = true
				err = errors.Join(err, e)
			}
		}
	}
	return all, err
}

// modules returns the paths of the packages, and of the packages of the same modules that
// they import.
func modules(named []*packages.Package) (wanted map[string]bool, around []string) {
	wanted = map[string]bool{}
	of := map[string]bool{} // the modules
	for _, p := range named {
		wanted[basePath(p)] = true
		if p.Module != nil {
			of[p.Module.Path] = true
		}
	}
	seen := map[string]bool{}
	packages.Visit(named, func(p *packages.Package) bool {
		path := basePath(p)
		if !seen[path] && (wanted[path] || p.Module != nil && of[p.Module.Path]) {
			seen[path] = true
			around = append(around, path)
		}
		return true
	}, nil)
	return wanted, around
}

// basePath returns the path of p, or of the package that p tests.
func basePath(p *packages.Package) string {
	if p.ForTest != "" {
		return p.ForTest
	}
	return strings.TrimSuffix(p.PkgPath, ".test")
}
