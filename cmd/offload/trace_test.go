package main

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"offload/device/check"
	"offload/device/trace"
)

// readBack reads a trace and checks that no events of a track overlap.
func readBack(t *testing.T, path string) *trace.File {
	t.Helper()
	f, err := readTrace(path)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// kinds counts the events of a trace by "track category name", where the track of a worker
// has no number.
func kinds(f *trace.File) map[string]int {
	n := map[string]int{}
	for _, t := range f.Tracks {
		for _, s := range t.Spans {
			name, _, _ := strings.Cut(strings.TrimPrefix(t.Name, "cpu "), " ")
			n[fmt.Sprintf("%s %s %s", name, s.Category, s.Name)]++
		}
	}
	return n
}

// A trace of bench and of the simulations holds uploads, launches, tiles and read-backs.
func TestTracesOfCommands(t *testing.T) {
	path := filepath.Join(t.TempDir(), "trace.json")
	for _, c := range []struct {
		name string
		args []string
		want map[string]int // at least
	}{
		{"bench", []string{"bench", "--device=cpu", "--kernel=all", "--n=600", "--count=2", "--workers=2"}, map[string]int{
			"queue upload upload": 6, "queue read-back read-back": 6,
			"queue launch force.f32": 3, "queue launch force.f64": 3, "queue launch laplacian.f32": 3, "queue launch heat.f64": 3,
			"worker tile force.f32": 6, "worker tile laplacian.f64": 6, "worker tile heat.f32": 6,
		}},
		{"plate", []string{"sim", "plate", "--device=cpu", "--n=65", "--top=100", "--max-sweeps=640"}, map[string]int{
			"queue upload upload": 1, "queue launch laplacian.f64": 10, "queue read-back read-back": 11, "worker tile laplacian.f64": 10,
		}},
		{"solar", []string{"sim", "solar", "--device=cpu", "--until=2451555"}, map[string]int{
			"queue upload upload": 50, "queue launch force.f64": 50, "queue read-back read-back": 50, "worker tile force.f64": 50,
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			code, _, stderr := execute(append(c.args, "--trace="+path)...)
			if code != 0 || stderr != "" {
				t.Fatalf("exit code %d, stderr %s", code, stderr)
			}
			got := kinds(readBack(t, path))
			for kind, n := range c.want {
				if got[kind] < n {
					t.Errorf("%d events %q, want at least %d, in %v", got[kind], kind, n, got)
				}
			}
		})
	}
}

// With auto, the decisions of the scheduler are on a separate track.
func TestTraceOfDecisions(t *testing.T) {
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	path := filepath.Join(t.TempDir(), "trace.json")
	code, _, stderr := execute("bench", "--kernel=force", "--precision=f32", "--n=64", "--count=1", "--trace="+path)
	if code != 0 {
		t.Fatalf("exit code %d, stderr %s", code, stderr)
	}
	for kind := range kinds(readBack(t, path)) {
		if strings.HasPrefix(kind, "decisions decision ") {
			return
		}
	}
	t.Error("no decision in the trace")
}

// Tracing changes no result.
func TestTracingChangesNothing(t *testing.T) {
	dir, sweeps := t.TempDir(), "500"
	if testing.Short() {
		sweeps = "50"
	}
	run := func(out string, more ...string) []byte {
		path := filepath.Join(dir, out)
		args := append([]string{"sim", "plate", "--device=cpu", "--n=65", "--top=100", "--max-sweeps=" + sweeps, "--out=" + path}, more...)
		if code, _, stderr := execute(args...); code != 0 {
			t.Fatalf("exit code %d, stderr %s", code, stderr)
		}
		field, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		return field
	}
	plain := run("a.npy")
	for _, flag := range []string{"--trace=" + filepath.Join(dir, "t.json"), "--check=finite", "--check=checksum", "--check=debug"} {
		if !bytes.Equal(plain, run("b.npy", flag)) {
			t.Errorf("with %s the field differs", flag)
		}
	}
}

// Bad values of flags lead to one line on stderr, the right exit code, and no file.
func TestBadTraceFlags(t *testing.T) {
	dir := t.TempDir()
	file := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	none, json := filepath.Join(dir, "none", "t.json"), filepath.Join(dir, "t.json")
	good := file("good.json", `{"otherData":{"program":"offload"},"traceEvents":[]}`)
	other := file("other.json", `{"traceEvents":[]}`)
	bench := func(more ...string) []string {
		return append([]string{"bench", "--device=cpu", "--kernel=force", "--n=9", "--count=1"}, more...)
	}
	for _, c := range []struct {
		name string
		code int
		says string
		args []string
	}{
		{"no name", 2, "requires the name", bench("--trace=")},
		{"a folder", 2, "is a folder", bench("--trace=" + dir)},
		{"a folder that is not there", 1, "no such file", bench("--trace=" + none)},
		{"the name of the picture", 2, "another output", bench("--trace="+dir+"/p.svg", "--plot="+dir+"/p.svg")},
		{"the name of the field", 2, "another output", []string{"sim", "plate", "--trace=" + dir + "/p.npy", "--out=" + dir + "/p.npy"}},
		{"the name of the states", 2, "another output", []string{"sim", "solar", "--trace=" + dir + "/p.csv", "--out=" + dir + "/p.csv"}},
		{"bench has no checks", 2, "unknown flag", bench("--check=finite")},
		{"an unknown check", 2, "finite, checksum, debug", []string{"sim", "plate", "--check=all", "--trace=" + json}},
		{"an empty check", 2, "finite, checksum, debug", []string{"sim", "solar", "--check="}},
		{"a device that is not here", 3, "unavailable", []string{"bench", "--device=gpu:99", "--trace=" + json}},
		{"trace without a file", 2, "takes one file", []string{"trace"}},
		{"trace of two files", 2, "takes one file", []string{"trace", good, other}},
		{"trace of a file that is not there", 1, "no such file", []string{"trace", none}},
		{"trace of another program's file", 1, "not a trace of offload", []string{"trace", other}},
		{"a picture of another kind", 2, ".svg or .png", []string{"trace", good, "--plot=" + dir + "/p.gif"}},
		{"a picture in no folder", 1, "no such file", []string{"trace", good, "--plot=" + dir + "/none/p.svg"}},
		{"no panels", 2, "positive", []string{"trace", good, "--panels=0"}},
		{"no pause", 2, "positive", []string{"trace", good, "--pause=0"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			code, _, stderr := execute(c.args...)
			if code != c.code || strings.Count(stderr, "\n") != 1 || !strings.HasPrefix(stderr, "offload: ") || !strings.Contains(stderr, c.says) {
				t.Errorf("exit code %d, want %d; stderr, which should say %q:\n%s", code, c.code, c.says, stderr)
			}
		})
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 2 {
		t.Errorf("%d files in the folder, want the 2 inputs: %v, %v", len(entries), entries, err)
	}
}

func TestTraceOnAFullDisk(t *testing.T) {
	if _, err := os.Stat("/dev/full"); err != nil {
		t.Skip("no /dev/full on this system")
	}
	code, stdout, stderr := execute("bench", "--device=cpu", "--kernel=force", "--n=9", "--count=1", "--trace=/dev/full")
	if code != 1 || !strings.Contains(stderr, "offload: --trace: write /dev/full: no space left") || !strings.Contains(stdout, "force") {
		t.Errorf("exit code %d, stdout %s, stderr %s", code, stdout, stderr)
	}
}

// offload trace summarizes the tracks and draws them.
func TestTraceCommand(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "t.json")
	if code, _, stderr := execute("bench", "--device=cpu", "--precision=f32", "--n=300", "--count=2", "--trace="+file); code != 0 {
		t.Fatalf("exit code %d, stderr %s", code, stderr)
	}
	svg, png := filepath.Join(dir, "t.svg"), filepath.Join(dir, "t.PNG")
	code, stdout, stderr := execute("trace", file, "--plot="+svg)
	if code != 0 || stderr != "" || !strings.Contains(stdout, "cpu queue") || !strings.Contains(stdout, "worker 0") {
		t.Errorf("exit code %d, stdout %s, stderr %s", code, stdout, stderr)
	}
	text, err := os.ReadFile(svg)
	if err != nil {
		t.Fatal(err)
	}
	for d := xml.NewDecoder(bytes.NewReader(text)); ; {
		if _, err := d.Token(); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatalf("the picture is no XML: %v", err)
		}
	}
	for _, want := range []string{"cpu queue", "worker 0", "upload", "read-back", "force.f32", "laplacian.f32", "heat.f32"} {
		if !bytes.Contains(text, []byte(want)) {
			t.Errorf("the picture does not say %q", want)
		}
	}
	if code, _, stderr := execute("trace", file, "--plot="+png); code != 0 {
		t.Errorf("exit code %d, stderr %s", code, stderr)
	}
	if picture, err := os.ReadFile(png); err != nil || !bytes.HasPrefix(picture, []byte("\x89PNG")) {
		t.Errorf("the picture is no PNG, %v", err)
	}
	empty := filepath.Join(dir, "empty.json")
	if err := os.WriteFile(empty, []byte(`{"otherData":{"program":"offload"},"traceEvents":[]}`), 0o600); err != nil {
		t.Fatal(err)
	}
	if code, _, stderr := execute("trace", empty, "--plot="+svg); code != 1 || !strings.Contains(stderr, "no events to draw") {
		t.Errorf("an empty trace: exit code %d, stderr %s", code, stderr)
	}
}

