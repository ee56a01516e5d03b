package solar

import (
	"fmt"
	"math"
)

// Timed is a Correction that depends on the date too. Integrators call At before they call Add.
type Timed interface {
	Correction
	// At sets the date, t days after the system's epoch.
	At(t float64)
}

// at sets the date of a Correction that depends on it.
func (r *Acceleration) at(t float64) {
	if c, ok := r.Correction.(Timed); ok {
		c.At(t)
	}
}

// Terms of the model, for measurements of what each brings.
const (
	termRelativity = 1 << iota
	termSunFigure
	termEarthFigure
	termMoonFigure
	termEarthTides
	termMoonTides
	termAsteroids
	allTerms = 1<<iota - 1
)

// forces are those of JPL's DE405 beside the pull of points. Not safe for concurrent use.
type forces struct {
	epoch            float64
	gm               []float64
	sun, earth, moon int
	major            int // bodies that are not asteroids of the model
	arguments        delaunay
	terms            int
	relativity       *einstein
	sunFigure        zonal
	earthFigure      zonal
	moonFigure       harmonics
	earthTide        tide
	moonTide         tide
	sunPole          [3]float64
	t                float64 // of what follows
	earthAxes        axes
	moonAxes         axes
	minorGM          []float64 // of the last bodies
	pulled           []int     // bodies on which those act
	rotation         *rotation // the Moon's
}

// j2000 is a Julian date (TDB).
const j2000 = 2451545

// Constants of DE405 (its header; Standish 1998, JPL IOM 312.F-98-048).
const (
	deSunRadius   = 696000 / AU
	deEarthRadius = 6378.137 / AU
	deMoonRadius  = 1738 / AU
	deSunJ2       = 2e-7
)

// NewDE returns the forces of JPL's DE405 on the bodies of sys beside the pull of points, and a copy of sys with the
// asteroids added whose pull matters. Bodies are known by name: sys needs Sun, Earth and Moon. Its epoch is J2000 and its
// frame ICRF, with the barycentre at rest at the origin, as in DE405() and J2000(). The error wraps ErrInput.
//
// The terms are relativity between all bodies; the figures of Sun, Earth and Moon; the tides of Earth and Moon; and
// asteroids. Ceres, Pallas and Vesta are bodies with mass. The others have none for the Field, and the Correction adds
// their pull on Sun, Earth, Moon and Mars alone, which fits DE405 best; that pull has no reaction. All other terms conserve momentum.
//
// The Correction is Timed and not safe for concurrent use.
func NewDE(sys *System) (Correction, *System, error) {
	f, full, err := newForces(sys, allTerms)
	if err != nil {
		return nil, nil, err
	}
	return f, full, nil
}

func newForces(sys *System, terms int) (*forces, *System, error) {
	if err := sys.Validate(); err != nil {
		return nil, nil, err
	}
	if sys.Epoch != j2000 {
		return nil, nil, fmt.Errorf("%w: the model de begins at JD %s, not at %s", ErrInput, formatJD(j2000), formatJD(sys.Epoch))
	}
	f := &forces{epoch: sys.Epoch, terms: terms, sun: sys.Index(SunName), earth: sys.Index("Earth"), moon: sys.Index("Moon")}
	for name, i := range map[string]int{SunName: f.sun, "Earth": f.earth, "Moon": f.moon} {
		if i < 0 || !(sys.Bodies[i].GM > 0) {
			return nil, nil, fmt.Errorf("%w: the forces of DE405 require a body %q with mass", ErrInput, name)
		}
	}
	f.major = len(sys.Bodies)
	if terms&termAsteroids != 0 {
		var err error
		if sys, f.minorGM, err = withAsteroids(sys, f.sun); err != nil {
			return nil, nil, err
		}
	}
	f.pulled = []int{f.sun, f.earth, f.moon}
	if mars := sys.Index("Mars"); mars >= 0 {
		f.pulled = append(f.pulled, mars)
	}
	f.gm = sys.GMs()
	f.relativity = newEinstein(f.gm, f.major, f.sun)
	f.sunPole = sunPole()
	f.sunFigure = zonal{radius: deSunRadius, j: [5]float64{2: deSunJ2}}
	f.earthFigure = zonal{radius: deEarthRadius, j: [5]float64{2: 1.082626e-3, 3: -2.533e-6, 4: -1.616e-6}}
	f.moonFigure = deMoonFigure()
	const earthRate, moonRate = 6.300387487, 0.2299708 // radians a day
	f.earthTide = newTide(deEarthRadius, earthRate, [3]float64{0.34, 0.3, 0.3}, [3]float64{0, 0.01290895939156023, 0.006941785584052303})
	f.moonTide = newTide(deMoonRadius, moonRate, [3]float64{0.029922116659705348, 0.029922116659705348, 0.029922116659705348},
		[3]float64{0.16671655584928446, 0.16671655584928446, 0.16671655584928446})
	f.rotation = moonRotation()
	f.turn(0)
	return f, sys, nil
}

