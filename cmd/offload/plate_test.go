package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sbinet/npyio"

	"offload/sims/plate"
)

func TestPlate(t *testing.T) {
	dir := t.TempDir()
	first, second := filepath.Join(dir, "a.npy"), filepath.Join(dir, "b.npy")
	code, stdout, stderr := execute("sim", "plate", "--device=cpu", "--n=33", "--top=100", "--tol=1e-10", "--out="+first)
	if code != 0 || stderr != "" || !strings.Contains(stdout, "centre 25.000000") {
		t.Fatalf("exit code %d, stderr %s, stdout %s", code, stderr, stdout)
	}
	code, _, stderr = execute("sim", "plate", "--device=cpu", "--init="+first, "--bottom=100", "--max-sweeps=5000", "--out="+second)
	if code != 0 {
		t.Fatalf("going on from a file: exit code %d, stderr %s", code, stderr)
	}
	f, err := os.Open(second)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var field []float64
	if err := npyio.Read(f, &field); err != nil || len(field) != 33*33 {
		t.Fatalf("%d values, %v", len(field), err)
	}
	if centre := field[16*33+16]; centre < 49.99 || centre > 50.01 || field[32*33+5] != 100 {
		t.Errorf("with two hot edges: centre %g, lower edge %g", centre, field[32*33+5])
	}
	code, stdout, _ = execute("sim", "plate", "--device=cpu", "--precision=f32", "--n=9x17", "--left=10", "--time=0.5", "--plot="+filepath.Join(dir, "p.png"))
	picture, err := os.ReadFile(filepath.Join(dir, "p.png"))
	if code != 0 || err != nil || !bytes.HasPrefix(picture, []byte("\x89PNG")) || !strings.Contains(stdout, "9 × 17 points") {
		t.Errorf("exit code %d, %v: %s", code, err, stdout)
	}
}

// The formats of --out hold the same field, and --init goes on from those of NumPy.
func TestPlateFormats(t *testing.T) {
	dir := t.TempDir()
	sim := func(args ...string) (stdout string) {
		t.Helper()
		code, stdout, stderr := execute(append([]string{"sim", "plate", "--device=cpu", "--max-sweeps=50", "--dx=0.5", "--dy=0.25"}, args...)...)
		if code != 0 || stderr != "" && !strings.Contains(stderr, "sweeps") {
			t.Fatalf("%v: exit code %d, stderr %s", args, code, stderr)
		}
		return stdout
	}
	read := func(name string) []byte {
		t.Helper()
		data, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		return data
	}
	for _, ending := range []string{".npy", ".npz", ".vti"} {
		sim("--n=9x17", "--top=100", "--out="+filepath.Join(dir, "out"+ending))
	}
	if stdout := sim("--n=9x17", "--top=100", "--out=-"); stdout != string(read("out.npy")) {
		t.Error("stdout is not the .npy file")
	}
	f, err := plate.Read[float64](filepath.Join(dir, "out.npy"))
	if err != nil {
		t.Fatal(err)
	}
	var vti bytes.Buffer
	if err := plate.EncodeVTI(&vti, f, plate.WriteOptions{Dx: 0.5, Dy: 0.25}); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(vti.Bytes(), read("out.vti")) {
		t.Error("the .vti file is not that of the field with the spacings of --dx and --dy")
	}
	for _, init := range []string{"out.npy", "out.npz", "out.npz:temperature"} {
		sim("--init="+filepath.Join(dir, init), "--out="+filepath.Join(dir, "next.npy"))
		if init == "out.npy" {
			os.Rename(filepath.Join(dir, "next.npy"), filepath.Join(dir, "want.npy"))
		} else if !bytes.Equal(read("next.npy"), read("want.npy")) {
			t.Errorf("--init=%s gives another field than --init=out.npy", init)
		}
	}
}

// After a missed tolerance the field is kept in any format, and is offered to --init where
// that can read it.
func TestPlateKept(t *testing.T) {
	for ending, want := range map[string]string{
		".npy": "continue with --init=", ".npz": "continue with --init=", ".vti": "out.vti\n",
	} {
		path := filepath.Join(t.TempDir(), "out"+ending)
		code, _, stderr := execute("sim", "plate", "--device=cpu", "--n=33", "--top=100", "--tol=1e-9", "--max-sweeps=10", "--out="+path)
		if code != exitFailed || !strings.Contains(stderr, "kept the field so far in "+path) || !strings.Contains(stderr, want) {
			t.Errorf("exit code %d, stderr %q", code, stderr)
		}
		if info, err := os.Stat(path); err != nil || info.Size() == 0 {
			t.Errorf("what was said to be kept is not there: %v", err)
		}
	}
}

// An interrupted plate says how far it came, in the units of its method.
func TestInterruption(t *testing.T) {
	solver := fmt.Errorf("after 7 cycles, kept in u: %w", context.Canceled)
	for want, report := range map[string]*plateReport{
		"at the start":              nil,
		"after 7 cycles":            {cyclesReport: &cyclesReport{7}},
		"after 8448 sweeps":         {jacobiReport: &jacobiReport{Sweeps: 8448}},
		"after 260 steps, at 1.5 s": {timeReport: &timeReport{Steps: 260, Time: 1.5}, cyclesReport: &cyclesReport{900}},
	} {
		err := error(&interruption{report, solver})
		if err.Error() != want || !errors.Is(err, context.Canceled) {
			t.Errorf("%v, want %s", err, want)
		}
	}
}
