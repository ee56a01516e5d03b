package plate

import (
	"context"
	"errors"
	"fmt"
	"math"
	"time"

	"offload/device"
	"offload/kernels/grid"
)

// batches runs a stencil kernel on a device, one batch of sweeps per launch,
// alternating between two buffers. The state is in u[at]; a failed batch leaves it.
type batches[T device.Float] struct {
	field    *Field[T]
	dev      device.Device
	kernel   stencil
	unit     string // singular name of a sweep in errors
	u        [2]device.Buffer
	residual device.Buffer
	size     int               // sweeps of a full batch
	launches [2]*device.Launch // a full batch from u[0] and from u[1]
	rows     []T               // residuals of the rows
	at       int
	done     int // sweeps that the state has had
}

// stencil returns a launch of a kernel with fixed coefficients.
type stencil func(u, out, residual device.Arg, sweeps int) *device.Launch

// newBatches allocates the buffers and uploads the field, which must have passed checkStart.
func newBatches[T device.Float](ctx context.Context, dev device.Device, f *Field[T], size int, k stencil, unit string) (*batches[T], error) {
	if dev == nil {
		return nil, device.Invalidf("no device")
	}
	f.flush()
	b := &batches[T]{
		field: f, dev: dev, kernel: k, unit: unit, size: size,
		rows: make([]T, f.Rows*grid.ResidualWidth),
	}
	if err := b.allocate(ctx); err != nil {
		b.free()
		return nil, fmt.Errorf("plate of %d × %d points: %w", f.Rows, f.Cols, err)
	}
	for from := range b.launches {
		b.launches[from] = b.launch(from, size)
	}
	return b, nil
}

func (b *batches[T]) allocate(ctx context.Context) error {
	var err error
	if b.u[0], err = device.Upload(ctx, b.dev, b.field.T); err != nil {
		return err
	}
	if b.u[1], err = b.dev.Alloc(device.TypeOf[T](), len(b.field.T)); err != nil {
		return err
	}
	b.residual, err = b.dev.Alloc(device.TypeOf[T](), len(b.rows))
	return err
}

func (b *batches[T]) launch(from, sweeps int) *device.Launch {
	w := b.field.Cols
	return b.kernel(device.Mat(b.u[from], w), device.Mat(b.u[1-from], w),
		device.Mat(b.residual, grid.ResidualWidth), sweeps)
}

// advance does n sweeps and returns the change in the last one: the largest of
// any point, and the 2-norm. If it fails, the state is unchanged.
func (b *batches[T]) advance(ctx context.Context, n int) (largest, norm2 float64, err error) {
	l := b.launches[b.at]
	if n != b.size {
		l = b.launch(b.at, n)
	}
	if err := b.dev.Launch(ctx, l); err != nil {
		return 0, 0, err
	}
	if err := b.residual.Read(ctx, 0, device.Of(b.rows)); err != nil {
		return 0, 0, err
	}
	largest, norm2 = grid.Residual(b.rows)
	if math.IsNaN(largest) || math.IsInf(largest, 0) {
		return largest, norm2, b.diverged(ctx, n)
	}
	b.at = 1 - b.at
	b.done += n
	return largest, norm2, nil
}

// diverged returns an error with the sweeps of the last batch and the first point
// that is no longer finite in its output.
func (b *batches[T]) diverged(ctx context.Context, n int) error {
	when := fmt.Sprintf("between %s %d and %d", b.unit, b.done, b.done+n)
	out, err := device.Download[T](ctx, b.u[1-b.at])
	if err != nil {
		return fmt.Errorf("%w: %s: %w", ErrDiverged, when, err)
	}
	for i, v := range out {
		if v-v != 0 {
			return fmt.Errorf("%w: %s the point in row %d, column %d became %g",
				ErrDiverged, when, i/b.field.Cols, i%b.field.Cols, v)
		}
	}
	return fmt.Errorf("%w: %s", ErrDiverged, when)
}

// keepWithin bounds how long a cancelled run waits for its last batch, in order to
// save the state before it.
const keepWithin = 10 * time.Second

// keep downloads the state into the field, even if ctx is done, and returns the
// number of sweeps of the state in the field. It returns err with that number, or
// with its own error.
func (b *batches[T]) keep(ctx context.Context, err error) (int, error) {
	lost := b.load(ctx)
	if ctx.Err() != nil && lost != nil {
		late, cancel := context.WithTimeout(context.WithoutCancel(ctx), keepWithin)
		defer cancel()
		lost = b.load(late)
	}
	if lost != nil {
		if err == nil || errors.Is(err, lost) {
			err = lost
		} else {
			err = fmt.Errorf("%w; the state was not kept: %w", err, lost)
		}
		return 0, fmt.Errorf("after %d %ss, with the field as at the start: %w", b.done, b.unit, err)
	}
	if err != nil {
		err = fmt.Errorf("after %d %ss, kept in the field: %w", b.done, b.unit, err)
	}
	return b.done, err
}

