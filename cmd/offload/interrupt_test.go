//go:build unix

package main

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestMain runs the program instead of the tests in the process that
// TestInterrupt starts.
func TestMain(m *testing.M) {
	if os.Getenv("OFFLOAD_TEST_AS_PROGRAM") != "" {
		main()
	}
	os.Exit(withCosts(m.Run))
}

// Ctrl-C ends long work within a second, with one line that says what was kept.
func TestInterrupt(t *testing.T) {
	out := filepath.Join(t.TempDir(), "out")
	for _, c := range []struct {
		name, says string
		args       []string
		kept       string // file that must be there
	}{
		{"bench", "interrupted", []string{"bench", "--kernel=force", "--n=200000"}, ""},
		{"verify", "interrupted", []string{"verify"}, ""},
		{"solar", "nothing was written", []string{"sim", "solar", "--until=9e7"}, ""},
		{"solar kept", "kept the state at JD", []string{"sim", "solar", "--until=9e7", "--out=" + out + ".csv"}, out + ".csv"},
		{"plate", "nothing was written", []string{"sim", "plate", "--n=1001", "--top=100", "--tol=1e-12"}, ""},
		{"plate kept", "kept the field so far", []string{"sim", "plate", "--n=1001", "--top=100", "--tol=1e-12", "--out=" + out + ".npy"}, out + ".npy"},
	} {
		t.Run(c.name, func(t *testing.T) {
			cmd := exec.Command(os.Args[0], append(c.args, "--device=cpu")...)
			cmd.Env = append(os.Environ(), "OFFLOAD_TEST_AS_PROGRAM=1")
			var stderr bytes.Buffer
			cmd.Stderr = &stderr
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			time.Sleep(400 * time.Millisecond)
			start := time.Now()
			if err := cmd.Process.Signal(syscall.SIGINT); err != nil {
				t.Fatal(err)
			}
			err := cmd.Wait()
			took := time.Since(start)
			var exit *exec.ExitError
			if !errors.As(err, &exit) || exit.ExitCode() != exitFailed {
				t.Errorf("ended with %v, want exit code %d", err, exitFailed)
			}
			text := strings.TrimSpace(stderr.String())
			if !strings.HasPrefix(text, "offload: interrupted: ") || strings.Contains(text, "\n") || !strings.Contains(text, c.says) {
				t.Errorf("stderr is %q", text)
			}
			if took > 5*time.Second { // a second on a quiet machine
				t.Errorf("took %v after the interrupt", took)
			}
			t.Logf("ended %v after the interrupt", took)
			if c.kept != "" {
				if info, err := os.Stat(c.kept); err != nil || info.Size() == 0 {
					t.Errorf("what was said to be kept is not there: %v", err)
				}
			}
		})
	}
}
