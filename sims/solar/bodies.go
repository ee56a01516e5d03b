package solar

import (
	"bytes"
	_ "embed"
	"fmt"
	"math"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// DE405's units (Standish 1998, JPL IOM 312.F-98-048).
const (
	AU            = 149597870.691                   // km in one astronomical unit
	LightSpeed    = 299792.458 * SecondsPerDay / AU // au/day
	SecondsPerDay = 86400.0
)

// Limits on a system. MaxBodies is set by the cost of the invariants' pair sum.
const (
	MaxBodies = 4096
	MaxName   = 64   // bytes
	MaxJD     = 1e12 // days, either side of zero
)

// Body is a spherical mass: GM in au³/day², radius in au, position X in au and velocity V in au/day.
type Body struct {
	Name   string
	GM     float64
	Radius float64 // 0: a point
	X, V   [3]float64
}

// System is a set of bodies at one epoch, a Julian date (TDB). A nil *System has no bodies.
type System struct {
	Epoch  float64
	Bodies []Body
}

// State is a body's position (au) and velocity (au/day) at some date, with what does not change: GM (au³/day²) and radius
// (au).
type State struct {
	Name       string
	GM, Radius float64
	X, V       [3]float64
}

// state returns the body as a state.
func (b *Body) state() State {
	return State{Name: b.Name, GM: b.GM, Radius: b.Radius, X: b.X, V: b.V}
}

// Snapshot is the state of several bodies at one Julian date (TDB), the sum of JD and JDLow; see Date.
type Snapshot struct {
	JD, JDLow float64
	Bodies    []State
}

func (s *System) list() []Body {
	if s == nil {
		return nil
	}
	return s.Bodies
}

// GMs returns the bodies' GM in order, in au³/day².
func (s *System) GMs() []float64 {
	gm := make([]float64, len(s.list()))
	for i, b := range s.list() {
		gm[i] = b.GM
	}
	return gm
}

// Index returns the position of the named body, or -1.
func (s *System) Index(name string) int {
	return slices.IndexFunc(s.list(), func(b Body) bool { return b.Name == name })
}

// Snapshot returns the system's state.
func (s *System) Snapshot() Snapshot {
	if s == nil {
		return Snapshot{}
	}
	out := Snapshot{JD: s.Epoch, Bodies: make([]State, len(s.Bodies))}
	for i := range s.Bodies {
		out.Bodies[i] = s.Bodies[i].state()
	}
	return out
}

// apart returns an error that wraps ErrInput if two bodies of which one has mass are at the same place, where gravity has
// no value.
func (s *System) apart() error {
	at := make(map[[3]float64]*Body, len(s.Bodies))
	for i := range s.Bodies {
		b := &s.Bodies[i]
		other, met := at[b.X]
		if met && (other.GM > 0 || b.GM > 0) {
			return fmt.Errorf("%w: bodies %q and %q are at the same place at JD %s", ErrInput, other.Name, b.Name, formatJD(s.Epoch))
		}
		if !met {
			at[b.X] = b
		}
	}
	return nil
}

// Merge returns a copy of s in which the two named bodies are one of the given name at their barycentre, in the place of
// the first. It is for integrators that do not follow a satellite, as of the Earth and the Moon. The error wraps ErrInput
// if s lacks one of the bodies or neither has mass.
func (s *System) Merge(name, first, second string) (*System, error) {
	i, j := s.Index(first), s.Index(second)
	if i < 0 || j < 0 || i == j || !(s.Bodies[i].GM+s.Bodies[j].GM > 0) {
		return nil, fmt.Errorf("%w: no two bodies %.40q and %.40q with mass to merge", ErrInput, first, second)
	}
	out := &System{Epoch: s.Epoch, Bodies: slices.Clone(s.Bodies)}
	a, b := &s.Bodies[i], &s.Bodies[j]
	both := Body{Name: name, GM: a.GM + b.GM}
	for k := range 3 {
		both.X[k] = a.X[k] + float64(b.GM/both.GM*(b.X[k]-a.X[k]))
		both.V[k] = a.V[k] + float64(b.GM/both.GM*(b.V[k]-a.V[k]))
	}
	out.Bodies[i] = both
	out.Bodies = slices.Delete(out.Bodies, j, j+1)
	return out, nil
}

// Validate returns an error that wraps ErrInput if s cannot be integrated.
func (s *System) Validate() error {
	if s == nil {
		return fmt.Errorf("%w: no system", ErrInput)
	}
	if !validJD(s.Epoch) {
		return fmt.Errorf("%w: epoch %v is not a Julian date within ±%g", ErrInput, s.Epoch, MaxJD)
	}
	if len(s.Bodies) == 0 || len(s.Bodies) > MaxBodies {
		return fmt.Errorf("%w: %d bodies; a system has 1 to %d", ErrInput, len(s.Bodies), MaxBodies)
	}
	seen := make(map[string]bool, len(s.Bodies))
	for i := range s.Bodies {
		b := &s.Bodies[i]
		if reason := nameFault(b.Name); reason != "" {
			return fmt.Errorf("%w: body %d: name %s", ErrInput, i+1, reason)
		}
		if seen[b.Name] {
			return fmt.Errorf("%w: body %d: name %q appears twice", ErrInput, i+1, b.Name)
		}
		seen[b.Name] = true
		if !(b.GM >= 0) || math.IsInf(b.GM, 1) {
			return fmt.Errorf("%w: body %q: GM %v is not a finite number of at least 0", ErrInput, b.Name, b.GM)
		}
		if !(b.Radius >= 0) || math.IsInf(b.Radius, 1) {
			return fmt.Errorf("%w: body %q: radius %v is not a finite number of at least 0", ErrInput, b.Name, b.Radius)
		}
		if !finite(b.X[:]) || !finite(b.V[:]) {
			return fmt.Errorf("%w: body %q: its state is not finite", ErrInput, b.Name)
		}
	}
	return nil
}

// nameFault returns what is wrong with a body's name, or "".
func nameFault(name string) string {
	switch {
	case name == "":
		return "is empty"
	case len(name) > MaxName:
		return fmt.Sprintf("is longer than %d bytes", MaxName)
	case !utf8.ValidString(name) || strings.ContainsFunc(name, func(r rune) bool { return !unicode.IsPrint(r) }):
		return "has unprintable characters"
	case strings.TrimSpace(name) != name:
		return "begins or ends with a space"
	}
	return ""
}

func validJD(jd float64) bool { return math.Abs(jd) <= MaxJD }

func finite(v []float64) bool {
	for _, x := range v {
		if x-x != 0 { // Inf-Inf and NaN-NaN are NaN
			return false
		}
	}
	return true
}

//go:embed data/solar_system_j2000.csv
var j2000CSV []byte

//go:embed data/solar_system_check.csv
var checkCSV []byte

// J2000 returns the Sun, the planets, the Moon and Pluto at JD 2451545.0 TDB, from JPL's DE405 (data/README.md).
func J2000() (*System, error) {
	sys, err := ReadBodies(bytes.NewReader(j2000CSV))
	if err != nil {
		return nil, fmt.Errorf("embedded J2000 state: %w", err)
	}
	return sys, nil
}

// Reference returns DE405's states of the same bodies 10 days, 1, 10 and 30 years after J2000, in that order.
func Reference() ([]Snapshot, error) {
	snaps, err := ReadStates(bytes.NewReader(checkCSV))
	if err != nil {
		return nil, fmt.Errorf("embedded reference states: %w", err)
	}
	return snaps, nil
}

// Difference is the distance of a body from its reference position.
type Difference struct {
	Name string
	KM   float64
}

// sameDate is the largest difference, in days, of the dates of comparable snapshots: a few roundings of a Julian date.
const sameDate = 2e-9

// Compare returns the distance in km between each body of want and the body of that name in got, in want's order. The
// error wraps ErrInput if got lacks a body or the dates differ.
func Compare(got, want Snapshot) ([]Difference, error) {
	if !(math.Abs(got.JD-want.JD) <= sameDate) {
		return nil, fmt.Errorf("%w: a state at JD %v cannot be compared with one at JD %v", ErrInput, got.JD, want.JD)
	}
	at := make(map[string]int, len(got.Bodies))
	for i := range got.Bodies {
		at[got.Bodies[i].Name] = i
	}
	out := make([]Difference, 0, len(want.Bodies))
	for _, ref := range want.Bodies {
		i, ok := at[ref.Name]
		if !ok {
			return nil, fmt.Errorf("%w: no body %q to compare", ErrInput, ref.Name)
		}
		x := got.Bodies[i].X
		d := [3]float64{x[0] - ref.X[0], x[1] - ref.X[1], x[2] - ref.X[2]}
		out = append(out, Difference{Name: ref.Name, KM: float64(norm(d[:]) * AU)})
	}
	return out, nil
}
