package solar

import (
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
)

// ErrDates is wrapped, with ErrInput, by the error for tables of several dates of which none was chosen.
var ErrDates = errors.New("several dates")

// ErrUnits is wrapped, with ErrInput, by the error for a column whose unit is not known.
var ErrUnits = errors.New("it has no unit")

// Source is a text that is read, such as a file. Its name is for errors.
type Source struct {
	Name   string
	Reader io.Reader
}

// ReadOptions says what tables of bodies do not say of themselves. The zero value is that of a table with all units in
// the names of its columns and one date.
type ReadOptions struct {
	// Units are those of columns without a unit in their names, such as x. If it is empty, such columns are refused.
	Units Units
	// Frame is that of tables that do not name it. If it is empty, positions and velocities stay as they are, and orbits
	// are referred to the ecliptic.
	Frame Frame
	// Epoch chooses among several dates, and Date is the Julian date (TDB) for ChosenDate.
	Epoch Epoch
	Date  float64
}

// Frame is a frame of reference.
type Frame string

// ICRF has its x-y plane near the equator of J2000. Ecliptic is turned from it about the x axis by the obliquity of
// J2000, 84381.448″ (IAU 1976; Lieske et al. 1977, A&A 58, 1).
const (
	ICRF     Frame = "icrf"
	Ecliptic Frame = "ecliptic"
)

// Cosine and sine of 84381.448″.
const (
	cosObliquity = 0.91748206206918181
	sinObliquity = 0.39777715593191370
)

// toEquator turns a vector from Ecliptic to ICRF.
func toEquator(v [3]float64) [3]float64 {
	return [3]float64{
		v[0],
		float64(cosObliquity*v[1]) - float64(sinObliquity*v[2]),
		float64(sinObliquity*v[1]) + float64(cosObliquity*v[2]),
	}
}

// toEcliptic is the inverse of toEquator.
func toEcliptic(v [3]float64) [3]float64 {
	return [3]float64{
		v[0],
		float64(cosObliquity*v[1]) + float64(sinObliquity*v[2]),
		float64(cosObliquity*v[2]) - float64(sinObliquity*v[1]),
	}
}

// Epoch says which date of a table is read.
type Epoch int

// OnlyDate refuses tables with several dates. FirstDate and LastDate are those of the first and the last row.
const (
	OnlyDate Epoch = iota
	FirstDate
	LastDate
	ChosenDate
)

// ReadSystem reads an initial state from tables, whose bodies it joins in their order. A source is one of these:
//
// A table with separators and one row per body. Its header has the columns jd_tdb, body, x_au, y_au, z_au, vx_au_d,
// vy_au_d and vz_au_d in any order, and may have gm_au3_d2 and radius_au. Each of these may have another unit: _km or _m,
// _km_s or _m_s, _km3_s2 or _m3_s2, or none if the options have units. Other columns are ignored, and lines that begin
// with # are comments. Fields are separated by commas, semicolons or tabs, whichever the header has. Where those are not
// commas, numbers may have decimal commas. Exponents may be written with D, as in Fortran.
//
// The same with the columns targetname and datetime_jd, and x to vz in au and au/day, as astroquery's
// Horizons(…).vectors() returns them.
//
// The text of vector tables of JPL Horizons with their headers, one or more, or the JSON of its service.
//
// A table with separators and one orbit per body: jd_tdb, body, a_au or q_au (the distance of the pericentre, which is
// read if both are there), e, i_deg, node_deg, peri_deg (the argument of the pericentre), and M_deg (the mean anomaly) or
// tp_jd (the date of the pericentre). A column centre names the body to which each orbit refers; without it, that is the
// Sun. Hyperbolas have a negative a_au, and a parabola requires q_au and tp_jd.
//
// The body to which all states of Horizons refer, or orbits, is added at the origin if it is not among the bodies. States
// without a named centre refer to the barycentre.
//
// Without a column of GM, a body of the Solar System has the GM that is known for its name, of DE405 or else of DE440.
// Lengths in km are divided by DE405's astronomical unit, with which that GM was determined.
//
// All bodies must have the same date, and bodies with mass other places than all others. Errors about the tables wrap
// ErrInput, and give line and column where there is one.
func ReadSystem(o ReadOptions, sources ...Source) (*System, error) {
	var all []record
	for _, s := range sources {
		records, err := readSource(s, o)
		if err != nil {
			return nil, about(s, err)
		}
		all = append(all, records...)
	}
	sys, err := join(all, o)
	if err != nil && len(sources) == 1 {
		err = about(sources[0], err)
	}
	return sys, err
}

