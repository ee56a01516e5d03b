package solar

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"
)

func TestReadParticles(t *testing.T) {
	const xv = "x_au,y_au,z_au,vx_au_d,vy_au_d,vz_au_d\n"
	const dates = "jd_tdb," + xv + "1,1,2,3,4,5,6\n1,7,8,9,1,2,3\n2,0,0,0,0,0,1\n2,0,0,0,0,0,2\n"
	for _, tt := range []struct {
		name, in string
		o        ReadOptions
		want     []float64
		jd       float64
		err      string
	}{
		{"plain", xv + "1,2,3,4,5,6\n", ReadOptions{}, []float64{1, 2, 3, 4, 5, 6}, 0, ""},
		{"semicolons", strings.ReplaceAll(xv, ",", ";") + "1,5;2;3;4;5;6\n", ReadOptions{}, []float64{1.5, 2, 3, 4, 5, 6}, 0, ""},
		{"the same name twice", states + "1,a,1,2,3,4,5,6\n1,a,1,2,3,4,5,6\n", ReadOptions{}, []float64{1, 2, 3, 4, 5, 6, 1, 2, 3, 4, 5, 6}, 1, ""},
		{"units", "x,y,z,vx,vy,vz\n149597870.691,0,0,0,0,0\n", ReadOptions{Units: KMSecond}, []float64{1, 0, 0, 0, 0, 0}, 0, ""},
		{"first", dates, ReadOptions{Epoch: FirstDate}, []float64{1, 2, 3, 4, 5, 6, 7, 8, 9, 1, 2, 3}, 1, ""},
		{"last", dates, ReadOptions{Epoch: LastDate}, []float64{0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 2}, 2, ""},
		{"chosen", dates, ReadOptions{Epoch: ChosenDate, Date: 2}, []float64{0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 2}, 2, ""},
		{"several", dates, ReadOptions{}, nil, 0, "line 4, column jd_tdb: several dates, as JD 1.0 and 2.0; choose one"},
		{"none of that date", dates, ReadOptions{Epoch: ChosenDate, Date: 3}, nil, 0, "no state is of JD 3.0"},
		{"mixed dates", dates + "1,1,2,3,4,5,6\n", ReadOptions{Epoch: LastDate}, nil, 0, "rows of JD 1.0 do not follow each other"},
		{"no dates", xv + "1,2,3,4,5,6\n", ReadOptions{Epoch: LastDate}, nil, 0, "column jd_tdb: is missing"},
		{"no rows", xv, ReadOptions{}, nil, 0, "no particles follow the header"},
		{"a column less", "x_au,y_au,z_au\n", ReadOptions{}, nil, 0, "column vx_au_d: is missing; the header must have x_au,y_au"},
		{"NaN", xv + "1,2,3,4,5,6\n1,NaN,3,4,5,6\n", ReadOptions{}, nil, 0, `line 3, column y_au: "NaN" is not finite`},
		{"a date that is none", "jd_tdb," + xv + "1e300,1,2,3,4,5,6\n", ReadOptions{}, nil, 0, "is not a Julian date"},
		{"nothing", "", ReadOptions{}, nil, 0, "the table is empty"},
	} {
		p, err := ReadParticles(strings.NewReader(tt.in), tt.o)
		if tt.err != "" {
			if !errors.Is(err, ErrInput) || !strings.Contains(err.Error(), tt.err) {
				t.Errorf("%s: %v, want %q", tt.name, err, tt.err)
			}
			continue
		}
		if err != nil || fmt.Sprint(p.XV) != fmt.Sprint(tt.want) || p.JD != tt.jd || p.Dated != (tt.jd != 0) {
			t.Errorf("%s: %v, %v, want %v", tt.name, p, err, tt.want)
		}
	}
}

// More particles than a system has bodies.
func TestReadManyParticles(t *testing.T) {
	var in strings.Builder
	in.WriteString("x_au,y_au,z_au,vx_au_d,vy_au_d,vz_au_d\n")
	for i := range 10_000 {
		fmt.Fprintf(&in, "%d,2,3,4,5,6\n", i)
	}
	p := must(ReadParticles(strings.NewReader(in.String()), ReadOptions{}))(t)
	if p.Len() != 10_000 || p.XV[6*9999] != 9999 {
		t.Errorf("%d particles", p.Len())
	}
}

