package solar

import (
	"bytes"
	"context"
	"errors"
	"math"
	"strings"
	"testing"
)

// A state that was written is valid input: the masses and radii of a run come back.
func TestStatesAreInput(t *testing.T) {
	sys := must(J2000())(t)
	sys.Bodies[3].Radius = 4.26e-5
	sim := must(New(sys, nil, Options{Integrator: "leapfrog"}))(t)
	var out bytes.Buffer
	want := System{Epoch: sys.Epoch + 2}
	for range 2 {
		must(sim.Run(context.Background(), sim.JD()+1, Watch{}))(t)
		if err := WriteStates(&out, sim.Snapshot()); err != nil {
			t.Fatal(err)
		}
	}
	for _, b := range sim.Snapshot().Bodies {
		want.Bodies = append(want.Bodies, Body(b))
	}
	header, rest, _ := strings.Cut(out.String(), "\n")
	if header != bodyColumns+",radius_au" {
		t.Errorf("the header is %s", header)
	}
	table := header + "\n" + strings.ReplaceAll(rest, header+"\n", "")
	if _, err := ReadBodies(strings.NewReader(table)); !errors.Is(err, ErrDates) || !errors.Is(err, ErrInput) {
		t.Errorf("two dates: %v, want ErrDates", err)
	}
	read := func(o ReadOptions) (*System, error) {
		return ReadSystem(o, Source{"end.csv", strings.NewReader(table)})
	}
	for _, o := range []ReadOptions{{Epoch: LastDate}, {Epoch: ChosenDate, Date: want.Epoch}} {
		sameBits(t, &want, must(read(o))(t))
	}
	if first := must(read(ReadOptions{Epoch: FirstDate}))(t); first.Epoch != sys.Epoch+1 || len(first.Bodies) != len(sys.Bodies) {
		t.Errorf("the first date is %v", first.Epoch)
	}
	_, err := read(ReadOptions{Epoch: ChosenDate, Date: 1})
	if want := "end.csv: invalid input: no state is of JD 1.0; the dates are from JD 2451546.0 to 2451547.0"; err == nil || err.Error() != want {
		t.Errorf("%v, want %s", err, want)
	}
}

// Columns may have any unit, and a table without units those of the options.
func TestUnits(t *testing.T) {
	const km = AU // of one astronomical unit
	want := must(ReadBodies(strings.NewReader(header + "1,Sun,2,1,-1,0.5,0.25,0,1e-3\n")))(t).Bodies[0]
	cell := formatCell
	gm := float64(2 * km * km * km / (SecondsPerDay * SecondsPerDay))
	rows := []struct {
		name, in string
		units    Units
	}{
		{"km", "jd_tdb,body,x_km,y_km,z_au,vx_km_s,vy_au_d,vz_km_s,gm_km3_s2,radius_km\n1,Sun," + cell(km) + "," + cell(-km) + ",0.5," +
			cell(0.25*km/SecondsPerDay) + ",0," + cell(1e-3*km/SecondsPerDay) + "," + cell(gm) + "," + cell(km), ""},
		{"m", "jd_tdb,body,x_m,y_m,z_m,vx_m_s,vy_m_s,vz_m_s,gm_m3_s2,radius_m\n1,Sun," + cell(1000*km) + "," + cell(-1000*km) + "," + cell(500*km) + "," +
			cell(250*km/SecondsPerDay) + ",0," + cell(km/SecondsPerDay) + "," + cell(1e9*gm) + "," + cell(1000*km), ""},
		{"km by option", "jd_tdb,body,x,y,z,vx,vy,vz,gm,radius_au\n1,Sun," + cell(km) + "," + cell(-km) + "," + cell(0.5*km) + "," +
			cell(0.25*km/SecondsPerDay) + ",0," + cell(1e-3*km/SecondsPerDay) + "," + cell(gm) + ",1", KMSecond},
		{"au by option", "jd_tdb,body,x,y,z,vx,vy,vz,gm,radius\n1,Sun,1,-1,0.5,0.25,0,1e-3,2,1", AUDay},
	}
	for _, row := range rows {
		got := must(ReadSystem(ReadOptions{Units: row.units}, Source{row.name, strings.NewReader(row.in)}))(t).Bodies[0]
		near := math.Abs(got.GM/want.GM-1) < 4e-16 && math.Abs(got.Radius-1) < 4e-16
		for k := range 3 {
			near = near && math.Abs(got.X[k]-want.X[k]) < 4e-16 && math.Abs(got.V[k]-want.V[k]) < 1e-16
		}
		if !near {
			t.Errorf("%s: %+v, want %+v", row.name, got, want)
		}
	}
	_, err := ReadSystem(ReadOptions{Units: "miles"}, Source{Reader: strings.NewReader(states)})
	if !errors.Is(err, ErrInput) || !strings.Contains(err.Error(), `units "miles"; they are au-d, km-s or si`) {
		t.Errorf("unknown units: %v", err)
	}
}

