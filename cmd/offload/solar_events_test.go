package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// hitting is a table of bodies of which the third hits the second after nine days, and the last goes away.
const hitting = `jd_tdb,body,gm_au3_d2,radius_km,x_au,y_au,z_au,vx_au_d,vy_au_d,vz_au_d
2451545.0,Sun,2.959122082855911e-4,696000,0,0,0,0,0,0
2451545.0,Earth,8.887692445e-10,6378,1,0,0,0,0.01720209895,0
2451545.0,Rock,1e-15,10,1.01,0,0,-0.001,0.01720209895,0
2451545.0,Comet,0,1,0,-1,0,0,-0.03,0
`

func TestEvents(t *testing.T) {
	dir := t.TempDir()
	bodies, out := filepath.Join(dir, "bodies.csv"), filepath.Join(dir, "out.csv")
	if err := os.WriteFile(bodies, []byte(hitting), 0o666); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name  string
		args  []string
		code  int
		says  string // on stdout or stderr
		kinds string // of the events
		left  int    // bodies
	}{
		{"listed by default", nil, 0, "2000-01-10 04:14", "collision", 4},
		{"merged", []string{"--on-collision=merge"}, 0, "Earth, Rock  6388 km", "merger", 3},
		{"stopped", []string{"--on-collision=stop"}, 1, "collision of Earth and Rock; kept the state at JD 2451553.6771", "", 4},
		{"approaches, too", []string{"--close=0.05", "--on-collision=merge"}, 0, "merger", "merger", 3},
		{"approaches of a pair", []string{"--close=3hill", "--pairs=Earth:Rock"}, 0, "approach", "collision,approach,approach", 4},
		{"an escape", []string{"--escape=5"}, 0, "escape", "collision,escape", 4},
	} {
		t.Run(c.name, func(t *testing.T) {
			os.Remove(out)
			args := append([]string{"sim", "solar", "--device=cpu", "--bodies=" + bodies, "--until=+4000d", "--out=" + out}, c.args...)
			code, stdout, stderr := execute(args...)
			if code != c.code || !strings.Contains(stdout+stderr, c.says) {
				t.Errorf("exit code %d, stdout %s, stderr %s", code, stdout, stderr)
			}
			states, _ := os.ReadFile(out)
			if rows := strings.Count(string(states), "\n") - 1; rows != c.left {
				t.Errorf("%d bodies are left, want %d", rows, c.left)
			}
			if c.code != 0 {
				return
			}
			_, stdout, _ = execute(append(args, "--format=json")...)
			var r struct {
				Count  int `json:"event_count"`
				Events []struct{ Kind string }
			}
			if err := json.Unmarshal([]byte(stdout), &r); err != nil {
				t.Fatal(err)
			}
			var kinds []string
			for _, e := range r.Events {
				kinds = append(kinds, e.Kind)
			}
			if got := strings.Join(kinds, ","); got != c.kinds || r.Count != len(kinds) {
				t.Errorf("events %s (%d), want %s", got, r.Count, c.kinds)
			}
		})
	}
}
