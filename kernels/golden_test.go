package kernels

import (
	"crypto/sha256"
	"encoding/hex"
	"testing"
)

// The contracts' results never change: on no architecture, at no level of
// optimisation, in no later version. A new contract needs a new kernel name.
func TestContractsNeverChange(t *testing.T) {
	want := map[string]string{
		"force.f32":     "ed50cdd1760cf78e6291a5f7",
		"force.f64":     "e5b26a18ee2abfaee8c27645",
		"potential.f32": "bc1e750ed8ffe8cc7ddc3be0",
		"potential.f64": "f2b3cbaf8637784b9ed4d8da",
		"leapfrog.f64":  "e1af46555a14ab7a100dfe8c",
		"wh.f64":        "853a0a6e3d7eb7da7182a904",
		"laplacian.f32": "b735b369aca2df7444473fe8",
		"laplacian.f64": "da3d9a7f28756ebbb4baf23c",
		"heat.f32":      "b1ef6a89a99c7a9e96bd0457",
		"heat.f64":      "896dc24359af4c0103a3d682",
		"start.f32":     "2688fb077e05c7f54dee23df",
		"start.f64":     "85d2cee25e9a81b90a5ae297",
		"cycle.f32":     "14d3f06340f0d11dde98eaed",
		"cycle.f64":     "20e42c5d84cbbe7e681df21f",
		"finish.f32":    "b470a1204d89b58735ab746d",
		"finish.f64":    "5015f5d3418e1b145b16e500",
		"direction.f32": "d284b8a89a44ebbf821881bf",
		"direction.f64": "8a628ba23ac150e9daf0b49f",
		"step.f32":      "c41726d609d1e3dfd3f0292b",
		"step.f64":      "0e6a08389d66bd9d59e70f1d",
		"dot.f32":       "5d90a462911386d0f6b68ece",
		"dot.f64":       "ff71f8dd377e7dd84fdc6b8e",
		"smooth.f32":    "4ec3ea4d64c7c02ca80d986c",
		"restrict.f32":  "56d1488c32decf154cecb101",
		"prolong.f32":   "17875345b57ff5d2a49f34e5",
	}
	for _, k := range All() {
		h := sha256.New()
		for _, n := range []int{5, 300} {
			for _, c := range k.Examples(n) {
				if err := c.Contract(); err != nil {
					t.Fatalf("%s (%s): %v", k.Name, c.Label, err)
				}
				for i, p := range k.Params {
					if p.Access.Writes() {
						h.Write(c.Args[i].Data.Bytes())
					}
				}
			}
		}
		if got := hex.EncodeToString(h.Sum(nil)[:12]); got != want[k.Name] {
			t.Errorf("%q: %q,", k.Name, got)
		}
	}
}
