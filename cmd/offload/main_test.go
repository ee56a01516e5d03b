package main

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"offload"
	"offload/cpu"
	"offload/device/devicetest"
	"offload/device/sched"
	"offload/kernels"
)

// costs is the folder for measured costs of the tests.
var costs string

// withCosts runs the tests with such a folder, to leave the user's unchanged.
func withCosts(run func() int) int {
	var err error
	if costs, err = os.MkdirTemp("", "offload-costs"); err != nil {
		panic(err)
	}
	defer os.RemoveAll(costs)
	return run()
}

// scheduleHere schedules over the devices of this machine.
func scheduleHere(ctx context.Context, o offload.ScheduleOptions) (*sched.Scheduler, error) {
	o.Costs = costs
	return offload.Schedule(ctx, o)
}

// execute runs a command line and returns what it printed.
func execute(args ...string) (code int, stdout, stderr string) {
	var out, errs bytes.Buffer
	code = run(scheduleHere, args, &out, &errs)
	return code, out.String(), errs.String()
}

// Wrong command lines and bad input lead to one line on stderr, the right exit code, and
// no file.
func TestBadInput(t *testing.T) {
	execute("version") // starts the goroutine that waits for signals, which stays
	devicetest.NoLeak(t)
	dir := t.TempDir()
	file := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	header := "jd_tdb,body,gm_au3_d2,x_au,y_au,z_au,vx_au_d,vy_au_d,vz_au_d\n"
	nan := file("nan.csv", header+"2451545,Sun,1,0,0,0,0,0,0\n2451545,Earth,1,NaN,0,0,0,0,0\n")
	column := file("column.csv", "jd_tdb,body,gm_au3_d2,x_au,y_au,z_au,vx_au_d,vy_au_d\n2451545,Sun,1,0,0,0,0,0\n")
	short := file("short.csv", header+"2451545,Sun,1,0,0,0\n")
	noSun := file("nosun.csv", header+"2451545,Rock,1,0,0,0,0,0,0\n")
	lying := file("lying.npy", "\x93NUMPY\x01\x00v\x00{'descr': '<f8', 'fortran_order': False, 'shape': (1000000, 1000000), }"+strings.Repeat(" ", 47)+"\n12345678")
	two := file("two.npz", twoArrays(t))
	out, plot := filepath.Join(dir, "out.csv"), filepath.Join(dir, "out.png")
	npy := filepath.Join(dir, "out.npy")
	for _, c := range []struct {
		name string
		code int
		says string
		args []string
	}{
		{"no command", 2, "needs a command", nil},
		{"an unknown command", 2, "unknown", []string{"benhc"}},
		{"an unknown flag", 2, "--nn", []string{"bench", "--nn=3"}},
		{"a mistyped flag", 2, "did you mean --device?", []string{"bench", "--devise=cpu"}},
		{"a mistyped command", 2, "did you mean bench?", []string{"benhc"}},
		{"a trace on stdout", 2, "--trace requires the name of a file", []string{"sim", "plate", "--trace=-"}},
		{"a step that is not used", 2, "--tol", []string{"sim", "solar", "--dt=1"}},
		{"a tolerance that is not used", 2, "--dt", []string{"sim", "solar", "--tol=1e-3", "--integrator=leapfrog"}},
		{"an unknown format of a report", 2, "--format=xml", []string{"sim", "plate", "--format=xml"}},
		{"an extra word", 2, "extra", []string{"bench", "extra"}},
		{"an unknown device", 2, "valid names: auto", []string{"bench", "--device=tpu"}},
		{"a GPU that no machine has", 3, "gpu:99: device unavailable", []string{"bench", "--device=gpu:99"}},
		{"a GPU below zero", 2, "must be 0 or more", []string{"bench", "--device=gpu:-1"}},
		{"a second cpu", 2, "valid names: auto", []string{"bench", "--device=cpu:1"}},
		{"n of zero", 2, "less than 1", []string{"bench", "--n=0"}},
		{"n below zero", 2, "less than 1", []string{"bench", "--n=-5"}},
		{"n that is no number", 2, "not a whole number", []string{"bench", "--n=many"}},
		{"n in half", 2, "not a whole number", []string{"bench", "--n=1.5"}},
		{"bodies beyond memory", 1, "out of memory", []string{"bench", "--kernel=force", "--n=1e13"}},
		{"points beyond memory", 1, "out of memory", []string{"bench", "--kernel=laplacian", "--n=1e9"}},
		{"an unknown kernel", 2, "--kernel=fft", []string{"bench", "--kernel=fft"}},
		{"an unknown precision", 2, "f32 or f64", []string{"bench", "--precision=f16"}},
		{"an unknown format", 2, "--format=xml", []string{"bench", "--format=xml"}},
		{"ranks of ranks", 2, "unknown device", []string{"bench", "--device=mpi:mpi"}},
		{"an unknown device of ranks", 2, "unknown device", []string{"verify", "--device=mpi:abacus"}},
		{"a simulation on ranks", 2, "in one process", []string{"sim", "plate", "--device=mpi", "--out=" + npy}},
		{"no sweeps", 2, "at least 1", []string{"bench", "--sweeps=0"}},
		{"too many sweeps", 2, "sweeps", []string{"bench", "--kernel=laplacian", "--n=9", "--sweeps=100000"}},
		{"sweeps that become one if cut to 32 bits", 2, "sweeps", []string{"bench", "--kernel=laplacian", "--n=9", "--sweeps=4294967297"}},
		{"sweeps that no int holds", 2, "out of range", []string{"bench", "--sweeps=18446744073709551617"}},
		{"too many launches", 2, "the count at most", []string{"bench", "--count=9223372036854775807"}},
		{"points whose number wraps to 0", 1, "out of memory", []string{"bench", "--kernel=laplacian", "--n=4294967296"}},
		{"bodies whose number wraps to 0", 1, "out of memory", []string{"bench", "--kernel=force", "--n=4611686018427387904"}},
		{"no workers", 2, "less than 1", []string{"bench", "--workers=0"}},
		{"too many workers", 2, "workers", []string{"bench", "--workers=100000"}},
		{"two workers on the serial device", 2, "serial", []string{"bench", "--device=reference", "--workers=2"}},
		{"a NaN among the bodies", 1, "line 3, column x_au", []string{"sim", "solar", "--bodies=" + nan, "--out=" + out}},
		{"a missing column", 1, "vz_au_d", []string{"sim", "solar", "--bodies=" + column, "--out=" + out}},
		{"a short row", 1, "line 2", []string{"sim", "solar", "--bodies=" + short, "--out=" + out}},
		{"relativity without a Sun", 2, "Sun", []string{"sim", "solar", "--gr", "--bodies=" + noSun, "--out=" + out}},
		{"an unreadable file", 1, "no such file", []string{"sim", "solar", "--bodies=" + dir + "/none.csv", "--out=" + out}},
		{"an unknown integrator", 2, "radau15", []string{"sim", "solar", "--integrator=euler", "--out=" + out}},
		{"a date that is none", 2, "until", []string{"sim", "solar", "--until=tomorrow", "--out=" + out}},
		{"a date out of range", 2, "Julian date", []string{"sim", "solar", "--until=1e30", "--out=" + out}},
		{"a step below zero", 2, "positive", []string{"sim", "solar", "--dt=-1", "--out=" + out}},
		{"a folder that is not there", 1, "no such file", []string{"sim", "solar", "--until=2451546", "--out=" + dir + "/none/out.csv"}},
		{"a picture that is no PNG", 2, ".png", []string{"sim", "solar", "--plot=x.jpg", "--out=" + out}},
		{"a plate of no points", 2, "less than 1", []string{"sim", "plate", "--n=0", "--out=" + npy}},
		{"a plate beyond memory", 1, "out of memory", []string{"sim", "plate", "--n=1e9", "--out=" + npy}},
		{"half a shape", 2, "not a whole number", []string{"sim", "plate", "--n=3x", "--out=" + npy}},
		{"an edge that is no number", 2, "top", []string{"sim", "plate", "--top=hot", "--out=" + npy}},
		{"an infinite edge", 2, "Inf", []string{"sim", "plate", "--n=9", "--top=Inf", "--out=" + npy}},
		{"an unstable time step", 2, "stab", []string{"sim", "plate", "--n=9", "--time=1", "--dt=10", "--out=" + npy, "--plot=" + plot}},
		{"a tolerance beyond f32", 1, "nothing was written", []string{"sim", "plate", "--n=33", "--top=100", "--tol=1e-12", "--precision=f32", "--plot=" + plot}},
		{"spacings that no picture can have", 2, "spacings", []string{"sim", "plate", "--n=9", "--dx=1e308", "--dy=1e308", "--plot=" + plot}},
		{"two kinds of run", 2, "--time", []string{"sim", "plate", "--time=1", "--tol=1e-3", "--out=" + npy}},
		{"a lying header", 1, "lying.npy", []string{"sim", "plate", "--init=" + lying, "--out=" + npy}},
		{"a missing field", 1, "no such file", []string{"sim", "plate", "--init=" + dir + "/none.npy", "--out=" + npy}},
		{"a file that is none", 1, "nan.csv", []string{"sim", "plate", "--init=" + nan, "--out=" + npy}},
		{"an array that is not in a file of one", 1, "lying.npy:a: no such file", []string{"sim", "plate", "--init=" + lying + ":a", "--out=" + npy}},
		{"one of two arrays", 1, `of "a", "b"`, []string{"sim", "plate", "--init=" + two, "--out=" + npy}},
		{"an array that is missing", 1, `two.npz:c: not a usable NumPy file: an archive without an array "c", but with "a", "b"`, []string{"sim", "plate", "--init=" + two + ":c", "--out=" + npy}},
		{"an array of text", 1, "strings", []string{"sim", "plate", "--init=" + two + ":b", "--out=" + npy}},
		{"a field in another format", 2, ".npy, .npz or .vti", []string{"sim", "plate", "--n=9", "--out=" + plot}},
		{"spacings that no image can have", 2, "spacings", []string{"sim", "plate", "--n=9", "--dx=1e308", "--dy=1e308", "--out=" + filepath.Join(dir, "out.vti")}},
	} {
		t.Run(c.name, func(t *testing.T) {
			code, stdout, stderr := execute(c.args...)
			if stdout != "" && len(c.args) > 0 && c.code != exitFailed {
				t.Errorf("stdout holds %q", stdout)
			}
			lines := strings.Split(strings.TrimSpace(stderr), "\n")
			lines = slices.DeleteFunc(lines, func(l string) bool { return strings.HasPrefix(l, "note: ") })
			if code != c.code || len(lines) != 1 || !strings.HasPrefix(lines[0], "offload: ") || !strings.Contains(lines[0], c.says) {
				t.Errorf("offload %s: exit code %d, want %d; stderr, which should say %q:\n%s",
					strings.Join(c.args, " "), code, c.code, c.says, stderr)
			}
			for _, path := range []string{out, plot, npy} {
				if _, err := os.Stat(path); err == nil {
					t.Errorf("%s was left behind", filepath.Base(path))
					os.Remove(path)
				}
			}
		})
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 6 {
		t.Errorf("%d files in the folder, want the 6 inputs: %v, %v", len(entries), entries, err)
	}
}

// twoArrays returns an archive of the arrays a, numbers, and b, text.
func twoArrays(t *testing.T) string {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, array := range [][2]string{{"a", "<i4"}, {"b", "|S4"}} {
		w, err := z.Create(array[0] + ".npy")
		if err != nil {
			t.Fatal(err)
		}
		dict := "{'descr': '" + array[1] + "', 'fortran_order': False, 'shape': (2, 2), }"
		io.WriteString(w, "\x93NUMPY\x01\x00"+string([]byte{byte(len(dict)), 0})+dict+strings.Repeat("\x01\x00\x00\x00", 4))
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestFullDisk(t *testing.T) {
	if _, err := os.Stat("/dev/full"); err != nil {
		t.Skip("no /dev/full on this system")
	}
	code, _, stderr := execute("sim", "solar", "--until=2451546", "--device=cpu", "--out=/dev/full")
	if code != 1 || !strings.Contains(stderr, "no space left") {
		t.Errorf("exit code %d, stderr %s", code, stderr)
	}
}

func TestBenchJSON(t *testing.T) {
	code, stdout, stderr := execute("bench", "--device=cpu", "--n=33,100", "--sweeps=3", "--count=2", "--workers=1,3", "--format=json")
	if code != 0 || stderr != "" {
		t.Fatalf("exit code %d, stderr %s", code, stderr)
	}
	digests := map[string]string{}
	lines := strings.Split(strings.TrimSpace(stdout), "\n")
	if len(lines) != 24 {
		t.Fatalf("%d lines, want 24", len(lines))
	}
	for _, line := range lines {
		var r map[string]any
		if err := json.Unmarshal([]byte(line), &r); err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		for _, field := range []string{"kernel", "device", "device_name", "class", "precision", "math", "n", "sweeps", "workers",
			"count", "seconds_median", "seconds_min", "rate", "rate_unit", "digest"} {
			if _, ok := r[field]; !ok {
				t.Errorf("no field %s in %s", field, line)
			}
		}
		if len(r["digest"].(string)) != 64 || !(r["rate"].(float64) > 0) || r["exact"] != true {
			t.Errorf("digest, rate or exactness of %s", line)
		}
		key := r["kernel"].(string) + r["precision"].(string) + string(rune(int(r["n"].(float64))))
		if digests[key] == "" {
			digests[key] = r["digest"].(string)
		} else if digests[key] != r["digest"] {
			t.Errorf("another digest with %v workers: %s", r["workers"], line)
		}
	}
	if len(digests) != 12 {
		t.Errorf("%d kinds of digests, want 12", len(digests))
	}
}

func TestBenchForBenchstat(t *testing.T) {
	code, stdout, _ := execute("bench", "--device=reference", "--kernel=laplacian", "--precision=f32", "--n=50", "--count=3", "--format=go")
	lines := strings.Split(strings.TrimSpace(stdout), "\n")
	if code != 0 || len(lines) != 7 || !strings.HasPrefix(lines[4], "BenchmarkLaplacian/precision=f32/n=50/sweeps=16/device=reference/") ||
		!strings.Contains(lines[6], " ns/op\t") || !strings.HasSuffix(lines[6], " updates/s") {
		t.Errorf("exit code %d:\n%s", code, stdout)
	}
}

// Notes report options without effect and, with -v, what was chosen.
func TestNotes(t *testing.T) {
	args := []string{"bench", "--n=9", "--count=1", "--math=fast", "--kernel=force", "--precision=f32"}
	_, _, quiet := execute(args...)
	_, _, stderr := execute(append(args, "-v")...)
	for _, want := range []string{"not on gpu", "running on cpu", "--math=fast has no effect"} {
		if !strings.Contains(stderr, want) {
			t.Errorf("with -v, stderr does not say %q:\n%s", want, stderr)
		}
	}
	if strings.Count(quiet, "\n") != 2 || !strings.Contains(quiet, "no gpu device") || !strings.Contains(quiet, "--math=fast has no effect") {
		t.Errorf("stderr holds\n%s", quiet)
	}
}

func TestDevicesAndVersion(t *testing.T) {
	code, stdout, _ := execute("devices", "--format=json")
	var rows []deviceRow
	if err := json.Unmarshal([]byte(stdout), &rows); code != 0 || err != nil || len(rows) != len(offload.Names()) { // without auto, with mpi
		t.Fatalf("exit code %d, %d rows, %v", code, len(rows), err)
	}
	for _, r := range rows {
		if r.Available == (r.Reason != "") {
			t.Errorf("%+v", r)
		}
	}
	if code, stdout, _ := execute("devices"); code != 0 || !strings.Contains(stdout, "force.f64") {
		t.Errorf("exit code %d:\n%s", code, stdout)
	}
	for _, word := range []string{"version", "--version"} {
		if code, stdout, _ := execute(word); code != 0 || !strings.HasPrefix(stdout, "offload "+offload.Version) {
			t.Errorf("%s: exit code %d: %s", word, code, stdout)
		}
	}
}

func TestVerifyCommand(t *testing.T) {
	if testing.Short() {
		t.Skip("the library's tests do the same at fewer sizes")
	}
	code, stdout, stderr := execute("verify", "--device=cpu", "--format=json")
	if forms := cpu.Variants(kernels.All()); code != 0 || strings.Count(stdout, `"equal":true`) != len(kernels.All())*len(forms) {
		t.Errorf("forms %v, exit code %d, stderr %s:\n%s", forms, code, stderr, stdout)
	}
}

// A table that is read to its third line, as by head, ends the comparisons there.
func TestVerifyForHead(t *testing.T) {
	if testing.Short() {
		t.Skip("the library's tests do the same at fewer sizes")
	}
	var stderr bytes.Buffer
	head := &firstLines{left: 3}
	code := run(scheduleHere, []string{"verify", "--device=reference"}, head, &stderr)
	lines := strings.Split(strings.TrimSpace(head.text), "\n")
	if code != exitFailed || len(lines) != 3 || !strings.Contains(stderr.String(), io.ErrClosedPipe.Error()) {
		t.Errorf("exit code %d, stderr %s:\n%s", code, &stderr, head.text)
	}
	for i, line := range lines {
		if fields := strings.Fields(line); len(fields) != 6 || fields[2] != kernels.All()[i].Name || fields[5] != "equal" {
			t.Errorf("line %d is %q", i, line)
		}
	}
}

// firstLines keeps the lines written, and fails when there are no more left to take.
type firstLines struct {
	text string
	left int
}

func (f *firstLines) Write(line []byte) (int, error) {
	if f.left == 0 {
		return 0, io.ErrClosedPipe
	}
	f.left--
	f.text += string(line)
	return len(line), nil
}

// The end of a short run, in the format of the reference data, near DE405.
func TestSolar(t *testing.T) {
	out := filepath.Join(t.TempDir(), "out.csv")
	code, stdout, stderr := execute("sim", "solar", "--gr", "--device=cpu", "--until=2451555", "--every=5", "--out="+out)
	if code != 0 || stderr != "" {
		t.Fatalf("exit code %d, stderr %s", code, stderr)
	}
	if !strings.Contains(stdout, "distance from DE405") || !strings.Contains(stdout, "Mercury       0.00") {
		t.Errorf("stdout:\n%s", stdout)
	}
	text, err := os.ReadFile(out)
	if lines := strings.Split(strings.TrimSpace(string(text)), "\n"); err != nil || len(lines) != 1+3*11 ||
		lines[0] != "jd_tdb,body,x_au,y_au,z_au,vx_au_d,vy_au_d,vz_au_d,gm_au3_d2" || !strings.HasPrefix(lines[33], "2451555.0,Pluto,") {
		t.Errorf("%v; the file holds\n%s", err, text)
	}
}

// Bodies that meet: at the start it is an error of the file, later the report says that the states mean little.
func TestBodiesThatMeet(t *testing.T) {
	file := filepath.Join(t.TempDir(), "bodies.csv")
	write := func(rows string) {
		if err := os.WriteFile(file, []byte("jd_tdb;body;gm_au3_d2;x_au;y_au;z_au;vx_au_d;vy_au_d;vz_au_d\n"+rows), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write("2451545,0;A;3D-4;1;0;0;0;0;0\n2451545,0;B;3D-4;1;0;0;0;0;0\n")
	code, stdout, stderr := execute("sim", "solar", "--device=cpu", "--bodies="+file, "--until=2451546")
	if want := file + `: invalid input: bodies "A" and "B" are at the same place at JD 2451545.0`; code != 1 || stdout != "" || !strings.Contains(stderr, want) {
		t.Errorf("at the start: exit code %d, %s%s", code, stdout, stderr)
	}
	write("2451545,0;A;3D-4;-0,5;0;0;0;0;0\n2451545,0;B;3D-4;0,5;0;0;0;0;0\n")
	code, stdout, stderr = execute("sim", "solar", "--device=cpu", "--bodies="+file, "--until=2451745", "--integrator=leapfrog", "--format=json")
	if code != 0 || !strings.Contains(stdout, `"doubtful":true`) || !strings.HasPrefix(stderr, "note: the energy has changed by ") || strings.Count(stderr, "\n") != 1 {
		t.Errorf("later: exit code %d, %s%s", code, stdout, stderr)
	}
}

func TestHelpHasExamples(t *testing.T) {
	for _, command := range []string{"", "devices", "bench", "verify", "sim", "sim solar", "sim plate", "trace", "vet"} {
		code, stdout, _ := execute(append(strings.Fields(command), "--help")...)
		if code != 0 || !strings.Contains(stdout, "Examples:\n") {
			t.Errorf("offload %s --help: exit code %d:\n%s", command, code, stdout)
		}
	}
}
