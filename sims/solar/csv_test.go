package solar

import (
	"bytes"
	"errors"
	"math"
	"strings"
	"testing"
)

const header = "jd_tdb,body,gm_au3_d2,x_au,y_au,z_au,vx_au_d,vy_au_d,vz_au_d\n"

const states = "jd_tdb,body,x_au,y_au,z_au,vx_au_d,vy_au_d,vz_au_d\n"

func TestReadBodiesFindsColumnsByName(t *testing.T) {
	in := "# any order, other columns, comments, blank lines\n" +
		"note, vz_au_d,vy_au_d,vx_au_d,z_au,y_au,x_au,gm_au3_d2,body,jd_tdb\n\n" +
		"# inside too\n" +
		"hello,6,5,4,3,2,1,7, Sun ,2451545.0\n" +
		"\"a,b\",0,0,0,0,0,0x1p-3,0,\"Planet X, far\",2451545\n"
	sys := must(ReadBodies(strings.NewReader(in)))(t)
	want := System{Epoch: 2451545, Bodies: []Body{
		{Name: "Sun", GM: 7, X: [3]float64{1, 2, 3}, V: [3]float64{4, 5, 6}},
		{Name: "Planet X, far", X: [3]float64{0.125}},
	}}
	if sys.Epoch != want.Epoch || len(sys.Bodies) != 2 || sys.Bodies[0] != want.Bodies[0] || sys.Bodies[1] != want.Bodies[1] {
		t.Errorf("got %+v, want %+v", *sys, want)
	}
	if err := sys.Validate(); err != nil {
		t.Error(err)
	}
}

func TestReadBodiesAcceptsSpreadsheetFiles(t *testing.T) {
	in := "\ufeff" + strings.ReplaceAll(header+"1,Sun,1,0,0,0,0,0,0\n", "\n", "\r\n")
	if sys := must(ReadBodies(strings.NewReader(in)))(t); sys.Bodies[0].Name != "Sun" {
		t.Errorf("got %+v", sys)
	}
}

// Tables of other programs have other separators, decimal commas and exponents of Fortran.
func TestReadBodiesAcceptsOtherNotations(t *testing.T) {
	const plain = "# a comment, with; separators\n" + header + "2451545.0,Sun,2.959122082855911e-4,0.5,0,0,0,0,-1e-3\n"
	want := must(ReadBodies(strings.NewReader(plain)))(t)
	semicolons := strings.ReplaceAll(plain, ",", ";")
	for name, in := range map[string]string{
		"semicolons":     semicolons,
		"decimal commas": strings.ReplaceAll(semicolons, ".", ","),
		"tabs":           strings.ReplaceAll(plain, ",", "\t"),
		"D exponents":    strings.NewReplacer("e-4", "D-04", "-1e-3", "-1.0d-03", "2451545.0", "2451545.0D0").Replace(plain),
	} {
		got, err := ReadBodies(strings.NewReader(in))
		if err != nil || got.Epoch != want.Epoch || len(got.Bodies) != 1 || got.Bodies[0] != want.Bodies[0] {
			t.Errorf("%s: %+v, %v; want %+v", name, got, err, *want)
		}
	}
}