// numpyFile returns the file of an array, whose data follow the header.
func numpyFile(descr, shape, fortran string, data any, order binary.ByteOrder) []byte {
	head := fmt.Sprintf("{'descr': '%s', 'fortran_order': %s, 'shape': %s, }", descr, fortran, shape)
	head += strings.Repeat(" ", 127-10-len(head)) + "\n"
	out := append([]byte("\x93NUMPY\x01\x00"), byte(len(head)), 0)
	var tail bytes.Buffer
	if err := binary.Write(&tail, order, data); err != nil {
		panic(err)
	}
	return append(append(out, head...), tail.Bytes()...)
}

func TestReadParticlesOfNumPy(t *testing.T) {
	rows := []float64{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}
	columns := []float64{1, 7, 2, 8, 3, 9, 4, 10, 5, 11, 6, 12}
	single := make([]float32, len(rows))
	for i := range rows {
		single[i] = float32(rows[i])
	}
	little, big := binary.LittleEndian, binary.BigEndian
	whole := numpyFile("<f8", "(2, 6)", "False", rows, little)
	for _, tt := range []struct {
		name string
		in   []byte
		err  string
	}{
		{"f8", whole, ""},
		{"big-endian", numpyFile(">f8", "(2, 6)", "False", rows, big), ""},
		{"f4", numpyFile("<f4", "(2, 6)", "False", single, little), ""},
		{"Fortran order", numpyFile("<f8", "(2, 6)", "True", columns, little), ""},
		{"cut off", whole[:len(whole)-1], "the array ends within its 2 particles"},
		{"longer", append(whole[:len(whole):len(whole)], 0), "extra data follow"},
		{"a lying header", numpyFile("<f8", "(100000000, 6)", "False", rows, little), "the array ends within"},
		{"another shape", numpyFile("<f8", "(6, 2)", "False", rows, little), "an array of shape [6 2]; particles have N×6"},
		{"no particles", numpyFile("<f8", "(0, 6)", "False", []float64{}, little), "an array of shape [0 6]"},
		{"integers", numpyFile("<i8", "(2, 6)", "False", rows, little), `an array of type "<i8"`},
		{"NaN", numpyFile("<f8", "(1, 6)", "False", []float64{0, 0, 0, 0, math.NaN(), 0}, little), "particle 0: its state is not finite"},
		{"a header of nothing", []byte("\x93NUMPY\x01\x00\x00\x00aaaa"), "malformed"},
		{"a header of 4 GiB", []byte("\x93NUMPY\x02\x00\xff\xff\xff\xff"), "malformed"},
		{"a short header", []byte("\x93NUMPY\x01"), "malformed"},
	} {
		p, err := ReadParticles(bytes.NewReader(tt.in), ReadOptions{})
		if tt.err != "" {
			if !errors.Is(err, ErrInput) || !strings.Contains(err.Error(), tt.err) {
				t.Errorf("%s: %v, want %q", tt.name, err, tt.err)
			}
		} else if err != nil || fmt.Sprint(p.XV) != fmt.Sprint(rows) || p.Dated {
			t.Errorf("%s: %v, %v", tt.name, p, err)
		}
	}
}

// FuzzReadParticles checks that no input causes a panic, and that what is accepted is finite.
func FuzzReadParticles(f *testing.F) {
	f.Add(numpyFile("<f8", "(1, 6)", "False", make([]float64, 6), binary.LittleEndian))
	f.Add([]byte("x_au,y_km,z,vx_au_d,vy,vz_m_s\n1,2,3,4,5,6\n"))
	f.Fuzz(func(t *testing.T, in []byte) {
		p, err := ReadParticles(bytes.NewReader(in), ReadOptions{Units: SI, Frame: Ecliptic})
		if err != nil {
			if !errors.Is(err, ErrInput) || strings.Contains(err.Error(), "\n") {
				t.Fatalf("error %q", err)
			}
			return
		}
		if p.Len() < 1 || len(p.XV)%6 != 0 || !finite(p.XV) {
			t.Fatalf("%v", p)
		}
	})
}