// about adds the name of a source to an error.
func about(s Source, err error) error {
	if s.Name == "" {
		return err
	}
	return fmt.Errorf("%s: %w", s.Name, err)
}

// readSource reads a table in any format.
func readSource(s Source, o ReadOptions) ([]record, error) {
	in := bounded(s.Reader, MaxTableBytes)
	if start, _ := in.Peek(peeked); isHorizons(start) {
		return readHorizons(in)
	}
	return readTable(in, o)
}

// join returns the system of the records at the date that the options choose.
func join(all []record, o ReadOptions) (*System, error) {
	if len(all) == 0 {
		return nil, fmt.Errorf("%w: no bodies", ErrInput)
	}
	epoch, err := chooseEpoch(all, o)
	if err != nil {
		return nil, err
	}
	all = slices.DeleteFunc(all, func(r record) bool { return math.Abs(r.jd-epoch) > sameDate })
	var known masses
	names := make(map[string]bool, len(all))
	for i := range all {
		r := &all[i]
		if err := admit(names, r, i); err != nil {
			return nil, err
		}
		if !r.gm {
			if r.GM, r.gm = known.find(r.Name, r.id); !r.gm {
				return nil, faultAt(r.line, "gm_au3_d2", fmt.Sprintf("is missing, and no GM is known for %q; add the column", r.Name))
			}
		}
	}
	if all, err = addCentre(all, &known); err != nil {
		return nil, err
	}
	if all, err = place(all, &known); err != nil {
		return nil, err
	}
	sys := &System{Epoch: epoch, Bodies: make([]Body, 0, len(all))}
	for i := range all {
		r := &all[i]
		if reason := known.implausible(&r.Body); reason != "" {
			return nil, faultAt(r.line, "body", reason)
		}
		sys.Bodies = append(sys.Bodies, r.Body)
	}
	return sys, sys.apart()
}

// addCentre puts the body to which the states refer at the origin and at rest, before the others, unless it is one of
// them. All states must refer to the same one. Barycentres are not bodies.
func addCentre(all []record, known *masses) ([]record, error) {
	first := slices.IndexFunc(all, func(r record) bool { return r.orbit == nil })
	if first < 0 {
		return all, nil
	}
	centre := all[first].centre
	for _, r := range all {
		if r.orbit == nil && r.centre != centre && !(r.centre.inertial() && centre.inertial()) {
			return nil, faultAt(r.line, "Center body name", fmt.Sprintf("%s refers to %s, but %s to %s", r.Name, r.centre, all[first].Name, centre))
		}
	}
	if centre.barycentre() || slices.ContainsFunc(all, centre.is) {
		return all, nil
	}
	r, err := atOrigin(centre, &all[first], known)
	return append([]record{r}, all...), err
}

// chooseEpoch returns the date that the options choose.
func chooseEpoch(all []record, o ReadOptions) (float64, error) {
	first, last := all[0].jd, all[len(all)-1].jd
	switch o.Epoch {
	case FirstDate:
		return first, nil
	case LastDate:
		return last, nil
	case ChosenDate:
		for _, r := range all {
			if math.Abs(r.jd-o.Date) <= sameDate {
				return r.jd, nil
			}
		}
		return 0, fmt.Errorf("%w: no state is of JD %s; the dates are from JD %s to %s", ErrInput, formatJD(o.Date), formatJD(first), formatJD(last))
	}
	for _, r := range all {
		if r.jd == first {
			continue
		}
		if last == first {
			last = r.jd
		}
		return 0, fmt.Errorf("%w: line %d, column jd_tdb: %w, from JD %s to %s; choose one", ErrInput, r.line, ErrDates, formatJD(first), formatJD(last))
	}
	return first, nil
}
