package solar

import (
	"encoding/binary"
	"math"
	"os"
	"testing"
)

// de405 are JPL's Chebyshev coefficients for 1959 to 2060, as the Debian package casacore-data-jpl-de405 has them.
type de405 struct{ data []byte }

// openDE405 skips the test where the package is not installed, unless OFFLOAD_REQUIRE_DE405 is set. The variable
// OFFLOAD_DE405 names the file.
func openDE405(t testing.TB) *de405 {
	path := os.Getenv("OFFLOAD_DE405")
	if path == "" {
		path = "/usr/share/casacore/data/ephemerides/DE405/table.f0i"
	}
	data, err := os.ReadFile(path)
	if err != nil && os.Getenv("OFFLOAD_REQUIRE_DE405") != "" {
		t.Fatal(err)
	}
	if err != nil {
		t.Skip("needs Debian's casacore-data-jpl-de405: ", err)
	}
	return &de405{data}
}

// Series of DE405: first coefficient, coefficients a component, intervals in 32 days, components.
var de405Series = map[string][4]int{
	"Mercury": {0, 14, 4, 3}, "Venus": {168, 10, 2, 3}, "EMB": {228, 13, 2, 3}, "Mars": {306, 11, 1, 3}, "Jupiter": {339, 8, 1, 3},
	"Saturn": {363, 7, 1, 3}, "Uranus": {384, 6, 1, 3}, "Neptune": {402, 6, 1, 3}, "Pluto": {420, 6, 1, 3},
	"geocentric": {438, 13, 8, 3}, "Sun": {750, 11, 2, 3}, "nutation": {816, 10, 4, 2}, "libration": {896, 10, 4, 3},
}

// at returns the value and its rate per day.
func (d *de405) at(name string, jd float64) (x, v [3]float64) {
	const first, span, stride, header = 2436880.5 + 32, 32.0, 8160, 16 + 12
	s := de405Series[name]
	row := int(math.Floor((jd - first) / span))
	at := (jd - first) - float64(row)*span
	piece := min(int(at/span*float64(s[2])), s[2]-1)
	width := span / float64(s[2])
	u := 2*(at-float64(piece)*width)/width - 1
	for k := range s[3] {
		start := header + row*stride + 8*(s[0]+s[1]*(s[3]*piece+k))
		p0, p1, d0, d1 := 1.0, u, 0.0, 1.0
		for i := range s[1] {
			c := math.Float64frombits(binary.LittleEndian.Uint64(d.data[start+8*i:]))
			x[k] += c * p0
			v[k] += c * d0 * 2 / width
			p0, p1, d0, d1 = p1, 2*u*p1-p0, d1, 2*p1+2*u*d1-d0
		}
	}
	return x, v
}

// body returns a barycentric state in au and au/day.
func (d *de405) body(name string, jd float64) State {
	s := State{Name: name}
	if name == "Earth" || name == "Moon" {
		f := -1 / (1 + 81.30056)
		if name == "Moon" {
			f += 1
		}
		x, v := d.at("EMB", jd)
		gx, gv := d.at("geocentric", jd)
		for k := range 3 {
			s.X[k], s.V[k] = (x[k]+f*gx[k])/AU, (v[k]+f*gv[k])/AU
		}
		return s
	}
	s.X, s.V = d.at(name, jd)
	for k := range 3 {
		s.X[k] /= AU
		s.V[k] /= AU
	}
	return s
}

func (d *de405) snapshot(jd float64, names []string) Snapshot {
	out := Snapshot{JD: jd}
	for _, n := range names {
		out.Bodies = append(out.Bodies, d.body(n, jd))
	}
	return out
}

// The embedded states are DE405's.
func TestEmbeddedStatesAreDE405(t *testing.T) {
	d := openDE405(t)
	for _, ref := range must(Reference())(t) {
		var names []string
		for _, b := range ref.Bodies {
			names = append(names, b.Name)
		}
		for _, diff := range must(Compare(d.snapshot(ref.JD, names), ref))(t) {
			if !(diff.KM < 1e-3) {
				t.Errorf("JD %v: %s differs by %g km", ref.JD, diff.Name, diff.KM)
			}
		}
	}
}
