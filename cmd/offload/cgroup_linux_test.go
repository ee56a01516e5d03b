package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// A plate that exceeds the memory of the process's control group is refused with an error
// that names the group, and one that fits is solved. Linux would kill the process.
func TestControlGroup(t *testing.T) {
	name := fmt.Sprintf("offload-test-%d", os.Getpid())
	group, err := limitedGroup(name, 200_000_000)
	if err != nil {
		t.Skip("no control group can be made here: ", err)
	}
	defer os.Remove(group)
	program := buildProgram(t)
	for _, c := range []struct {
		args string
		code int
		says []string
	}{
		{"--n=4097 --top=1 --max-sweeps=16", exitFailed, []string{"out of memory", name}},
		{"--n=901 --top=1 --left=insulated", exitFailed, []string{"out of memory", name}},
		{"--n=751 --top=1 --left=insulated", 0, []string{"lowest 0, highest 1\n"}},
	} {
		cmd := exec.Command("sh", append([]string{"-c", `echo $$ >"$GROUP/cgroup.procs" && exec "$0" "$@"`, program,
			"sim", "plate", "--device=cpu"}, strings.Fields(c.args)...)...)
		cmd.Env = append(os.Environ(), "GROUP="+group)
		text, err := cmd.CombinedOutput()
		for _, says := range c.says {
			if cmd.ProcessState.ExitCode() != c.code || !strings.Contains(string(text), says) {
				t.Errorf("%s: %v: %s", c.args, err, text)
			}
		}
	}
}

// buildProgram builds the program as users have it. The binary of the tests may need several
// times the memory, as with the race detector.
func buildProgram(t *testing.T) (path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "offload")
	cmd := exec.Command("go", "build", "-buildvcs=false", "-o", path, ".")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOFLAGS=")
	if text, err := cmd.CombinedOutput(); errors.Is(err, exec.ErrNotFound) {
		t.Skip("needs the go command: ", err)
	} else if err != nil {
		t.Fatalf("go build: %v: %s", err, text)
	}
	return path
}

// limitedGroup creates a control group with a memory limit, of version 1 or 2.
func limitedGroup(name string, bytes int) (folder string, err error) {
	for _, g := range []struct{ folder, limit string }{
		{"/sys/fs/cgroup/memory", "memory.limit_in_bytes"},
		{"/sys/fs/cgroup", "memory.max"},
	} {
		folder = filepath.Join(g.folder, name)
		if e := os.Mkdir(folder, 0o755); e != nil {
			err = errors.Join(err, e)
			continue
		}
		e := os.WriteFile(filepath.Join(folder, g.limit), []byte(fmt.Sprint(bytes)), 0o644)
		if e == nil {
			return folder, nil
		}
		err = errors.Join(err, e, os.Remove(folder))
	}
	return "", err
}
