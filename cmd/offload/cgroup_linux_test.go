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
// that names the group. Linux would kill the process.
func TestControlGroup(t *testing.T) {
	name := fmt.Sprintf("offload-test-%d", os.Getpid())
	group, err := limitedGroup(name, 200_000_000)
	if err != nil {
		t.Skip("no control group can be made here: ", err)
	}
	defer os.Remove(group)
	cmd := exec.Command("sh", "-c", `echo $$ >"$GROUP/cgroup.procs" && exec "$0" "$@"`, os.Args[0],
		"sim", "plate", "--device=cpu", "--n=4097", "--top=1", "--max-sweeps=16")
	cmd.Env = append(os.Environ(), "OFFLOAD_TEST_AS_PROGRAM=1", "GROUP="+group)
	text, err := cmd.CombinedOutput()
	if cmd.ProcessState.ExitCode() != exitFailed || !strings.Contains(string(text), "out of memory") || !strings.Contains(string(text), name) {
		t.Errorf("%v: %s", err, text)
	}
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
