package fused

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// Find returns the products in the lines that end with fused, and no others.
func TestCheck(t *testing.T) {
	found, kernels, err := Check(context.Background(), "testdata", "", "./kernels")
	if err != nil {
		t.Fatal(err)
	}
	if kernels != 5 {
		t.Errorf("%d functions take a tile, want 5", kernels)
	}
	want := marked(t, "testdata/kernels/kernels.go", "testdata/kernels/helper/helper.go")
	var got []string
	for _, f := range found {
		if line := fmt.Sprintf("%s:%d", filepath.Base(f.Pos.Filename), f.Pos.Line); !slices.Contains(got, line) {
			got = append(got, line)
			if !slices.Contains(want, line) {
				t.Errorf("%s is not marked: %s", line, f.Message)
			}
		}
	}
	for _, line := range want {
		if !slices.Contains(got, line) {
			t.Errorf("%s was not found", line)
		}
	}
}

// marked returns the lines that end with fused.
func marked(t *testing.T, paths ...string) (lines []string) {
	t.Helper()
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for i, line := range strings.Split(string(text), "\n") {
			if strings.HasSuffix(line, "// fused") {
				lines = append(lines, fmt.Sprintf("%s:%d", filepath.Base(path), i+1))
			}
		}
	}
	return lines
}

// A message contains the replacement, with the expressions of the program.
func TestMessages(t *testing.T) {
	found, _, err := Check(context.Background(), "testdata", "", "./kernels")
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, f := range found {
		all = append(all, f.Message)
	}
	for _, want := range []string{
		"v * w may be fused with the sum around it, which changes bits: write float64(v * w)",
		"x[1] * x[2] may be fused with the sum around it, which changes bits: write T(x[1] * x[2])",
		"n * number(x) may be fused with the sum in line 122, which changes bits: write number(n * number(x))",
		"x * x may be fused with the sum in kernels.go:89, which changes bits: write float64(x * x)",
		"e * x[2] may be fused with the sum in line 80, which changes bits: write e = float64(e * x[2])",
	} {
		if !slices.Contains(all, want) {
			t.Errorf("nothing says %q", want)
		}
	}
	if t.Failed() {
		t.Log(strings.Join(all, "\n"))
	}
}

// Packages that cannot be examined are errors.
func TestCheckOfNothing(t *testing.T) {
	ctx := context.Background()
	if _, _, err := Check(ctx, t.TempDir(), "", "./..."); err == nil {
		t.Error("a folder without a module")
	}
	if _, _, err := Check(ctx, "testdata", "", "./none"); err == nil || !strings.Contains(err.Error(), "none") {
		t.Errorf("a package that is not there: %v", err)
	}
	empty, broken := t.TempDir(), t.TempDir()
	if err := os.WriteFile(filepath.Join(empty, "go.mod"), []byte("module empty\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, _, err := Check(ctx, empty, "", "./..."); !errors.Is(err, ErrNoPackages) {
		t.Errorf("a module without packages: %v, want ErrNoPackages", err)
	}
	for name, text := range map[string]string{"go.mod": "module broken\n", "broken.go": "package broken\n\nvar x int = \"one\"\n"} {
		if err := os.WriteFile(filepath.Join(broken, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if _, _, err := Check(ctx, broken, "", "."); err == nil || !strings.Contains(err.Error(), "broken.go:3") {
		t.Errorf("a package that does not compile: %v", err)
	}
	cancelled, cancel := context.WithCancel(ctx)
	cancel()
	if _, _, err := Check(cancelled, "testdata", "", "./kernels"); err == nil {
		t.Error("a context that is done")
	}
}
