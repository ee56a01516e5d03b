package main

import (
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"
)

// With the forces of DE405 all bodies stay within 100 m of it for a year, also across an archive.
func TestModel(t *testing.T) {
	file := filepath.Join(t.TempDir(), "run")
	code, _, stderr := execute("sim", "solar", "--model=de", "--until=2451910", "--every=100", "--device=cpu", "--archive="+file)
	if code != 0 {
		t.Fatal(stderr)
	}
	code, stdout, stderr := execute("sim", "solar", "--resume="+file, "--at=2451700", "--archive="+file+"2", "--device=reference", "--format=json")
	var r struct {
		Model string
		DE405 []struct {
			Body string
			KM   float64
		} `json:"distance_from_de405"`
	}
	if err := json.Unmarshal([]byte(stdout), &r); code != 0 || err != nil {
		t.Fatalf("exit code %d, %v, stderr %s", code, err, stderr)
	}
	if r.Model != "de" || len(r.DE405) != 11 {
		t.Errorf("%+v", r)
	}
	for _, d := range r.DE405 {
		if !(d.KM < 0.1) {
			t.Errorf("%s is %.3f km from DE405", d.Body, d.KM)
		}
	}
	if code, stdout, stderr = execute("archive", file, "--compare="+file+"2"); code != 0 || !strings.Contains(stdout, "4 frames are equal") {
		t.Errorf("exit code %d, %s%s", code, stdout, stderr)
	}
	for says, args := range map[string][]string{
		"integrator radau15": {"--integrator=yoshida8"},
		"part of --model":    {"--gr"},
		"--model=jpl":        {"--model=jpl"},
	} {
		if code, _, stderr := execute(append([]string{"sim", "solar", "--model=de", "--until=+1d"}, args...)...); code != 2 || !strings.Contains(stderr, says) {
			t.Errorf("%v: exit code %d, %s", args, code, stderr)
		}
	}
}
