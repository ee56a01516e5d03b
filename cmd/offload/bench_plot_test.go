package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestBenchPlot(t *testing.T) {
	dir := t.TempDir()
	for _, c := range []struct {
		name, file, begins string
		args               []string
	}{
		{"sizes and workers", "a.png", "\x89PNG", []string{"--n=16,32", "--workers=1,2"}},
		{"one size", "b.svg", "<?xml", []string{"--n=33", "--kernel=force"}},
		{"capitals", "c.PNG", "\x89PNG", []string{"--n=33", "--kernel=laplacian", "--precision=f32"}},
	} {
		if testing.Short() && c.name != "one size" {
			continue
		}
		path := filepath.Join(dir, c.file)
		code, stdout, stderr := execute(append([]string{"bench", "--device=cpu", "--count=1", "--plot=" + path}, c.args...)...)
		picture, err := os.ReadFile(path)
		if code != 0 || stderr != "" || err != nil || !bytes.HasPrefix(picture, []byte(c.begins)) || !strings.Contains(stdout, "digest") {
			t.Errorf("%s: exit code %d, %v, stderr %s", c.name, code, err, stderr)
		}
	}
	path := filepath.Join(dir, "reference.svg")
	if code, _, stderr := execute("bench", "--device=reference", "--n=20", "--count=1", "--plot="+path); code != 0 {
		t.Errorf("a device without ceilings: exit code %d, %s", code, stderr)
	}
}

func TestBenchPlotRefused(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"x.jpg", "x", "png", ".svg.gz"} {
		path := filepath.Join(dir, name)
		code, stdout, stderr := execute("bench", "--device=cpu", "--n=16", "--plot="+path)
		if code != exitUsage || stdout != "" || !strings.Contains(stderr, ".svg or .png") {
			t.Errorf("%s: exit code %d, stdout %q, stderr %s", name, code, stdout, stderr)
		}
	}
	code, _, stderr := execute("bench", "--device=cpu", "--n=16", "--count=1", "--plot="+filepath.Join(dir, "none", "x.svg"))
	if code != exitFailed || !strings.Contains(stderr, "no such file") {
		t.Errorf("a folder that is not there: exit code %d, %s", code, stderr)
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 0 {
		t.Errorf("files were left behind: %v, %v", entries, err)
	}
}

func TestBenchCeilings(t *testing.T) {
	for device, want := range map[string]bool{"cpu": true, "reference": false} {
		_, stdout, _ := execute("bench", "--device="+device, "--n=64", "--count=1", "--format=json")
		for line := range strings.SplitSeq(strings.TrimSpace(stdout), "\n") {
			var r struct {
				Rate    float64 `json:"rate"`
				Ceiling float64 `json:"ceiling_rate"`
				Percent float64 `json:"ceiling_percent"`
				Kind    string  `json:"ceiling_kind"`
			}
			if err := json.Unmarshal([]byte(line), &r); err != nil {
				t.Fatal(err)
			}
			if has := r.Ceiling > 0 && r.Percent > 0 && r.Kind != ""; has != want || strings.Contains(line, "ceiling_") != want {
				t.Errorf("%s: %s", device, line)
			}
		}
	}
	if _, stdout, _ := execute("bench", "--device=reference", "--kernel=force", "--n=16", "--count=1"); !strings.Contains(stdout, "of ceiling") || !strings.Contains(stdout, "–") {
		t.Errorf("no dash for what was not measured:\n%s", stdout)
	}
}
