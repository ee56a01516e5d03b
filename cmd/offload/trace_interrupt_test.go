//go:build unix

package main

import (
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// After Ctrl-C the trace is complete, and the one line on stderr names its file.
func TestInterruptLeavesATrace(t *testing.T) {
	for _, c := range []struct {
		name string
		want string // a kind of event
		args []string
	}{
		{"bench", "worker tile force.f32", []string{"bench", "--kernel=force", "--n=100000", "--count=1000"}},
		{"plate", "queue launch laplacian.f64", []string{"sim", "plate", "--n=501", "--top=100", "--solver=jacobi", "--tol=1e-12"}},
		{"solar", "queue launch force.f64", []string{"sim", "solar", "--until=9e7"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "t.json")
			p := start(t, "", append(c.args, "--device=cpu", "--trace="+path)...)
			untilBusy(t, p.cmd.Process.Pid, time.Second)
			stderr, code := p.end(t, syscall.SIGINT)
			if code != exitFailed {
				t.Errorf("ended with exit code %d, want %d", code, exitFailed)
			}
			lines := strings.Split(stderr, "\n")
			lines = slices.DeleteFunc(lines, func(l string) bool { return strings.HasPrefix(l, "note: --trace: ") })
			text := strings.Join(lines, "\n")
			if !strings.HasPrefix(text, "offload: interrupted: ") || strings.Contains(text, "\n") || !strings.HasSuffix(text, "the trace so far is in "+path) {
				t.Errorf("stderr is %q", text)
			}
			if got := kinds(readBack(t, path)); got[c.want] == 0 {
				t.Errorf("no event %q in %v", c.want, got)
			}
		})
	}
}
