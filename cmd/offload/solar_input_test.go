package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// What a run wrote is the input of the next one, at any of its dates; and dates may be of the calendar, or spans.
func TestSolarInput(t *testing.T) {
	dir := t.TempDir()
	out := filepath.Join(dir, "out.csv")
	code, stdout, stderr := execute("sim", "solar", "--device=cpu", "--until=+10d", "--every=5", "--out="+out)
	if code != 0 || !strings.Contains(stdout, "from JD 2451545.0000 to 2451555.0000") {
		t.Fatalf("exit code %d, %s%s", code, stdout, stderr)
	}
	code, stdout, stderr = execute("sim", "solar", "--device=cpu", "--until=+1d", "--elements")
	if code != 0 || !strings.Contains(stdout, "\nelements, ecliptic of J2000:\n  body    ") || !strings.Contains(stdout, " Earth\n") {
		t.Errorf("elements: exit code %d, %s%s", code, stdout, stderr)
	}
	code, stdout, stderr = execute("sim", "solar", "--device=cpu", "--until=+1d", "--elements", "--format=json")
	if code != 0 || !strings.Contains(stdout, `{"body":"Moon","primary":"Earth","a_au":0.00`) {
		t.Errorf("elements: exit code %d, %s%s", code, stdout, stderr)
	}
	bare := filepath.Join(dir, "bare.csv")
	if err := os.WriteFile(bare, []byte("jd_tdb,body,x,y,z,vx,vy,vz\n2451545,Sun,0,0,0,0,0,0\n2451545,Earth,1.5e8,0,0,0,30,0\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name string
		code int
		says string
		args []string
	}{
		{"the last date", 0, "from JD 2451555.0000 to 2451556.0000", []string{"--bodies=" + out, "--epoch=last", "--until=+1d"}},
		{"the first date", 0, "from JD 2451545.0000 to 2451544.0000", []string{"--bodies=" + out, "--epoch=first", "--until=-1d"}},
		{"a date between", 0, "from JD 2451550.0000 to 2451551.5000", []string{"--bodies=" + out, "--epoch=2000-Jan-06 12:00", "--until=2000-01-08"}},
		{"several dates", 1, "several dates, from JD 2451545.0 to 2451555.0; choose one (--epoch=DATE, first or last)", []string{"--bodies=" + out}},
		{"another date", 1, "no state is of JD 2451546.0", []string{"--bodies=" + out, "--epoch=JD 2451546"}},
		{"an epoch that is none", 2, "--epoch", []string{"--bodies=" + out, "--epoch=soon"}},
		{"an epoch of nothing", 2, "require --bodies", []string{"--epoch=last"}},
		{"a span that is none", 2, "--until", []string{"--until=+thirtyy"}},
		{"no units", 1, "column x: it has no unit; name it x_au, x_km, x_m, or give the units of the table (--units=au-d, km-s or si)", []string{"--bodies=" + bare}},
		{"wrong units", 1, "are the units km and km/s?", []string{"--bodies=" + bare, "--units=au-d"}},
		{"km", 0, "radau15", []string{"--bodies=" + bare, "--units=km-s", "--until=+1d"}},
		{"unknown units", 2, "--units=miles", []string{"--bodies=" + bare, "--units=miles"}},
		{"an unknown frame", 2, "--frame=b1950", []string{"--bodies=" + bare, "--frame=b1950"}},
		{"the same body in two files", 1, `"Sun" appears twice`, []string{"--bodies=" + bare + "," + bare, "--units=km-s"}},
		{"a second file that is not there", 1, "no such file", []string{"--bodies=" + bare, "--bodies=" + dir + "/none", "--units=km-s"}},
	} {
		code, stdout, stderr := execute(append([]string{"sim", "solar", "--device=cpu"}, c.args...)...)
		if code != c.code || !strings.Contains(stdout+stderr, c.says) {
			t.Errorf("%s: exit code %d, %s%s", c.name, code, stdout, stderr)
		}
	}
}