// A failed check is a failure, not a usage error.
func TestExitCodeOfChecks(t *testing.T) {
	for _, err := range []error{&check.NotFinite{}, fmt.Errorf("after 3 sweeps: %w", check.ErrChecksum), &check.Broken{}} {
		if code := exitCode(err); code != exitFailed {
			t.Errorf("%v: exit code %d, want %d", err, code, exitFailed)
		}
	}
}

// Checked runs succeed, in both precisions and for both kinds of plates.
func TestCheckedRuns(t *testing.T) {
	for _, kind := range []string{"finite", "checksum"} {
		for _, args := range [][]string{
			{"sim", "plate", "--n=65", "--top=100", "--tol=1e-8"},
			{"sim", "plate", "--n=65", "--top=100", "--precision=f32"},
			{"sim", "plate", "--n=33x65", "--top=100", "--time=2"},
			{"sim", "plate", "--n=33x65", "--top=100", "--time=2", "--precision=f32"},
			{"sim", "solar", "--gr", "--until=2451600"},
		} {
			code, _, stderr := execute(append(args, "--device=cpu", "--check="+kind)...)
			if code != 0 || stderr != "" {
				t.Errorf("%v --check=%s: exit code %d, stderr %s", args, kind, code, stderr)
			}
		}
	}
	for _, args := range [][]string{ // small, since each launch is examined
		{"sim", "plate", "--n=17", "--top=100", "--max-sweeps=100"},
		{"sim", "plate", "--n=9x17", "--top=100", "--time=0.02", "--precision=f32"},
		{"sim", "solar", "--gr", "--until=2451547"},
	} {
		if code, _, stderr := execute(append(args, "--device=cpu", "--check=debug")...); code != 0 || stderr != "" {
			t.Errorf("%v --check=debug: exit code %d, stderr %s", args, code, stderr)
		}
	}
}
