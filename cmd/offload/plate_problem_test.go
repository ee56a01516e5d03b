package main

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"offload/sims/plate"
)

// writeMap writes a matrix of numbers for NumPy.
func writeMap(t *testing.T, path string, rows, cols int, value func(i, j int) float64) string {
	t.Helper()
	f := &plate.Field[float64]{Rows: rows, Cols: cols, T: make([]float64, rows*cols)}
	for i := range f.T {
		f.T[i] = value(i/cols, i%cols)
	}
	if err := plate.Write(path, f, plate.WriteOptions{}); err != nil {
		t.Fatal(err)
	}
	return path
}

// writeProfile writes an array of one dimension for NumPy.
func writeProfile(t *testing.T, path string, values ...float64) string {
	t.Helper()
	dict := fmt.Sprintf("{'descr': '<f8', 'fortran_order': False, 'shape': (%d,), }", len(values))
	dict += strings.Repeat(" ", 117-len(dict)) + "\n"
	data := append([]byte("\x93NUMPY\x01\x00"), binary.LittleEndian.AppendUint16(nil, uint16(len(dict)))...)
	data, err := binary.Append(append(data, dict...), binary.LittleEndian, values)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, data, 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

// plateJSON runs sim plate on a device and returns its report.
func plateJSON(t *testing.T, args ...string) map[string]any {
	t.Helper()
	code, out, stderr := execute(append([]string{"sim", "plate", "--format=json"}, args...)...)
	var report map[string]any
	if err := json.Unmarshal([]byte(out), &report); code != 0 || err != nil {
		t.Fatalf("%q: exit code %d, %v, stderr %q", args, code, err, stderr)
	}
	return report
}

// Plates with known solutions.
func TestPlatesOfEveryKind(t *testing.T) {
	dir := t.TempDir()
	line := writeProfile(t, filepath.Join(dir, "line.npy"), 0, 10, 20, 30, 40, 50, 60, 70, 80)
	wall := writeMap(t, filepath.Join(dir, "wall.npy"), 9, 9, func(_, j int) float64 {
		if j < 4 {
			return 2
		}
		return 6
	})
	hot := writeMap(t, filepath.Join(dir, "hot.npy"), 9, 9, func(i, j int) float64 {
		if i == 4 && j == 4 {
			return 50
		}
		return math.NaN()
	})
	for _, c := range []struct {
		name           string
		centre         float64
		lowest, higher float64
		args           string
	}{
		{"linear edges", 40, 0, 80, "--top=" + line + " --bottom=" + line + " --right=80"},
		{"insulated", 30, 20, 40, "--top=insulated --bottom=insulated --left=20 --right=40"},
		{"flux", 4, 0, 8, "--top=insulated --bottom=insulated --left=flux:1000 --conductivity=1 --dx=1e-3 --dy=1e-3"},
		{"convection", 15, 10, 20, "--top=insulated --bottom=insulated --left=20 --right=convection:125,0 --conductivity=1"},
		{"periodic", 50, 0, 100, "--top=100 --left=periodic --right=periodic"},
		{"two materials", wallCentre(), 0, 100, "--top=insulated --bottom=insulated --left=100 --conductivity=" + wall},
		{"held", 50, 0, 50, "--fixed=" + hot},
		{"source", 8, 0, 8, "--top=insulated --bottom=insulated --conductivity=1 --source=1e6"},
	} {
		r := plateJSON(t, append(strings.Fields(c.args), "--n=9", "--device=cpu")...)
		for key, want := range map[string]float64{"centre": c.centre, "lowest": c.lowest, "highest": c.higher} {
			if got := r[key].(float64); math.Abs(got-want) > 1e-7 {
				t.Errorf("%s: %s %v, not %v", c.name, key, got, want)
			}
		}
	}
}

// wallCentre returns the temperature in the middle of the wall of two materials: links of
// conductivity 2, one of the harmonic mean 3, and links of 6.
func wallCentre() float64 {
	before, after := 3./2+1./3, 4./6
	return 100 * after / (before + after)
}

// The same bits on each device, and in each number of workers.
func TestPlateDigests(t *testing.T) {
	for _, args := range []string{
		"--n=33 --top=100",
		"--n=30x41 --top=100 --left=insulated --right=convection:25,20",
		"--n=17x33 --left=flux:5000 --top=periodic --bottom=periodic --precision=f32",
		"--n=25 --left=flux:5000 --time=2 --dt=0.5",
	} {
		var digests []any
		for _, device := range []string{"cpu --workers=1", "cpu --workers=3", "reference"} {
			digests = append(digests, plateJSON(t, strings.Fields(args+" --device="+device)...)["digest"])
		}
		if digests[0] != digests[1] || digests[0] != digests[2] || len(digests[0].(string)) != 64 {
			t.Errorf("%s: %v", args, digests)
		}
	}
}

// What has no meaning is refused in one line, and nothing is left.
func TestBadPlates(t *testing.T) {
	dir := t.TempDir()
	all := func(v float64) func(i, j int) float64 { return func(int, int) float64 { return v } }
	file := func(name string, rows, cols int, v float64) string {
		return writeMap(t, filepath.Join(dir, name+".npy"), rows, cols, all(v))
	}
	out := filepath.Join(t.TempDir(), "out.npy")
	for _, c := range []struct {
		name string
		code int
		says string
		args string
	}{
		{"unknown edge", exitUsage, "did you mean insulated?", "--left=insulatd"},
		{"unknown edge with a number", exitUsage, "did you mean flux?", "--left=fluks:3"},
		{"no edge", exitUsage, "or periodic\n", "--left="},
		{"flux without a number", exitUsage, "flux:W/m²", "--left=flux"},
		{"convection without ambient", exitUsage, "convection:", "--left=convection:3"},
		{"negative transfer", exitUsage, "heat transfer", "--left=convection:-3,0"},
		{"periodic alone", exitUsage, "opposite", "--left=periodic"},
		{"flux at a periodic edge", exitUsage, "opposite", "--left=periodic --right=flux:3"},
		{"map of another shape", exitFailed, "9 × 8", "--conductivity=" + file("narrow", 9, 8, 1)},
		{"negative conductivity", exitUsage, "conductivity of -1", "--conductivity=" + file("negative", 9, 9, -1)},
		{"NaN conductivity", exitUsage, "conductivity of NaN", "--conductivity=" + file("nan", 9, 9, math.NaN())},
		{"zero conductivity", exitUsage, "positive", "--conductivity=0"},
		{"NaN source", exitUsage, "source of NaN", "--source=" + file("nan2", 9, 9, math.NaN())},
		{"a hole that is everything", exitUsage, "every point", "--conductivity=" + file("hole", 9, 9, 0)},
		{"all held", exitUsage, "every point", "--fixed=" + file("held", 9, 9, 3)},
		{"short profile", exitFailed, "5 values for the 9 points", "--top=" + writeProfile(t, filepath.Join(dir, "short.npy"), 1, 2, 3, 4, 5)},
		{"no profile", exitFailed, "no such file", "--top=" + filepath.Join(dir, "none.npy")},
		{"no steady state", exitFailed, "offload: no stationary state: sources and fluxes do not balance (hold a temperature somewhere, or take steps in --time)\n", "--top=insulated --bottom=insulated --left=insulated --right=insulated --source=1"},
		{"jacobi with a flux", exitUsage, "--solver=jacobi", "--solver=jacobi --left=flux:3"},
		{"explicit steps with a flux", exitUsage, "--scheme=explicit", "--time=1 --scheme=explicit --left=flux:3"},
		{"frames without a file", exitUsage, "--out", "--time=1 --every=1 --out="},
		{"no capacity", exitUsage, "heat capacity", "--time=1 --left=flux:3 --capacity=0"},
		{"a scheme without time", exitUsage, "--time", "--scheme=euler"},
	} {
		args := append([]string{"sim", "plate", "--device=cpu", "--n=9", "--out=" + out}, strings.Fields(c.args)...)
		code, stdout, stderr := execute(args...)
		if code != c.code || stdout != "" || !strings.Contains(stderr, c.says) || strings.Count(stderr, "\n") != 1 {
			t.Errorf("%s: exit code %d, stdout %q, stderr %q", c.name, code, stdout, stderr)
		}
		if _, err := os.Stat(out); err == nil {
			t.Fatalf("%s: a file was left", c.name)
		}
	}
}

// What float32 does not resolve is said: on stderr, and by the exit code if the result is
// not what was asked for.
func TestPlatesInFloat32(t *testing.T) {
	start := writeMap(t, filepath.Join(t.TempDir(), "start.npy"), 65, 65, func(i, _ int) float64 {
		if i == 0 {
			return 301
		}
		return 300
	})
	const beyond = "beyond the temperatures given, by rounding"
	for _, c := range []struct {
		name, args string
		code       int
		says       string // nothing in float64
	}{
		{"above the range", "--n=101 --top=300.1 --bottom=300.1 --left=insulated --right=insulated", 0, beyond},
		{"below the range", "--n=40 --top=300.1 --bottom=300.1 --left=insulated --right=insulated", 0, beyond},
		{"beyond what is outside", "--n=40 --top=300.1 --bottom=insulated --left=insulated --right=convection:30,300.1", 0, beyond},
		{"within the range", "--n=101 --top=100", 0, ""},
		{"a tolerance below rounding", "--n=33 --top=100 --left=insulated --tol=1e-12", exitFailed, "above the tolerance of 1e-12; use f64"},
		{"steps that change nothing", "--time=0.2 --dt=2e-6 --init=" + start, exitFailed, "the plate is frozen"},
	} {
		for _, precision := range []string{"f32", "f64"} {
			code, says := c.code, c.says
			if precision == "f64" {
				code, says = 0, ""
			}
			args := append([]string{"sim", "plate", "--device=cpu", "--precision=" + precision}, strings.Fields(c.args)...)
			got, _, stderr := execute(args...)
			if got != code || !strings.Contains(stderr, says) || (stderr == "") != (says == "") {
				t.Errorf("%s in %s: exit code %d, stderr %q", c.name, precision, got, stderr)
			}
		}
	}
}

// Frames are numbered; the last one is the field of --out.
func TestPlateFrames(t *testing.T) {
	for _, args := range []string{
		"--left=flux:5000 --time=4 --dt=0.5 --every=1",
		"--left=5000 --scheme=explicit --time=0.04 --every=0.01",
	} {
		dir := t.TempDir()
		out := filepath.Join(dir, "out.npy")
		plateJSON(t, append([]string{"--device=cpu", "--n=17", "--out=" + out}, strings.Fields(args)...)...)
		frames, err := filepath.Glob(filepath.Join(dir, "out-*.npy"))
		if err != nil || len(frames) != 5 {
			t.Fatalf("%s: %q, %v", args, frames, err)
		}
		last, err := os.ReadFile(frames[4])
		if err != nil {
			t.Fatal(err)
		}
		if end, err := os.ReadFile(out); err != nil || string(end) != string(last) {
			t.Errorf("%s: the last frame is another field, %v", args, err)
		}
	}
}
