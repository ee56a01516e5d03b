package solar

import (
	"fmt"
	"strings"
)

// Units are the units of columns that do not name theirs.
type Units string

// The units of lengths, speeds and GM are au, au/day and au³/day²; km, km/s and km³/s²; m, m/s and m³/s².
const (
	AUDay    Units = "au-d"
	KMSecond Units = "km-s"
	SI       Units = "si"
)

// AllUnits returns the values of Units.
func AllUnits() []Units { return []Units{AUDay, KMSecond, SI} }

// horizonsAU is the astronomical unit of JPL Horizons in km (IAU 2012, resolution B2). It differs from AU, with which
// GM in au³/day² has DE405's values, by 6e-11 of itself: four kilometres of Mercury's path in thirty years.
const horizonsAU = 149597870.7

// unit is a unit of a column. A number in it is divided by per to be in au and days.
type unit struct {
	suffix string
	per    float64
}

// value returns x in au and days.
func (u unit) value(x float64) float64 {
	if u.per == 1 {
		return x
	}
	return x / u.per
}

// dimension is what a column measures. The first of its units is the one in which it is written.
type dimension int

const (
	length dimension = iota
	speed
	massive // GM
)

// units returns the units of a dimension. Divisors are exact constants, rounded once.
func (d dimension) units() [3]unit {
	const m = AU * 1000
	switch d {
	case length:
		return [3]unit{{"au", 1}, {"km", AU}, {"m", m}}
	case speed:
		return [3]unit{{"au_d", 1}, {"km_s", AU / SecondsPerDay}, {"m_s", m / SecondsPerDay}}
	}
	return [3]unit{{"au3_d2", 1}, {"km3_s2", AU * AU * AU / (SecondsPerDay * SecondsPerDay)}, {"m3_s2", m * m * m / (SecondsPerDay * SecondsPerDay)}}
}

// in returns the unit that u has for d.
func (u Units) in(d dimension) (unit, error) {
	for i, name := range AllUnits() {
		if u == name {
			return d.units()[i], nil
		}
	}
	return unit{}, fmt.Errorf("%w: units %q; they are au-d, km-s or si", ErrInput, string(u))
}

// names returns the names of columns of a quantity with this dimension.
func (d dimension) names(quantity string) string {
	var names []string
	for _, u := range d.units() {
		names = append(names, quantity+"_"+u.suffix)
	}
	return strings.Join(names, ", ")
}

// implausible returns the reason why a body cannot be where or as fast as it is, or "". Far stars may be beyond any
// distance, but the Solar System is not: a wrong unit is the usual cause.
func (m *masses) implausible(b *Body) string {
	const far = 1e5 // au
	if !finite(b.X[:]) || !finite(b.V[:]) {
		return fmt.Sprintf("the state of %s is out of range", b.Name)
	}
	if v := norm(b.V[:]); v > LightSpeed {
		return fmt.Sprintf("%s has %.3g times the speed of light; are the units km and km/s?", b.Name, v/LightSpeed)
	}
	if r := norm(b.X[:]); r > far {
		if _, known := m.find(b.Name, 0); known {
			return fmt.Sprintf("%s is at %.3g au; are the units km and km/s?", b.Name, r)
		}
	}
	return ""
}

// bare returns the unit of columns without one, or nil if u is empty.
func (u Units) bare(d dimension) (*unit, error) {
	if u == "" {
		return nil, nil
	}
	found, err := u.in(d)
	return &found, err
}
