package solar

import (
	"context"
	"fmt"
	"math"
	"slices"

	"offload/device"
	"offload/kernels/gravity"
)

// Field computes the Newtonian accelerations of n point masses, whose GM are fixed when the Field is created.
//
// Accelerate reads x, n×3 positions in row-major order (au), and overwrites a, n×3 accelerations (au/day²). An error
// ends the step; the state stays at the last completed one.
type Field interface {
	Accelerate(ctx context.Context, x, a []float64) error
}

// Reweighable is a Field whose masses can be replaced. A run in which bodies merge needs one.
type Reweighable interface {
	Field
	// SetGMs replaces the bodies' GM (au³/day²). There are at least one and at most as many as the Field was created for.
	SetGMs(gm []float64) error
}

// Correction adds velocity-dependent accelerations to a (n×3, au/day²) at positions x (au) and velocities v (au/day).
// Integrators call it more often than the Field, at the same x with several v.
type Correction interface {
	Add(x, v, a []float64)
}

// Acceleration is the right-hand side of the equations of motion: a(x, v) = Field(x) + Correction(x, v).
// Correction may be nil.
type Acceleration struct {
	Field      Field
	Correction Correction
}

// Evaluate overwrites a with the total acceleration.
func (r *Acceleration) Evaluate(ctx context.Context, x, v, a []float64) error {
	if r == nil || r.Field == nil {
		return fmt.Errorf("%w: no field", ErrInput)
	}
	if err := r.Field.Accelerate(ctx, x, a); err != nil {
		return err
	}
	if r.Correction != nil {
		r.Correction.Add(x, v, a)
	}
	return nil
}

// PointMasses is a Field that knows its masses. Integrators that compute the pulls themselves need one.
type PointMasses interface {
	Field
	// GM returns the bodies' GM, in au³/day².
	GM() []float64
}

// newton sums directly over pairs, on the calling goroutine.
type newton struct{ gm []float64 }

// Newton returns the serial Field of point masses gm (au³/day²):
//
//	a[i] = Σ_{j≠i} gm[j]·(x[j]-x[i]) / |x[j]-x[i]|³
//
// Each pair's distance is computed once. Pairs are added in the order (0,1), (0,2) … (1,2) …, so the result is the
// same on every processor.
func Newton(gm []float64) Field { return &newton{gm: slices.Clip(slices.Clone(gm))} }

func (f *newton) Accelerate(_ context.Context, x, a []float64) error {
	n := len(f.gm)
	if len(x) != 3*n || len(a) != 3*n {
		return fmt.Errorf("%w: %d positions and %d accelerations for %d bodies", ErrInput, len(x), len(a), n)
	}
	clear(a)
	for i := range n {
		f.pairs(i, x, a)
	}
	return nil
}

// GM implements PointMasses.
func (f *newton) GM() []float64 { return append([]float64(nil), f.gm...) }

// SetGMs implements Reweighable.
func (f *newton) SetGMs(gm []float64) error {
	if len(gm) == 0 || len(gm) > cap(f.gm) {
		return fmt.Errorf("%w: %d bodies in a field for %d", ErrInput, len(gm), cap(f.gm))
	}
	f.gm = f.gm[:copy(f.gm[:len(gm)], gm)]
	return nil
}

// pairs adds the pull between body i and every later one.
func (f *newton) pairs(i int, x, a []float64) {
	gi := f.gm[i]
	xi, yi, zi := x[3*i], x[3*i+1], x[3*i+2]
	ax, ay, az := a[3*i], a[3*i+1], a[3*i+2]
	for j := i + 1; j < len(f.gm); j++ {
		xj, aj := x[3*j:3*j+3:3*j+3], a[3*j:3*j+3:3*j+3]
		dx, dy, dz := xj[0]-xi, xj[1]-yi, xj[2]-zi
		r2 := float64(dx*dx) + float64(dy*dy) + float64(dz*dz)
		inv := 1 / float64(r2*math.Sqrt(r2))
		si, sj := float64(f.gm[j]*inv), float64(gi*inv)
		ax += float64(si * dx)
		ay += float64(si * dy)
		az += float64(si * dz)
		aj[0] -= float64(sj * dx)
		aj[1] -= float64(sj * dy)
		aj[2] -= float64(sj * dz)
	}
	a[3*i], a[3*i+1], a[3*i+2] = ax, ay, az
}

// DeviceField is a Field computed by the force kernel on a device, in float64 and without softening. It is not safe for
// concurrent use.
type DeviceField struct {
	bodies []float64 // rows (x, y, z, gm), kept between calls
	in     device.Buffer
	out    device.Buffer
	dev    device.Device
	force  *device.Launch
}

