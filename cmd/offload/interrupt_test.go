//go:build unix

package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
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
			untilBusy(t, cmd.Process.Pid, 400*time.Millisecond)
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

// untilBusy waits until a process has used that much time of a processor, which tells
// more of how far it has come than a clock does while the machine is busy.
func untilBusy(t *testing.T, pid int, used time.Duration) {
	t.Helper()
	if runtime.GOOS != "linux" {
		time.Sleep(used)
		return
	}
	const tick = 10 * time.Millisecond // of the kernel's accounts: see proc_pid_stat(5)
	for range 6000 {
		stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
		if err != nil {
			t.Fatal(err)
		}
		fields := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:])) // from the third on
		user, err1 := strconv.Atoi(fields[14-3])
		system, err2 := strconv.Atoi(fields[15-3])
		if err := errors.Join(err1, err2); err != nil {
			t.Fatal(err)
		}
		if time.Duration(user+system)*tick >= used {
			return
		}
		time.Sleep(tick)
	}
	t.Fatalf("the program did not get %v of a processor within a minute", used)
}
