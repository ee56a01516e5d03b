package solar

import (
	"fmt"
	"math"
)

// SunName is the body whose field the relativistic correction takes.
const SunName = "Sun"

// schwarzschild is the Sun's first post-Newtonian term on every other body.
type schwarzschild struct {
	sun int
	gm  []float64
}

// Schwarzschild returns the first post-Newtonian field of the body named "Sun" (harmonic
// coordinates; IERS Conventions 2010, eq. 10.12, with β = γ = 1):
//
//	a += GM/(c²r³) · [ (4GM/r - v²) r + 4 (r·v) v ]
//
// with r and v relative to the Sun. The Sun takes the reaction, a_sun -= gm_i/GM·a_i, so that Σ gm·v stays constant.
//
// A system without a "Sun", or with a massless one, is refused with ErrInput.
func Schwarzschild(sys *System) (Correction, error) {
	sun := sys.Index(SunName)
	if sun < 0 {
		return nil, fmt.Errorf("%w: relativity needs a body named %q", ErrInput, SunName)
	}
	if !(sys.Bodies[sun].GM > 0) {
		return nil, fmt.Errorf("%w: relativity needs a GM above 0 for %q", ErrInput, SunName)
	}
	return &schwarzschild{sun: sun, gm: sys.GMs()}, nil
}

func (s *schwarzschild) Add(x, v, a []float64) {
	const perC2 = 1 / (LightSpeed * LightSpeed)
	o, gm := 3*s.sun, s.gm[s.sun]
	xs, vs := [3]float64(x[o:]), [3]float64(v[o:])
	var reaction [3]float64
	for i, gi := range s.gm {
		if i == s.sun {
			continue
		}
		xi, vi, ai := x[3*i:3*i+3:3*i+3], v[3*i:3*i+3:3*i+3], a[3*i:3*i+3:3*i+3]
		rx, ry, rz := xi[0]-xs[0], xi[1]-xs[1], xi[2]-xs[2]
		vx, vy, vz := vi[0]-vs[0], vi[1]-vs[1], vi[2]-vs[2]
		r2 := float64(rx*rx) + float64(ry*ry) + float64(rz*rz)
		v2 := float64(vx*vx) + float64(vy*vy) + float64(vz*vz)
		rv := float64(rx*vx) + float64(ry*vy) + float64(rz*vz)
		pull := gm / float64(r2*math.Sqrt(r2)) // GM/r³: the only division
		scale := float64(pull * perC2)
		radial := float64(scale * (float64(float64(4*pull)*r2) - v2))
		along := float64(scale * float64(4*rv))
		ax := float64(radial*rx) + float64(along*vx)
		ay := float64(radial*ry) + float64(along*vy)
		az := float64(radial*rz) + float64(along*vz)
		ai[0] += ax
		ai[1] += ay
		ai[2] += az
		reaction[0] += float64(gi * ax)
		reaction[1] += float64(gi * ay)
		reaction[2] += float64(gi * az)
	}
	for k := range 3 {
		a[o+k] -= reaction[k] / gm
	}
}
