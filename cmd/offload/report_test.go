package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"math"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sbinet/npyio"
)

// full is a stdout on a full disk.
type full struct{ err error }

func (f full) Write([]byte) (int, error) { return 0, f.err }

// Every command fails if it cannot write to stdout.
func TestFullStdout(t *testing.T) {
	for _, args := range []string{
		"sim solar --until=2451546", "sim solar --until=2451546 --format=json", "sim solar --until=2451546 --out=-",
		"sim plate --n=9", "sim plate --n=9 --format=json", "sim plate --n=9 --time=1e-3", "sim plate --n=9 --out=-",
		"bench --n=9 --count=1 --kernel=heat", "bench --n=9 --count=1 --kernel=heat --format=json", "bench --n=9 --count=1 --kernel=heat --format=go",
		"verify --device=reference", "devices", "version", "--version", "--help", "sim plate --help",
	} {
		if testing.Short() && strings.HasPrefix(args, "verify") {
			continue // as in TestVerifyCommand
		}
		var stderr bytes.Buffer
		broken := errors.New("the paper is out")
		code := run(scheduleHere, strings.Fields(args), full{broken}, &stderr)
		if code != exitFailed || !strings.Contains(stderr.String(), broken.Error()) {
			t.Errorf("offload %s: exit code %d, stderr %q", args, code, &stderr)
		}
	}
}

// The files are written even if the report cannot be printed.
func TestFullStdoutKeepsFiles(t *testing.T) {
	dir := t.TempDir()
	for _, args := range [][]string{
		{"sim", "solar", "--until=2451546", "--out=" + filepath.Join(dir, "end.csv")},
		{"sim", "plate", "--n=9", "--out=" + filepath.Join(dir, "end.npy")},
	} {
		var stderr bytes.Buffer
		run(scheduleHere, args, full{errors.New("the paper is out")}, &stderr)
	}
	if files, _ := filepath.Glob(filepath.Join(dir, "end.*")); len(files) != 2 {
		t.Errorf("there are %q", files)
	}
}

func TestReportsInJSON(t *testing.T) {
	for _, c := range []struct{ args, has string }{
		{"sim solar --until=2451555", `"integrator":"radau15"`},
		{"sim solar --until=2451555 --gr", `"relativity":true`},
		{"sim solar --until=2451555", `{"body":"Pluto","km":`},
		{"sim plate --n=9x11 --top=100", `"rows":9,"cols":11`},
		{"sim plate --n=9 --top=100", `"solver":"multigrid","residual":`},
		{"sim plate --n=9 --top=100", `"converged":true,"cycles":5,`},
		{"sim plate --n=9 --top=100", `"digest":"a939085ae`},
		{"sim plate --n=9 --top=100 --solver=jacobi", `"converged":true,"sweeps":`},
		{"sim plate --n=9 --top=100 --time=1 --precision=f32", `"steps":432,"dt_s":`},
	} {
		code, out, stderr := execute(append(strings.Fields(c.args), "--device=cpu", "--format=json")...)
		var object map[string]any
		if err := json.Unmarshal([]byte(out), &object); code != 0 || err != nil || object["device"] != "cpu" {
			t.Errorf("%s: exit code %d, %v, stderr %q:\n%s", c.args, code, err, stderr, out)
		}
		if !strings.Contains(out, c.has) {
			t.Errorf("%s prints\n%s without %s", c.args, out, c.has)
		}
	}
}

// Reports of steady plates have what scripts ask for.
func TestKeysOfSteadyPlates(t *testing.T) {
	for solver, has := range map[string][]string{"multigrid": {"cycles", "relative_residual", "convergence_factor"}, "jacobi": {"sweeps"}} {
		report := plateJSON(t, "--device=cpu", "--n=9", "--top=100", "--solver="+solver)
		for _, key := range append(has, "seconds", "residual", "estimated_error", "converged", "centre", "lowest", "highest", "digest", "device", "precision") {
			if report[key] == nil {
				t.Errorf("%s: no %s in %v", solver, key, report)
			}
		}
		if report["solver"] != solver {
			t.Errorf("solver %v, not %s", report["solver"], solver)
		}
	}
}

// NaN and infinities are null in JSON.
func TestNumbersThatJSONDoesNotHave(t *testing.T) {
	text, err := json.Marshal([]real{1, real(math.NaN()), real(math.Inf(1)), real(math.Inf(-1))})
	if err != nil || string(text) != "[1,null,null,null]" {
		t.Errorf("%s, %v", text, err)
	}
}

// With --out=-, stdout has only the data, and stderr the report.
func TestDataOnStdout(t *testing.T) {
	code, out, stderr := execute("sim", "solar", "--device=cpu", "--until=2451546", "--out=-")
	if code != 0 || !strings.HasPrefix(out, "jd_tdb,body,") || strings.Count(out, "\n") != 12 || !strings.Contains(stderr, "radau15 from") {
		t.Errorf("exit code %d, stderr %q, stdout:\n%s", code, stderr, out)
	}
	code, out, stderr = execute("sim", "plate", "--device=cpu", "--n=9x11", "--top=100", "--out=-", "--format=json")
	var field []float64
	if err := npyio.Read(strings.NewReader(out), &field); code != 0 || err != nil || len(field) != 99 || !strings.HasPrefix(stderr, "{") {
		t.Errorf("exit code %d, %d values, %v, stderr %q", code, len(field), err, stderr)
	}
}