func deMoonFigure() harmonics {
	h := harmonics{radius: deMoonRadius}
	h.c[2] = [5]float64{-0.00020431200665465293, 0, 2.251782439166225e-05}
	h.c[3] = [5]float64{-8.78546950779311e-06, 3.0803809783429375e-05, 4.87980736275513e-06, 1.7701764624348135e-06}
	h.s[3] = [5]float64{0, 4.259328630030294e-06, 1.6955162680003687e-06, -2.7097009665669175e-07}
	h.c[4] = [5]float64{1.45383007072e-07, -7.17780149806e-06, -1.43951838385e-06, -8.54788154819e-08, -1.5490389313e-07}
	h.s[4] = [5]float64{0, 2.94743374914e-06, -2.8843721272e-06, -7.88967312839e-07, 5.6404155572e-08}
	return h
}

// At implements Timed.
func (f *forces) At(t float64) {
	if t != f.t {
		f.turn(t)
	}
}

func (f *forces) turn(t float64) {
	f.t = t
	c := (f.epoch - j2000 + t) / century
	f.arguments = argumentsOf(c)
	f.earthAxes = axesAbout(earthPole(c, &f.arguments))
	f.moonAxes = f.rotation.axes(c, &f.arguments)
}

// Add implements Correction.
func (f *forces) Add(x, v, a []float64) {
	if f.terms&termRelativity != 0 {
		f.relativity.Add(x, v, a)
	}
	if f.terms&termSunFigure != 0 {
		for i := range f.major {
			if i != f.sun {
				f.act(a, f.sun, i, f.gm[f.sun], f.sunFigure.pull(f.sunPole, separation(x, f.sun, i)))
			}
		}
	}
	for _, i := range [2]int{f.sun, f.moon} {
		if f.terms&termEarthFigure != 0 {
			f.act(a, f.earth, i, f.gm[f.earth], f.earthFigure.pull(f.earthAxes[2], separation(x, f.earth, i)))
		}
	}
	for _, i := range [2]int{f.sun, f.earth} {
		if f.terms&termMoonFigure != 0 {
			r := f.moonAxes.into(separation(x, f.moon, i))
			f.act(a, f.moon, i, f.gm[f.moon], f.moonAxes.back(f.moonFigure.pull(r)))
		}
	}
	f.pullOfMinor(x, a)
	if f.terms&termEarthTides != 0 {
		for _, i := range [2]int{f.sun, f.moon} {
			f.bulge(&f.earthTide, &f.earthAxes, f.earth, i, f.moon, x, v, a)
		}
	}
	if f.terms&termMoonTides != 0 {
		f.bulge(&f.moonTide, &f.moonAxes, f.moon, f.earth, f.earth, x, v, a)
	}
}

// pullOfMinor adds the pull of the asteroids without mass.
func (f *forces) pullOfMinor(x, a []float64) {
	first := len(f.gm) - len(f.minorGM)
	for m, g := range f.minorGM {
		for _, i := range f.pulled {
			d := separation(x, i, first+m)
			r2 := dot3(&d, &d)
			pull := g / float64(r2*math.Sqrt(r2))
			for k := range 3 {
				a[3*i+k] += float64(pull * d[k])
			}
		}
	}
}

// bulge adds the pull on body to of the tide that body by raises on body on.
func (f *forces) bulge(t *tide, e *axes, on, by, to int, x, v, a []float64) {
	pull := t.pull(e.into(separation(x, on, to)), e.into(separation(x, on, by)), e.into(separation(v, on, by)))
	f.act(a, on, to, f.gm[by], e.back(pull))
}

// act adds gm times the pull to body i's acceleration, and the reaction to body from's.
func (f *forces) act(a []float64, from, i int, gm float64, pull [3]float64) {
	back := f.gm[i] / f.gm[from]
	for k := range 3 {
		p := float64(gm * pull[k])
		a[3*i+k] += p
		a[3*from+k] -= float64(back * p)
	}
}

// correction returns what the options add to the field, and the bodies with those that the model adds.
func (o *Options) correction(sys *System) (Correction, *System, error) {
	switch {
	case o.Model == "de" && o.Integrator != "" && o.Integrator != DefaultIntegrator:
		return nil, nil, fmt.Errorf("%w: the model de requires the integrator %s", ErrInput, DefaultIntegrator)
	case o.Model == "de":
		return NewDE(sys)
	case o.Model != "":
		return nil, nil, fmt.Errorf("%w: no model %.40q; choose de", ErrInput, o.Model)
	case o.Relativity:
		c, err := Schwarzschild(sys)
		return c, sys, err
	}
	return nil, sys, nil
}
