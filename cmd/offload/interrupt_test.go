//go:build unix

package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestMain runs the program instead of the tests in the processes that tests start.
func TestMain(m *testing.M) {
	if os.Getenv("OFFLOAD_TEST_AS_PROGRAM") != "" {
		main()
	}
	os.Exit(withCosts(m.Run))
}

// A signal ends long work within a second, with one line about what was kept.
func TestSignals(t *testing.T) {
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
		{"plate prepared", "nothing was written", []string{"sim", "plate", "--n=2501", "--top=100", "--left=insulated"}, ""},
		{"plate in steps", "kept the field so far", []string{"sim", "plate", "--n=129", "--left=flux:5000", "--time=1e5", "--dt=0.1", "--out=" + out + ".npz"}, out + ".npz"},
		{"plate", "nothing was written", []string{"sim", "plate", "--n=1001", "--top=100", "--solver=jacobi", "--tol=1e-12"}, ""},
		{"plate kept", "kept the field so far", []string{"sim", "plate", "--n=1001", "--top=100", "--solver=jacobi", "--tol=1e-12", "--out=" + out + ".npy"}, out + ".npy"},
	} {
		for _, sig := range []syscall.Signal{syscall.SIGINT, syscall.SIGHUP} {
			if sig == syscall.SIGHUP && c.kept == "" {
				continue
			}
			t.Run(c.name+"/"+sig.String(), func(t *testing.T) {
				os.Remove(c.kept)
				p := start(t, "", append(c.args, "--device=cpu")...)
				began := time.Now()
				text, code := p.end(t, sig)
				took := time.Since(began)
				if code != exitFailed {
					t.Errorf("ended with exit code %d, want %d", code, exitFailed)
				}
				if !strings.HasPrefix(text, "offload: interrupted: ") || strings.Contains(text, "\n") || !strings.Contains(text, c.says) {
					t.Errorf("stderr is %q", text)
				}
				if took > 5*time.Second { // a second on a quiet machine
					t.Errorf("took %v after the signal", took)
				}
				if c.kept != "" {
					if info, err := os.Stat(c.kept); err != nil || info.Size() == 0 {
						t.Errorf("what was said to be kept is not there: %v", err)
					}
				}
			})
		}
	}
}

// A signal that was ignored at the start of the program, as under nohup, stays ignored.
func TestIgnoredSignals(t *testing.T) {
	p := start(t, `trap "" HUP; exec "$0" "$@"`, "sim", "solar", "--until=9e7", "--device=cpu")
	if err := p.cmd.Process.Signal(syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	untilBusy(t, p.cmd.Process.Pid, time.Second)
	if text, code := p.end(t, syscall.SIGINT); code != exitFailed || !strings.Contains(text, "nothing was written") {
		t.Errorf("exit code %d, stderr %q", code, text)
	}
}

// program is a process of this program.
type program struct {
	cmd    *exec.Cmd
	stderr bytes.Buffer
}

// start starts the program, through a line of shell script if there is one, and returns
// when it is busy.
func start(t *testing.T, script string, args ...string) *program {
	t.Helper()
	p := &program{cmd: exec.Command(os.Args[0], args...)}
	if script != "" {
		p.cmd = exec.Command("sh", append([]string{"-c", script, os.Args[0]}, args...)...)
	}
	p.cmd.Env = append(os.Environ(), "OFFLOAD_TEST_AS_PROGRAM=1")
	p.cmd.Stderr = &p.stderr
	// If the tests ignore a signal, as under nohup, so would the program, but not if they
	// catch it.
	caught := make(chan os.Signal, 1)
	signal.Notify(caught, syscall.SIGINT, syscall.SIGHUP)
	defer signal.Stop(caught)
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	untilBusy(t, p.cmd.Process.Pid, 800*time.Millisecond)
	return p
}

// end sends a signal and returns what the program wrote to stderr, and its exit code.
func (p *program) end(t *testing.T, sig syscall.Signal) (stderr string, code int) {
	t.Helper()
	if err := p.cmd.Process.Signal(sig); err != nil {
		t.Fatal(err)
	}
	defer time.AfterFunc(time.Minute, func() { p.cmd.Process.Kill() }).Stop()
	var exit *exec.ExitError
	if err := p.cmd.Wait(); err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return strings.TrimSpace(p.stderr.String()), p.cmd.ProcessState.ExitCode()
}

// untilBusy waits until a process has used that much CPU time, which on a busy machine is
// a better measure of its progress than the clock.
func untilBusy(t *testing.T, pid int, used time.Duration) {
	t.Helper()
	if runtime.GOOS != "linux" {
		time.Sleep(used)
		return
	}
	const tick = 10 * time.Millisecond // unit of CPU times; see proc_pid_stat(5)
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
