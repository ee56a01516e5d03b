package solar

import (
	"bytes"
	"encoding/json"
	"errors"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// file returns the text of a file in testdata, which follow the format in JPL's manual.
func file(t testing.TB, name string) string {
	t.Helper()
	return string(must(os.ReadFile(filepath.Join("testdata", name)))(t))
}

func source(text string) Source { return Source{Reader: strings.NewReader(text)} }

// A table with labels, in au and of the ICRF, with two dates.
func TestHorizonsLabels(t *testing.T) {
	text := file(t, "horizons_mars.txt")
	if _, err := ReadBodies(strings.NewReader(text)); !errors.Is(err, ErrDates) {
		t.Errorf("two dates: %v", err)
	}
	sys := must(ReadSystem(ReadOptions{Epoch: FirstDate}, source(text)))(t)
	b := sys.Bodies[0]
	if len(sys.Bodies) != 1 || sys.Epoch != 2451545 || b.Name != "Mars Barycenter" {
		t.Fatalf("%+v", sys)
	}
	// JPL's astronomical unit is longer than ours.
	if want := 1.383579462 * 149597870.7 / AU; math.Abs(b.X[0]-want) > 4e-16 || b.X[0] == 1.383579462 {
		t.Errorf("x is %v, want %v", b.X[0], want)
	}
	if want := 6.3148674e-3 * 149597870.7 / AU; math.Abs(b.V[2]-want) > 2e-18 {
		t.Errorf("vz is %v, want %v", b.V[2], want)
	}
	// The page has GM of the planet alone.
	if want := must(J2000())(t).Bodies[5].GM; b.GM != want {
		t.Errorf("GM is %v, want DE405's of the system, %v", b.GM, want)
	}
	planet := must(ReadSystem(ReadOptions{Epoch: LastDate}, source(strings.Replace(text, "Mars Barycenter (4)", "Mars (499)", 1))))(t)
	if got, want := planet.Bodies[0].GM*AU*AU*AU/SecondsPerDay/SecondsPerDay, 42828.375214; planet.Epoch != 2451546 || math.Abs(got/want-1) > 1e-15 {
		t.Errorf("GM is %v km³/s², want the page's %v", got, want)
	}
}

// The same table in other forms has the same bits.
func TestHorizonsForms(t *testing.T) {
	text := file(t, "horizons_mars.txt")
	read := func(text string) *System {
		t.Helper()
		return must(ReadSystem(ReadOptions{Epoch: LastDate}, source(text)))(t)
	}
	want := read(text)
	answer := must(json.Marshal(map[string]any{"signature": map[string]string{"version": "1.2"}, "result": text}))(t)
	states := regexp.MustCompile(`(?s)\$\$SOE.*\$\$EOE`)
	comma := "2451546.000000000, A.D. 2000-Jan-02 12:00:00.0000, 1.384176800000000E+00, 1.256164000000000E-02, -3.156719000000000E-02, 5.173E-04, 1.38071E-02, 6.3189E-03, 1, 2, 3,"
	commas := states.ReplaceAllLiteralString(text, "JDTDB, Calendar Date (TDB), X, Y, Z, VX, VY, VZ, LT, RG, RR,\n***\n$$SOE\n"+comma+"\n$$EOE")
	for name, form := range map[string]string{
		"CRLF":           strings.ReplaceAll(text, "\n", "\r\n"),
		"without labels": regexp.MustCompile(`(?m)(V?[XYZ]|LT|RG|RR) ?=`).ReplaceAllString(text, ""),
		"without range":  regexp.MustCompile(`(?m)^ LT=.*\n`).ReplaceAllString(text, ""),
		"JSON":           string(answer),
		"commas":         commas,
		"D exponents":    strings.ReplaceAll(text, "E-0", "D-0"),
		"an older header": strings.Replace(text, "Reference frame : ICRF ",
			"Reference frame : ICRF/J2000.0\nCoordinate systm: Earth Mean Equator and Equinox of Reference Epoch", 1),
	} {
		t.Run(name, func(t *testing.T) { sameBits(t, want, read(form)) })
	}
}

// Tables of several bodies, in km and of the ecliptic; in one file, or in several.
func TestHorizonsSeveralTables(t *testing.T) {
	text := file(t, "horizons_pair.txt")
	sys := must(ReadBodies(strings.NewReader(text)))(t)
	sun := must(J2000())(t).Bodies[0]
	if len(sys.Bodies) != 2 || sys.Bodies[0].Name != "Sun" || sys.Bodies[1].Name != "1 Ceres" {
		t.Fatalf("%+v", sys)
	}
	if d := distance(sys.Bodies[0].X, sun.X); d > 1e-5 {
		t.Errorf("the Sun is %g au from its place: %v, want %v", d, sys.Bodies[0].X, sun.X)
	}
	if got, want := sys.Bodies[0].GM*AU*AU*AU/SecondsPerDay/SecondsPerDay, 132712440041.93938; math.Abs(got/want-1) > 1e-15 {
		t.Errorf("the Sun has %v, want the page's %v", got, want)
	}
	if got := sys.Bodies[1].GM * AU * AU * AU / SecondsPerDay / SecondsPerDay; math.Abs(got/62.6284-1) > 1e-15 {
		t.Errorf("Ceres has %v, want the page's 62.6284", got)
	}
	i := strings.Index(text, "JPL/HORIZONS")
	sameBits(t, sys, must(ReadSystem(ReadOptions{}, source(text[:i]), source(text[i:])))(t))
	// A table about the Sun has the Sun at the origin.
	about := strings.ReplaceAll(text[i:], "Solar System Barycenter (0)", "Sun (10)")
	relative := must(ReadBodies(strings.NewReader(about)))(t)
	if b := relative.Bodies[0]; len(relative.Bodies) != 2 || b != (Body{Name: "Sun", GM: sun.GM}) {
		t.Errorf("%+v", relative)
	}
	_, err := ReadSystem(ReadOptions{}, source(text[:i]), source(about))
	if err == nil || !strings.Contains(err.Error(), "1 Ceres refers to Sun (10), but Sun to Solar System Barycenter") {
		t.Errorf("two centres: %v", err)
	}
}

// What astroquery returns, as CSV, is in au and au/day, and of the frame that was asked for.
func TestAstroquery(t *testing.T) {
	text := file(t, "astroquery.csv")
	sys := must(ReadBodies(strings.NewReader(text)))(t)
	if len(sys.Bodies) != 3 || sys.Bodies[2].Name != "Ceres" || sys.Epoch != 2451545 || math.Abs(sys.Bodies[1].X[1]+0.0162136) > 1e-11 {
		t.Fatalf("%+v", sys)
	}
	want := must(J2000())(t)
	turned := must(ReadSystem(ReadOptions{Frame: Ecliptic}, source(text)))(t)
	for i, k := range []int{0, 5} {
		if d := distance(turned.Bodies[i].X, want.Bodies[k].X); d > 1e-5 || turned.Bodies[i].GM != want.Bodies[k].GM {
			t.Errorf("%+v, want %+v", turned.Bodies[i], want.Bodies[k])
		}
	}
}

func TestHorizonsRefuses(t *testing.T) {
	text := file(t, "horizons_mars.txt")
	change := func(pairs ...string) string { return strings.NewReplacer(pairs...).Replace(text) }
	for _, tt := range []struct{ name, in, want string }{
		{"no header", "JDTDB,X\n$$SOE\n", "line 2, column $$SOE: the header with the name of the body, its units and its frame is missing before the states"},
		{"no states", text[:strings.Index(text, "$$SOE")], "column $$SOE: is missing"},
		{"cut off", text[:strings.Index(text, "$$EOE")], "column $$EOE: is missing"},
		{"no units", change("Output units", "Output thing"), "no line Output units"},
		{"unknown units", change("AU-D", "RE-D"), `"RE-D" is none of AU-D`},
		{"no frame", change("Reference frame", "Reference thing"), "no line Reference frame"},
		{"another frame", change(": ICRF", ": FK4/B1950.0"), "the frame is FK4/B1950.0; take REF_SYSTEM='ICRF'"},
		{"a body's equator", change(": ICRF", ": Body mean equator and node of date"), "the frame is Body"},
		{"an unknown frame", change(": ICRF", ": galactic"), "the frame is galactic, which is not known"},
		{"apparent", change("GEOMETRIC", "LT+S CORRECTED"), "not geometric but LT+S CORRECTED cartesian states; take VEC_CORR='NONE'"},
		{"UT", change("12:00:00.0000 TDB\nStop", "12:00:00.0000 UT \nStop"), "dates are not of TDB"},
		{"a site", change("BODY CENTER", "Goldstone"), "the site Goldstone"},
		{"positions alone", regexp.MustCompile(`(?m)^ (VX|LT)=.*\n`).ReplaceAllString(text, ""), "has 3 of 6 numbers; take VEC_TABLE='2'"},
		{"not a number", change("VY= 1.380727900000000E-02", "VY= fast"), `column VY: "fast" is not a finite number`},
		{"out of order", change(" Y =", " Z ="), "column Z: is out of order"},
		{"no date", change("2451545.000000000 = A.D.", "at A.D."), "column JDTDB: a date"},
		{"another JSON", "{\"a\":1}", "this is JSON, but not of Horizons"},
		{"an error", `{"error":"No ephemeris"}`, "Horizons answered with an error: \"No ephemeris\""},
		{"text in JSON", `{"result":"Cannot find central body"}`, "column $$SOE: is missing"},
	} {
		_, err := ReadSystem(ReadOptions{Epoch: FirstDate}, source(tt.in))
		if !errors.Is(err, ErrInput) || !strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: %v, want a line with %q", tt.name, err, tt.want)
		}
	}
}

