package main

import (
	"math"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// optionsIn matches options in a document: each begins with --, between backquotes.
var optionsIn = regexp.MustCompile("`(--[^`]+)`")

// plateDocument returns docs/plate.md, and a folder with the files that it names.
func plateDocument(t *testing.T) (text, dir string) {
	t.Helper()
	data, err := os.ReadFile("../../docs/plate.md")
	if err != nil {
		t.Fatal(err)
	}
	const n = 129
	disc := func(inside, outside float64) func(i, j int) float64 {
		return func(i, j int) float64 {
			if i, j = i-n/2, j-n/2; i*i+j*j < 30*30 {
				return inside
			}
			return outside
		}
	}
	dir = t.TempDir()
	profile := make([]float64, n)
	for i := range profile {
		profile[i] = float64(i % 64)
	}
	writeProfile(t, filepath.Join(dir, "profile.npy"), profile...)
	writeMap(t, filepath.Join(dir, "heater.npy"), n, n, disc(2e8, 0))
	writeMap(t, filepath.Join(dir, "glass.npy"), n, n, disc(0.2, 237))
	writeMap(t, filepath.Join(dir, "disc.npy"), n, n, disc(80, math.NaN()))
	return string(data), dir
}

// The options beside each picture of the document make a plate of 129 × 129 points, one
// that is not the same everywhere.
func TestPlatesOfTheDocument(t *testing.T) {
	if testing.Short() {
		t.Skip("other tests run such plates")
	}
	text, dir := plateDocument(t)
	plates := 0
	for _, row := range regexp.MustCompile(`(?m)^\| !\[.*$`).FindAllString(text, -1) {
		for _, options := range optionsIn.FindAllStringSubmatch(row, -1) {
			args := strings.Fields(regexp.MustCompile(`\w+\.npy`).ReplaceAllString(options[1], dir+"/$0"))
			r := plateJSON(t, append(args, "--n=129", "--device=cpu")...)
			if r["converged"] != true || !(r["lowest"].(float64) < r["highest"].(float64)) {
				t.Errorf("%s: %v", options[1], r)
			}
			plates++
		}
	}
	if plates < 9 {
		t.Errorf("the document has only %d plates", plates)
	}
}

// Each option that the text of the document names is one of the command, and takes the
// value given there.
func TestOptionsOfTheDocument(t *testing.T) {
	if testing.Short() {
		t.Skip("it tests a text")
	}
	text, dir := plateDocument(t)
	_, help, _ := execute("sim", "plate", "--help")
	in := map[string]string{ // what an option needs beside it, and values in place of words
		"--scheme":   "--time=0.1",
		"--solver":   "--tol=1e-3",
		"--n":        "--n=9x11",
		"--every":    "--every=0.05 --time=0.1 --dt=0.05 --scheme=euler --out=" + dir + "/out.npy",
		"--capacity": "--capacity=2.4e6 --time=0.1 --scheme=euler",
	}
	named := map[string]bool{}
	for _, options := range optionsIn.FindAllStringSubmatch(text, -1) {
		args := strings.Fields("sim plate --top=100 --n=9 --device=cpu")
		for _, option := range strings.Fields(options[1]) {
			name, value, valued := strings.Cut(option, "=")
			named[name] = true
			if !strings.Contains(help, "      "+name+" ") {
				t.Errorf("%s is not an option: help says\n%s", option, help)
			}
			args = append(args, strings.Fields(in[name])...)
			if valued && !strings.Contains(value, ".npy") && value == strings.ToLower(value) {
				args = append(args, option)
			}
		}
		if code, _, stderr := execute(args...); code != exitDone {
			t.Errorf("%q: exit code %d, %s", args, code, stderr)
		}
	}
	for _, name := range []string{"--solver", "--scheme", "--precision", "--time", "--every", "--format"} {
		if !named[name] {
			t.Errorf("the document does not name %s", name)
		}
	}
}

// The report has what the document says of it, and the default tolerance is the one there.
func TestReportOfTheDocument(t *testing.T) {
	text, _ := plateDocument(t)
	for _, c := range []struct {
		says, args string
		printed    []string
	}{
		{"the number of cycles, and the mean ratio of the residuals", "--top=100 --left=insulated", []string{" cycles, ", "factor "}},
		{"an estimate of the largest distance from the solution", "--top=100 --left=insulated", []string{"estimated error "}},
		{"report the heat that was stored and what came in through edges, from points that are held, and from sources", "--top=100 --time=1 --scheme=euler",
			[]string{"heat in J/m: stored ", "from edges ", "held points ", "sources "}},
		{"has a digest of the result", "--top=100 --format=json", []string{`"digest":"`}},
		{"the default tolerance is 4.8e-7", "--help", []string{"4.8e-7 in f32"}},
	} {
		if !strings.Contains(strings.Join(strings.Fields(text), " "), c.says) {
			t.Errorf("the document does not say %q", c.says)
		}
		_, stdout, _ := execute(append([]string{"sim", "plate", "--n=17", "--device=cpu"}, strings.Fields(c.args)...)...)
		for _, printed := range c.printed {
			if !strings.Contains(stdout, printed) {
				t.Errorf("%s: %q is not printed:\n%s", c.says, printed, stdout)
			}
		}
	}
}