// NewDeviceField returns the field of bodies with the given gm (au³/day²) on dev. The caller must Close it.
func NewDeviceField(dev device.Device, gm []float64) (*DeviceField, error) {
	if dev == nil {
		return nil, device.Invalidf("no device")
	}
	f := &DeviceField{dev: dev, bodies: make([]float64, gravity.BodyWidth*len(gm))}
	for i, g := range gm {
		f.bodies[gravity.BodyWidth*i+3] = g
	}
	if err := gravity.CheckBodies(f.bodies); err != nil {
		return nil, err
	}
	var err error
	if f.in, err = dev.Alloc(device.Float64, len(f.bodies)); err != nil {
		return nil, err
	}
	if f.out, err = dev.Alloc(device.Float64, gravity.AccelWidth*len(gm)); err != nil {
		f.in.Free()
		return nil, err
	}
	f.aim()
	return f, nil
}

// GM implements PointMasses.
func (f *DeviceField) GM() []float64 {
	gm := make([]float64, len(f.bodies)/gravity.BodyWidth)
	for i := range gm {
		gm[i] = f.bodies[gravity.BodyWidth*i+3]
	}
	return gm
}

// aim makes the launch for the bodies.
func (f *DeviceField) aim() {
	n := len(f.bodies) / gravity.BodyWidth
	bodies := device.Mat(f.in, gravity.BodyWidth).Rows(0, n)
	f.force = gravity.NewForce(bodies, bodies, device.Mat(f.out, gravity.AccelWidth).Rows(0, n), 0.0, 0)
}

// SetGMs implements Reweighable. The field then returns the same bits as a new one.
func (f *DeviceField) SetGMs(gm []float64) error {
	if n := f.in.Len() / gravity.BodyWidth; len(gm) == 0 || len(gm) > n {
		return device.Invalidf("%d bodies in a field for %d", len(gm), n)
	}
	bodies := make([]float64, gravity.BodyWidth*len(gm))
	for i, g := range gm {
		bodies[gravity.BodyWidth*i+3] = g
	}
	if err := gravity.CheckBodies(bodies); err != nil {
		return err
	}
	f.bodies = bodies
	f.aim()
	return nil
}

// Accelerate implements Field with one launch.
func (f *DeviceField) Accelerate(ctx context.Context, x, a []float64) error {
	if n := f.force.Rows.Len(); len(x) != 3*n || len(a) != 3*n {
		return device.Invalidf("%d positions and %d accelerations for %d bodies", len(x)/3, len(a)/3, n)
	}
	for i := 0; i < len(x); i += 3 {
		copy(f.bodies[i/3*gravity.BodyWidth:][:3], x[i:i+3])
	}
	if err := f.in.Write(ctx, 0, device.Of(f.bodies)); err != nil {
		return fmt.Errorf("upload of positions: %w", err)
	}
	if err := f.dev.Launch(ctx, f.force); err != nil {
		return err
	}
	return f.out.Read(ctx, 0, device.Of(a))
}

// Close frees the buffers. The device stays open.
func (f *DeviceField) Close() error {
	f.out.Free()
	return f.in.Free()
}

// SunName is the name of the body whose field Schwarzschild corrects.
const SunName = "Sun"

// schwarzschild is the Sun's first post-Newtonian term on every other body.
type schwarzschild struct {
	sun int
	gm  []float64
}

// Schwarzschild returns the first post-Newtonian correction to the field of the body named
// "Sun" (harmonic coordinates; IERS Conventions 2010, eq. 10.12, with β = γ = 1):
//
//	a += GM/(c²r³) · [ (4GM/r - v²) r + 4 (r·v) v ]
//
// with r and v relative to the Sun. The reaction acts on the Sun, a_sun -= gm_i/GM·a_i, so that Σ gm·v stays constant.
//
// The error wraps ErrInput if sys has no "Sun" or a massless one.
func Schwarzschild(sys *System) (Correction, error) {
	return newSchwarzschild(sys.Index(SunName), sys.GMs())
}

// newSchwarzschild returns the correction for bodies with these GM, which it keeps. The index of the Sun may be -1.
func newSchwarzschild(sun int, gm []float64) (Correction, error) {
	if sun < 0 {
		return nil, fmt.Errorf("%w: relativity requires a body named %q", ErrInput, SunName)
	}
	if !(gm[sun] > 0) {
		return nil, fmt.Errorf("%w: relativity requires a GM above 0 for %q", ErrInput, SunName)
	}
	return &schwarzschild{sun: sun, gm: gm}, nil
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