func TestReadBodiesRefuses(t *testing.T) {
	const sun = "1,Sun,1,0,0,0,0,0,0\n"
	tests := []struct{ name, in, want string }{
		{"nothing", "", "line 1: the table is empty"},
		{"only comments", "# a\n# b\n", "line 1: the table is empty"},
		{"no bodies", header, "line 1, column body: no bodies"},
		{"missing column", "jd_tdb,body,x_au\n", "line 1, column y_au: is missing"},
		{"column twice", "jd_tdb," + header + sun, "line 1, column jd_tdb: appears twice"},
		{"short row", header + sun + "1,Mars,1,0,0,0,0,0\n", "line 3, column vz_au_d: the row has 8 fields where the header has 9"},
		{"long row", header + "1,Sun,1,0,0,0,0,0,0,0\n", "line 2, column jd_tdb: the row has 10 fields"},
		{"UTF-16", "\xff\xfej\x00d\x00", "line 1: the table is in UTF-16"},
		{"Horizons", "JDTDB,Calendar Date (TDB),X,Y,Z,VX,VY,VZ\n$$SOE\n", "line 2, column $$SOE: the header with the name of the body, its units and its frame is missing"},
		{"two decimal commas", strings.ReplaceAll(header, ",", ";") + "1;Sun;1,0,0;0;0;0;0;0;0\n", `column gm_au3_d2: "1,0,0" is not a number`},
		{"D alone", header + "1,Sun,D4,0,0,0,0,0,0\n", `"D4" is not a number`},
		{"not a number", header + "1,Sun,1,0,0,0,0,zero,0\n", `line 2, column vy_au_d: "zero" is not a number`},
		{"empty cell", header + "1,Sun,1,,0,0,0,0,0\n", `line 2, column x_au: "" is not a number`},
		{"NaN", header + "1,Sun,1,0,nan,0,0,0,0\n", `line 2, column y_au: "nan" is not finite`},
		{"Inf", header + "1,Sun,1,0,0,-Inf,0,0,0\n", `line 2, column z_au: "-Inf" is not finite`},
		{"overflow", header + "1,Sun,1e999,0,0,0,0,0,0\n", `line 2, column gm_au3_d2: "1e999" is out of range`},
		{"negative mass", header + "1,Sun,-1,0,0,0,0,0,0\n", "line 2, column gm_au3_d2: -1 is negative"},
		{"name twice", header + "# gap\n" + sun + sun, `line 4, column body: "Sun" appears twice`},
		{"no name", header + "1, ,1,0,0,0,0,0,0\n", "line 2, column body: is empty"},
		{"long name", header + "1," + strings.Repeat("x", MaxName+1) + ",1,0,0,0,0,0,0\n", "column body: is longer"},
		{"unprintable name", header + "1,\"a\nb\",1,0,0,0,0,0,0\n", "column body: has unprintable"},
		{"several dates", header + sun + "2,Mars,1,0,0,0,0,0,0\n3,Mars,1,0,0,0,0,0,0\n", "line 3, column jd_tdb: several dates, from JD 1.0 to 3.0; choose one"},
		{"a GM that nothing has", states + "1,Rock,1,0,0,0,0,0\n", `line 2, column gm_au3_d2: is missing, and no GM is known for "Rock"; add the column`},
		{"negative radius", states[:len(states)-1] + ",radius_km\n1,Sun,1,0,0,0,0,0,-1\n", "line 2, column radius_km: -"},
		{"no unit", "jd_tdb,body,x,y,z,vx,vy,vz\n1,Sun,1,0,0,0,0,0\n", "line 1, column x: it has no unit; name it x_au, x_km, x_m, or give the units"},
		{"two units", strings.ReplaceAll(states, "x_au,", "x_au,x_km,") + "1,Sun,1,1,0,0,0,0,0\n", "line 1, column x_km: is there in another unit too"},
		{"km for au", states + "1,Earth,1.5e8,0,0,0,0,0\n", "line 2, column body: Earth is at 1.5e+08 au; are the units km and km/s?"},
		{"km/s for au/day", header + "1,stone,0,1,0,0,2e2,0,0\n", "line 2, column body: stone has 1.16 times the speed of light; are the units km and km/s?"},
		{"spaces", strings.ReplaceAll(header, ",", "  "), "line 1: fields are separated by spaces"},
		{"a workbook", "PK\x03\x04", "line 1: the table is a workbook"},
		{"absurd date", header + "1e13,Sun,1,0,0,0,0,0,0\n", "line 2, column jd_tdb: 1e+13 is not a Julian date"},
		{"stray quote", header + "1,S\"un,1,0,0,0,0,0,0\n", "line 2, character 4: bare"},
		{"endless", header + strings.Repeat("#"+strings.Repeat(" ", 1<<20)+"\n", 40), "the table is longer than"},
	}
	for _, tt := range tests {
		_, err := ReadBodies(strings.NewReader(tt.in))
		if !errors.Is(err, ErrInput) || !strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: %v, want a line with %q", tt.name, err, tt.want)
		}
	}
}

func TestReadBodiesLimitsTheirNumber(t *testing.T) {
	var in strings.Builder
	in.WriteString(header)
	for i := range MaxBodies + 1 {
		in.WriteString("1,b" + strings.Repeat("i", i%50) + string(rune('A'+i/50%26)) + string(rune('A'+i/1300)) + ",1,0,0,0,0,0,0\n")
	}
	if _, err := ReadBodies(strings.NewReader(in.String())); !errors.Is(err, ErrInput) || !strings.Contains(err.Error(), "more than 4096 bodies") {
		t.Errorf("%v, want a limit on bodies", err)
	}
}

func TestReadErrorsArePassedOn(t *testing.T) {
	broken := errors.New("disk on fire")
	if _, err := ReadBodies(failingReader{broken}); !errors.Is(err, broken) || errors.Is(err, ErrInput) {
		t.Errorf("%v, want the reader's error", err)
	}
}