// Files as people have them.
func TestFiles(t *testing.T) {
	for name, want := range map[string]string{
		"coincident.csv":       `bodies "A" and "B" are at the same place at JD 2451545.0`,
		"d-exponents.csv":      "",
		"head-on.csv":          "",
		"horizons-vectors.csv": "the header with the name of the body, its units and its frame is missing",
		"semicolon.csv":        "",
	} {
		_, err := ReadSystem(ReadOptions{}, Source{name, strings.NewReader(file(t, name))})
		if want == "" && err != nil || want != "" && (!errors.Is(err, ErrInput) || !strings.HasPrefix(err.Error(), name+": ") || !strings.Contains(err.Error(), want)) {
			t.Errorf("%s: %v, want %q", name, err, want)
		}
	}
}

// A body of the Solar System needs no GM: names and numbers of JPL find it.
func TestKnownMasses(t *testing.T) {
	de405 := must(J2000())(t)
	for i, b := range de405.Bodies {
		var known masses
		for _, id := range de405Bodies[i] {
			if gm, ok := known.find("", id); !ok || gm != b.GM {
				t.Errorf("%d: %g, want that of %s, %g", id, gm, b.Name, b.GM)
			}
		}
	}
	const km3 = AU * AU * AU / (SecondsPerDay * SecondsPerDay)
	for name, want := range map[string]float64{
		"Earth": 398600.433, "earth (399)": 398600.433, "399": 398600.433, "Moon": 4902.80, "3": 403503.23, "EMB": 0, "Earth-Moon Barycenter (3)": 403503.23,
		"Jupiter": 126712767.9, "Jupiter Barycenter": 126712767.9, "Jupiter (599)": 126686534.2, "599": 126686534.2, "Sun (10)": 132712440017.99,
		"Io": 5959.9, "Titan (606)": 8978.1, "1 Ceres (A801 AA)": 62.63, "Ceres": 62.63, "2000001": 62.63, "20000001": 62.63, "4 Vesta": 17.29, "Ceres (A801 AA)": 62.63,
		"Rock": 0, "": 0, "4711 Rock": 0, "-1": 0,
	} {
		var known masses
		gm, ok := known.find(name, 0)
		if ok != (want != 0) || math.Abs(gm*km3-want) > 1e-3*want {
			t.Errorf("%q: %g km³/s², %v, want %g", name, gm*km3, ok, want)
		}
	}
	var sum float64
	for _, m := range de440Masses {
		if m.id/100 == 5 {
			sum += m.gm
		}
	}
	if math.Abs(sum/126712764.1-1) > 2e-9 { // the system of Jupiter in DE440
		t.Errorf("Jupiter and its large moons have %.9g", sum)
	}
	sys := must(ReadBodies(strings.NewReader(states + "1,Sun,0,0,0,0,0,0\n1,Mars,1,0,0,0,0,0\n")))(t)
	if sys.Bodies[0].GM != de405.Bodies[0].GM || sys.Bodies[1].GM != de405.Bodies[5].GM {
		t.Errorf("a table without GM: %+v", sys.Bodies)
	}
}