// load downloads the state into the field.
func (b *batches[T]) load(ctx context.Context) error {
	return b.u[b.at].Read(ctx, 0, device.Of(b.field.T))
}

// free frees the buffers. A closed device has freed them already.
func (b *batches[T]) free() {
	for _, m := range []device.Buffer{b.u[0], b.u[1], b.residual} {
		if m != nil {
			m.Free()
		}
	}
}

// defaultBatch returns the number of sweeps between two checks of the residual, for
// a grid of that many points: enough to make the check cheap, and few enough that a
// core with 10^9 updates per second does them in a seventh of a second. It must not
// depend on the device or on timing, because it decides where a run ends.
func defaultBatch(points int) int {
	return max(1, min(64, 1<<27/points))
}

// checkBatch returns the number of sweeps per launch, given the caller's option.
func checkBatch(asked, points int) (int, error) {
	if asked < 0 || asked > grid.MaxSweeps {
		return 0, device.Invalidf("%d sweeps per launch: must be 1 to %d, or 0 for the default", asked, grid.MaxSweeps)
	}
	if asked == 0 {
		asked = defaultBatch(points)
	}
	return asked, nil
}

// checkSpacing returns an error unless both distances are positive and their squares
// are normal numbers.
func checkSpacing(dx, dy float64) error {
	for _, d := range []float64{dx, dy} {
		if square := d * d; !(d > 0 && square >= 0x1p-1022 && square <= math.MaxFloat64) {
			return device.Invalidf("spacings of %g and %g: both must be positive, with normal squares", dx, dy)
		}
	}
	return nil
}

// Work is the predicted work of a run: a number of launches like Launch, which has no
// buffers, on a grid of that many points.
type Work struct {
	Launch    *device.Launch
	Launches  int
	Points    int
	Residuals int // numbers that are read back after each launch
}

// SteadyWork returns the predicted work of Steady on f. With a tolerance the number of
// launches is an estimate, which is too high if f is already close to the solution. The
// error wraps device.ErrInvalid if f or o is invalid for Steady.
func SteadyWork[T device.Float](f *Field[T], o SteadyOptions) (Work, error) {
	p, err := planSteady(f, o)
	if err != nil {
		return Work{}, err
	}
	sweeps := p.limit
	if o.Tol > 0 {
		lowest, highest := f.Extremes()
		sweeps = min(sweeps, toInt(sweepsFor(float64(highest)-float64(lowest), o.Tol, p.gap)))
	}
	return workOf(f, p.kernel, p.batch, max(1, sweeps-p.first())), nil
}

// TransientWork returns the predicted work of Transient on f. The error wraps
// device.ErrInvalid if f or o is invalid for Transient.
func TransientWork[T device.Float](f *Field[T], o TransientOptions) (Work, error) {
	if err := f.checkStart(o.From != nil); err != nil {
		return Work{}, err
	}
	steps, dt, err := timeSteps(o)
	if err != nil {
		return Work{}, err
	}
	left := steps
	if o.From != nil {
		left = max(1, steps-o.From.Steps)
	}
	batch, err := checkBatch(o.StepsPerLaunch, len(f.T))
	if err != nil {
		return Work{}, err
	}
	cx, cy := grid.HeatCoefficients[T](o.Diffusivity, dt, o.Dx, o.Dy)
	kernel := func(u, out, residual device.Arg, sweeps int) *device.Launch {
		return grid.NewHeat(u, out, residual, sweeps, cx, cy)
	}
	return workOf(f, kernel, max(1, min(batch, steps)), left), nil
}

func workOf[T device.Float](f *Field[T], k stencil, batch, sweeps int) Work {
	field := device.Arg{Len: len(f.T), Width: f.Cols}
	residual := device.Arg{Len: f.Rows * grid.ResidualWidth, Width: grid.ResidualWidth}
	launches := sweeps / batch
	if sweeps%batch > 0 {
		launches++
	}
	return Work{k(field, field, residual, batch), launches, len(f.T), residual.Len}
}

// Clone returns a deep copy of f.
func (f *Field[T]) Clone() *Field[T] {
	return &Field[T]{f.Rows, f.Cols, append([]T(nil), f.T...)}
}
