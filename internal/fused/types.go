package fused

import (
	"go/types"
	"slices"
)

// devicePath is the package of Tile and Kernel.
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

// isBasic reports whether t is such a type, or a type parameter that may be one.
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
	case *types.Interface: // a constraint: nothing else with one is computed with
		for e := range u.EmbeddedTypes() {
			if isBasic(e, info) {
				return true
			}
		}
	}
	return false
}
