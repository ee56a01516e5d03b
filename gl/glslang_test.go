package gl

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"offload/device"
	"offload/gl/internal/native"
	"offload/kernels"
)

// requireGlslang makes a missing glslangValidator a failure.
const requireGlslang = "OFFLOAD_REQUIRE_GLSLANG"

// The reference compiler accepts the whole text of every shader as GLSL 4.30: exact and
// fast, with and without double, with all capabilities, none, each one alone, and all
// but one.
func TestShadersAreGLSL(t *testing.T) {
	validator, err := exec.LookPath("glslangValidator")
	if err != nil {
		if os.Getenv(requireGlslang) != "" {
			t.Fatal(err)
		}
		t.Skip(err)
	}
	all := kernels.All()
	for _, p := range native.Probes() {
		all = append(all, p.Kernel)
	}
	texts := 0
	for _, k := range all {
		files := writeTexts(t, k)
		if log, err := exec.Command(validator, files...).CombinedOutput(); err != nil {
			t.Errorf("%s: %v\n%s", k.Name, err, log)
		}
		texts += len(files)
	}
	t.Logf("%d texts of %d kernels are valid", texts, len(all))
}

// writeTexts writes the kernel's text in each dialect to a file named after it.
func writeTexts(t *testing.T, k *device.Kernel) []string {
	t.Helper()
	dir := t.TempDir()
	var files []string
	for _, d := range dialects() {
		if !d.doubles && slices.ContainsFunc(k.Params, func(p device.Param) bool { return p.Type == device.Float64 }) {
			continue
		}
		text, err := d.source(k)
		if err != nil {
			t.Fatal(err)
		}
		name := fmt.Sprintf("%s doubles=%t fast=%t %s.comp", k.Name, d.doubles, d.fast, strings.Join(d.exact, ","))
		file := filepath.Join(dir, name)
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		files = append(files, file)
	}
	return files
}

// dialects are the ways in which a shader may be compiled.
func dialects() []dialect {
	var all capabilities
	for _, p := range native.Probes() {
		all = append(all, p.Define)
	}
	sets := []capabilities{nil, all}
	for i, c := range all {
		sets = append(sets, capabilities{c}, slices.Delete(slices.Clone(all), i, i+1))
	}
	var list []dialect
	for _, exact := range sets {
		for _, fast := range []bool{false, true} {
			list = append(list, dialect{doubles: true, fast: fast, exact: exact})
			if !strings.Contains(strings.Join(exact, " "), "64") {
				list = append(list, dialect{fast: fast, exact: exact})
			}
		}
	}
	return list
}
