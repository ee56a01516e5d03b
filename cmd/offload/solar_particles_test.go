package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"offload/archive"
)

func TestParticles(t *testing.T) {
	t.Run("leapfrog", func(t *testing.T) { testParticles(t, "--integrator=leapfrog", "--every=10") })
	t.Run("wh", func(t *testing.T) { testParticles(t, "--integrator=wh", "--every=10") })
	t.Run("wh within a run", func(t *testing.T) { testParticles(t, "--integrator=wh") })
}

// testParticles runs particles with some options in one piece, and again from a date in it.
func testParticles(t *testing.T, options ...string) {
	dir := t.TempDir()
	file := func(name string) string { return filepath.Join(dir, name) }
	rows := "x_au,y_au,z_au,vx_au_d,vy_au_d,vz_au_d\n2.5,0,0,0,0.0109,0\n0,3,0,-0.0099,0,0\n-2,0.1,0.2,0,-0.012,0\n"
	for name, text := range map[string]string{"three.csv": rows, "nan.csv": strings.Replace(rows, "2.5", "NaN", 1)} {
		if err := os.WriteFile(file(name), []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	plus := func(args []string, more ...string) []string { return append(slices.Clone(args), more...) }
	base := append([]string{"sim", "solar", "--dt=2", "--until=+100d", "--device=cpu"}, options...)
	run := func(args ...string) string {
		t.Helper()
		code, stdout, stderr := execute(args...)
		if code != 0 || !strings.Contains(stdout, "3 particles\n") {
			t.Fatalf("exit code %d, stdout %s, stderr %s", code, stdout, stderr)
		}
		return stdout
	}
	with := plus(base, "--particles="+file("three.csv"))
	run(plus(with, "--archive="+file("whole"), "--particles-out="+file("whole.csv"), "--out="+file("states.csv"))...)
	run("sim", "solar", "--resume="+file("whole"), "--at=2451585", "--archive="+file("rest"), "--device=reference", "--particles-out="+file("rest.csv"))
	equal := func(a, b string) {
		t.Helper()
		x, _ := os.ReadFile(file(a))
		y, _ := os.ReadFile(file(b))
		if len(x) == 0 || string(x) != string(y) {
			t.Errorf("%s and %s differ", a, b)
		}
	}
	equal("whole.csv", "rest.csv")
	frames := 7 // from that on which the second run goes on from
	if len(options) == 1 {
		frames = 31
	}
	a, err := archive.Open(t.Context(), file("whole"))
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	b, err := archive.Open(t.Context(), file("rest"))
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	if c, err := archive.Compare(t.Context(), a, b); err != nil || c.Difference != nil || c.Frames != frames {
		t.Errorf("%+v, %v", c, err)
	}
	if code, _, stderr := execute(plus(base, "--out="+file("alone.csv"))...); code != 0 {
		t.Fatal(stderr)
	}
	equal("states.csv", "alone.csv") // particles change no bit of the bodies
	for _, c := range []struct {
		name, says string
		code       int
		args       []string
	}{
		{"another integrator", "--integrator=leapfrog", 2, []string{"sim", "solar", "--particles=" + file("three.csv")}},
		{"relativity", "relativity", 2, plus(with, "--gr", "--integrator=leapfrog")},
		{"not finite", "nan.csv: ", 1, plus(base, "--particles="+file("nan.csv"))},
		{"no file", "no such file", 1, plus(base, "--particles="+file("none.npy"))},
		{"an unknown format", ".npy or .csv", 2, plus(with, "--particles-out=end.txt")},
		{"nothing to write", "requires --particles", 2, plus(base, "--particles-out="+file("end.npy"))},
	} {
		if code, _, stderr := execute(c.args...); code != c.code || !strings.Contains(stderr, c.says) {
			t.Errorf("%s: exit code %d, stderr %s", c.name, code, stderr)
		}
	}
}
