//go:build unix

package main

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// Ctrl-C leaves a complete trace, and says so in the one line on stderr.
func TestInterruptLeavesATrace(t *testing.T) {
	for _, c := range []struct {
		name string
		want string // a kind of event
		args []string
	}{
		{"bench", "worker tile force.f32", []string{"bench", "--kernel=force", "--n=100000", "--count=1000"}},
		{"plate", "queue launch laplacian.f64", []string{"sim", "plate", "--n=501", "--top=100", "--tol=1e-12"}},
		{"solar", "queue launch force.f64", []string{"sim", "solar", "--until=9e7"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "t.json")
			cmd := exec.Command(os.Args[0], append(c.args, "--device=cpu", "--trace="+path)...)
			cmd.Env = append(os.Environ(), "OFFLOAD_TEST_AS_PROGRAM=1")
			var stderr bytes.Buffer
			cmd.Stderr = &stderr
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			untilBusy(t, cmd.Process.Pid, time.Second)
			if err := cmd.Process.Signal(syscall.SIGINT); err != nil {
				t.Fatal(err)
			}
			err := cmd.Wait()
			var exit *exec.ExitError
			if !errors.As(err, &exit) || exit.ExitCode() != exitFailed {
				t.Errorf("ended with %v, want exit code %d", err, exitFailed)
			}
			lines := strings.Split(strings.TrimSpace(stderr.String()), "\n")
			lines = slices.DeleteFunc(lines, func(l string) bool { return strings.HasPrefix(l, "note: --trace: ") })
			text := strings.Join(lines, "\n")
			if !strings.HasPrefix(text, "offload: interrupted: ") || strings.Contains(text, "\n") || !strings.HasSuffix(text, "the trace up to there is in "+path) {
				t.Errorf("stderr is %q", text)
			}
			if got := kinds(readBack(t, path)); got[c.want] == 0 {
				t.Errorf("no event %q in %v", c.want, got)
			}
		})
	}
}