type failingReader struct{ err error }

func (f failingReader) Read([]byte) (int, error) { return 0, f.err }

// Reading and writing the reference file reproduces it byte for byte, with a column of GM.
func TestWriteStatesHasTheReferencesFormat(t *testing.T) {
	var out bytes.Buffer
	if err := WriteStates(&out, must(Reference())(t)...); err != nil {
		t.Fatal(err)
	}
	want := strings.ReplaceAll(string(checkCSV), "\n", ",0.0000000000000000e+00\n")
	if want = strings.Replace(want, "0.0000000000000000e+00", "gm_au3_d2", 1); out.String() != want {
		t.Errorf("differs from the embedded file:\n%.400s", out.String())
	}
}

func TestReferenceIsGroupedByDate(t *testing.T) {
	refs := must(Reference())(t)
	for i, jd := range []float64{2451555, 2451910, 2455197.5, 2462502.5} {
		if i >= len(refs) || refs[i].JD != jd || len(refs[i].Bodies) != 11 {
			t.Fatalf("snapshot %d: want 11 bodies at %v", i, jd)
		}
	}
}

func TestReadStatesRefusesABodyTwiceOnADate(t *testing.T) {
	rows := states + "1,a,0,0,0,0,0,0\n2,a,0,0,0,0,0,0\n"
	if snaps := must(ReadStates(strings.NewReader(rows)))(t); len(snaps) != 2 {
		t.Errorf("%d snapshots, want 2", len(snaps))
	}
	_, err := ReadStates(strings.NewReader(rows + "1,a,0,0,0,0,0,0\n"))
	if !errors.Is(err, ErrInput) || !strings.Contains(err.Error(), `line 4, column body: "a" appears twice`) {
		t.Errorf("%v, want a duplicate", err)
	}
}

// FuzzReadBodies checks that no input causes a panic, and that accepted bodies can be written and read back bit for bit.
func FuzzReadBodies(f *testing.F) {
	f.Add(j2000CSV)
	f.Add([]byte(strings.ReplaceAll(header, ",", ";") + "1,5;Sun;1D-3;-0;1;0;0;0;0\n"))
	f.Add([]byte(header + "1,Sun,-0,1e-320,0,0,0,0,0x1p-1074\n"))
	f.Add([]byte("jd_tdb,body,x_km,y_m,z_au,vx_km_s,vy_m_s,vz_au_d,radius_km\n1,Io,1e6,1e9,1,1,1e3,0,1821.6\n"))
	f.Add([]byte(header + "-0,\"#\"\"x\",0,0,0,0,0,0,0\n"))
	f.Add([]byte("\ufeff" + header + "1,\"a\r\nb\",0,0,0,0,0,0,0\n"))
	f.Fuzz(func(t *testing.T, in []byte) {
		sys, err := ReadBodies(bytes.NewReader(in))
		if err != nil {
			if !errors.Is(err, ErrInput) || strings.Contains(err.Error(), "\n") {
				t.Fatalf("error %q", err)
			}
			return
		}
		if err := sys.Validate(); err != nil {
			t.Fatalf("accepted, yet invalid: %v", err)
		}
		var out bytes.Buffer
		if err := WriteBodies(&out, sys); err != nil {
			t.Fatal(err)
		}
		again, err := ReadBodies(&out)
		if err != nil {
			t.Fatalf("written, but not read back: %v", err)
		}
		sameBits(t, sys, again)
	})
}

func sameBits(t *testing.T, a, b *System) {
	t.Helper()
	if math.Float64bits(a.Epoch) != math.Float64bits(b.Epoch) || len(a.Bodies) != len(b.Bodies) {
		t.Fatalf("epoch %v with %d bodies came back as %v with %d", a.Epoch, len(a.Bodies), b.Epoch, len(b.Bodies))
	}
	bits := func(c *Body) (out [8]uint64) {
		for k := range 3 {
			out[k], out[3+k] = math.Float64bits(c.X[k]), math.Float64bits(c.V[k])
		}
		out[6], out[7] = math.Float64bits(c.GM), math.Float64bits(c.Radius)
		return out
	}
	for i := range a.Bodies {
		if a.Bodies[i].Name != b.Bodies[i].Name || bits(&a.Bodies[i]) != bits(&b.Bodies[i]) {
			t.Fatalf("%+v came back as %+v", a.Bodies[i], b.Bodies[i])
		}
	}
}