// FuzzReadSystem checks that no text causes a panic, and that accepted bodies are valid.
func FuzzReadSystem(f *testing.F) {
	const header = "GM= 1\nTarget body name: 4 Vesta (A)\nCenter body name: Sun (10)\nOutput units: KM-S\nReference frame: Ecliptic\n"
	f.Add([]byte(header+"$$SOE\n1 = A.D. 2\nX=1 Y=2 Z=3\nVX=1 VY=2 VZ=3\n2 = A.D. 2\n1 2 3\n4 5 6\n$$EOE\n"), 1)
	f.Add([]byte(header+"JDTDB,X,Y,Z,VX,VY,VZ,\n$$SOE\n1,1,2,3,4,5,6\n$$EOE\n"), 0)
	f.Add([]byte("jd_tdb,body,centre,q_km,e,i_deg,node_deg,peri_deg,tp_jd,gm_km3_s2\n1,a,b,1e6,1,2,3,4,5,0\n1,b,Sun,1e8,2,2,3,4,5,1\n"), 0)
	f.Add([]byte("targetname,datetime_jd,x,y,z,vx,vy,vz\nIo (501),1,1,2,3,4,5,6\n"), 0)
	f.Add([]byte(`{"result":"$$SOE"}`), 0)
	f.Fuzz(func(t *testing.T, in []byte, epoch int) {
		sys, err := ReadSystem(ReadOptions{Epoch: Epoch(epoch), Units: KMSecond, Frame: Ecliptic}, Source{Reader: bytes.NewReader(in)})
		if err != nil {
			if !errors.Is(err, ErrInput) || strings.Contains(err.Error(), "\n") {
				t.Fatalf("error %q", err)
			}
			return
		}
		if err := sys.Validate(); err != nil {
			t.Fatalf("accepted, yet invalid: %v", err)
		}
	})
}
