package solar

import "testing"

// The Moon's axes differ by at most 40″ from DE405's.
func TestMoonAxesAreThoseOfDE405(t *testing.T) {
	ephemeris := openDE405(t)
	f := moonRotation()
	worst := 0.0
	for jd := 2440400.5; jd < 2462500; jd += 37 {
		c := (jd - 2451545) / century
		d := argumentsOf(c)
		x, _ := ephemeris.at("libration", jd)
		want, got := eulerAxes(x[0], x[1], x[2]), f.axes(c, &d)
		for k := range 3 {
			worst = max(worst, distance(want[k], got[k])/arcsecond)
		}
	}
	t.Logf("%.1f arcseconds", worst)
	if !(worst < 40) {
		t.Errorf("axes differ by %.1f arcseconds", worst)
	}
}
