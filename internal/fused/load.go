package fused

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"golang.org/x/tools/go/packages"
)

// ErrNoPackages: the patterns match nothing.
var ErrNoPackages = errors.New("no packages match")

// Check loads the packages that patterns name, as the go command understands them in a
// folder ("" for the current one), with their tests and with build tags between commas,
// and returns what Find finds in them. Functions of other packages of the same modules
// are looked at where kernels mention them. A package that does not compile is an error.
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

// load is packages.Load with the packages' errors as one.
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

// modules are the paths of the packages, and of those that they import from the same
// modules.
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

// basePath is the path of the package that p is, or that p is a test of.
func basePath(p *packages.Package) string {
	if p.ForTest != "" {
		return p.ForTest
	}
	return strings.TrimSuffix(p.PkgPath, ".test")
}
