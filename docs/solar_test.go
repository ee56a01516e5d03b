package docs_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"
)

// Each command of solar.md runs.
func TestSolarCommands(t *testing.T) {
	text, err := os.ReadFile("solar.md")
	if err != nil {
		t.Fatal(err)
	}
	program := filepath.Join(t.TempDir(), "offload")
	if runtime.GOOS == "windows" {
		program += ".exe"
	}
	if out, err := exec.Command("go", "build", "-o", program, "../cmd/offload").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	commands := regexp.MustCompile(`(?m)^\$ offload (.*)$`).FindAllStringSubmatch(string(text), -1)
	if len(commands) != 4 {
		t.Errorf("%d commands", len(commands))
	}
	for _, m := range commands {
		out, err := exec.Command(program, append(strings.Fields(m[1]), "--device=cpu")...).CombinedOutput()
		if err != nil || !strings.HasPrefix(string(out), "radau15 from JD 2451545.0000") {
			t.Errorf("%s: %v\n%s", m[1], err, out)
		}
	}
}
