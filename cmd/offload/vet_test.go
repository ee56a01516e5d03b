package main

import (
	"strings"
	"testing"
)

// vet prints file, line and column of each product that may be fused and what to write
// instead, and exits with 1, or with 0 if there is none.
func TestVet(t *testing.T) {
	t.Chdir("testdata/vet")
	code, stdout, stderr := execute("vet", "./...")
	if code != exitFailed || stdout != "axpy.go:20:9: v * w may be fused with the sum around it, which changes bits: write float64(v * w)\n" ||
		stderr != "offload: products that may be fused: 1\n" {
		t.Errorf("exit code %d, stdout %q, stderr %q", code, stdout, stderr)
	}
	for _, patterns := range [][]string{nil, {"."}, {"offload/cmd/offload/testdata/vet"}} {
		if again, same, _ := execute(append([]string{"vet"}, patterns...)...); again != code || same != stdout {
			t.Errorf("%q: exit code %d, stdout %q", patterns, again, same)
		}
	}
}

// Packages without kernels lead to a note.
func TestVetOfOthers(t *testing.T) {
	for _, c := range []struct {
		name, says string
		code       int
		args       []string
	}{
		{"kernels that are right", "", exitDone, []string{"vet", "offload/kernels/..."}},
		{"no kernels", "note: no function of these packages takes a *device.Tile", exitDone, []string{"vet", "offload/internal/progress"}},
		{"tags", "", exitDone, []string{"vet", "--tags=purego", "offload/kernels/grid"}},
		{"a package that is not there", "offload/none", exitFailed, []string{"vet", "offload/none"}},
		{"a pattern that matches nothing", "no packages match", exitUsage, []string{"vet", "offload/none/..."}},
		{"an unknown flag", "--fix", exitUsage, []string{"vet", "--fix"}},
	} {
		code, stdout, stderr := execute(c.args...)
		if code != c.code || stdout != "" || !strings.Contains(stderr, c.says) || c.says == "" && stderr != "" {
			t.Errorf("%s: exit code %d, stdout %q, stderr %q", c.name, code, stdout, stderr)
		}
	}
}
