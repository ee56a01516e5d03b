package pairs

import (
	"os"
	"testing"
	"unsafe"
)

// guard is what stands before and after guarded values.
const guard = 0xa5a5a5a5a5a5a5a5

// guardedValue is a value between guard words, at an address that is no multiple
// of 32.
type guardedValue[V any] struct {
	before [9]uint64
	v      V
	after  [9]uint64
}

// checks of the guards of the values made since the last checkGuards.
var checks []func() bool

func guarded[V any](t *testing.T) *guardedValue[V] {
	t.Helper()
	g := new(guardedValue[V])
	for i := range g.before {
		g.before[i], g.after[i] = guard, guard
	}
	checks = append(checks, func() bool {
		for i := range g.before {
			if g.before[i] != guard || g.after[i] != guard {
				return false
			}
		}
		return true
	})
	return g
}

func (t *Tile[T]) copy(tt *testing.T) *guardedValue[Tile[T]] {
	g := guarded[Tile[T]](tt)
	g.v = *t
	return g
}

func checkGuards(t *testing.T, what string) {
	t.Helper()
	for _, ok := range checks {
		if !ok() {
			t.Fatalf("%s: memory beside a value was written", what)
		}
	}
	checks = checks[:0]
}

// requireForms fails where OFFLOAD_REQUIRE_SIMD is set and there is no form but
// plain Go.
func requireForms(t *testing.T, n int) {
	t.Helper()
	if n > 0 {
		return
	}
	if os.Getenv("OFFLOAD_REQUIRE_SIMD") != "" {
		t.Fatal("OFFLOAD_REQUIRE_SIMD is set and this machine or build has no vector form")
	}
	t.Skip("this machine or build has no vector form")
}

func TestColumnsAreWhereTheAssemblyLooks(t *testing.T) {
	var s Sums[float32]
	var d Sums[float64]
	var tile Tile[float64]
	if unsafe.Offsetof(s.Z) != 2*(Size+8)*4 || unsafe.Offsetof(d.Y) != (Size+8)*8 || unsafe.Offsetof(tile.GM) != 3*Size*8 {
		t.Error("the layout of tiles or sums has changed")
	}
}
