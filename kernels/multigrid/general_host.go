package multigrid

import (
	"offload/device"
	"offload/kernels/internal/base"
	"offload/kernels/internal/flows"
)

// networkHost returns the code of a kernel for the host's cores: bands of launch rows are
// tasks.
func networkHost[T device.Float](plan func(l *device.Launch, workers int, p *device.Plan), run func(t *device.Tile, form *flows.Form[T])) []device.HostCode {
	plain, vector := flows.Form[T]{}, flows.Vector[T]()
	return []device.HostCode{{
		Name:  "avx2",
		Ready: flows.HasVector,
		Plan:  plan,
		Run:   func(t *device.Tile) { run(t, &vector) },
	}, {
		Name: "go",
		Plan: plan,
		Run:  func(t *device.Tile) { run(t, &plain) },
	}}
}

const (
	// networkRows is the least number of launch rows of a task, if there are enough tasks:
	// the rows at its ends are computed by its neighbours, too.
	networkRows = 16
	// networkPoints is the least number of points of a task.
	networkPoints = 1 << 13
)

// planBands makes several tasks for each of several workers, for a launch whose rows have
// so many points.
func planBands(l *device.Launch, workers, points int, p *device.Plan) {
	rows := l.Rows.Len()
	tasks := 1
	if workers > 1 {
		tasks = min(8*workers, max(min(workers, rows), rows/networkRows), rows*points/networkPoints)
	}
	p.Tasks = append(p.Tasks, max(1, tasks))
}

// networkScratch is the number of rows of scratch: a window, a row of conductances 0, and a
// spare row.
const networkScratch = 5

// planNetwork is planBands for a kernel that computes flows, in rows of cols points.
func planNetwork[T device.Float](l *device.Launch, workers, points, cols int, p *device.Plan) {
	planBands(l, workers, points, p)
	p.Local = networkScratch * scratchWidth[T](cols) * device.TypeOf[T]().Size()
}

// scratchWidth returns the distance of rows of scratch: whole cache lines, and an odd
// number of them, so that rows lie in different cache sets.
func scratchWidth[T device.Float](cols int) int {
	line := cacheLine / device.TypeOf[T]().Size()
	return (base.CeilDiv(cols, line) | 1) * line
}

// hostNetwork is a network with the scratch of a task.
type hostNetwork[T device.Float] struct {
	network[T]
	window[T]
	scratch [3][]T // for the window
	spare   []T
	line    flows.Row[T]
}

// hostNetworkOf returns the network of coefficients coef for grids of rows × cols points.
func hostNetworkOf[T device.Float](t *device.Tile, coef, rows, cols, planes int, wrap bool) hostNetwork[T] {
	width, local := scratchWidth[T](cols), device.Local[T](t)
	row := func(k int) []T { return local[k*width:][:cols] }
	n := hostNetwork[T]{scratch: [3][]T{row(0), row(1), row(2)}, spare: row(4)}
	n.window.rows = n.scratch
	n.network = network[T]{device.View[T](t, coef), rows, cols, planes, wrap, row(3)}
	clear(n.none)
	return n
}

// place returns the place of row r in the window: in the output out if r is one of the rows
// to compute, else in scratch.
func (n *hostNetwork[T]) place(r int, rows device.Range, out []T) []T {
	k := (r + 3) % 3
	if n.window.rows[k] = n.scratch[k]; r >= rows.Lo && r < rows.Hi {
		n.window.rows[k] = n.of(out, r)
	}
	return n.window.rows[k]
}

// of returns row r of values in matrix m.
func (n *hostNetwork[T]) of(m []T, r int) []T { return m[r*n.cols:][:n.cols] }

// beside returns row r of matrix m and those beside it; those outside the network are
// replaced by row r.
func (n *hostNetwork[T]) beside(m []T, r int) (up, mid, down []T) {
	mid = n.of(m, r)
	up, down = mid, mid
	if i := n.at(r - 1); i >= 0 {
		up = n.of(m, i)
	}
	if i := n.at(r + 1); i >= 0 {
		down = n.of(m, i)
	}
	return up, mid, down
}

// join returns rows of values with the coefficients of row r, until the next call.
func (n *hostNetwork[T]) join(r int, up, mid, down []T) *flows.Row[T] {
	l := n.links(r)
	n.line = flows.Row[T]{
		Up: up, Mid: mid, Down: down,
		East: l.east, South: l.south, North: l.north, Inverse: l.inverse, Loss: l.loss,
		SouthEast: l.southEast, SouthWest: l.southWest, AboveSouthEast: l.aboveSouthEast, AboveSouthWest: l.aboveSouthWest,
	}
	return &n.line
}

// wraps returns the scalar that says whether rows wrap.
func wraps(t *device.Tile, i int) bool { return device.Scalar[int32](t.Launch, i) == 1 }

// planGrid is the plan of a kernel that computes flows on grids of the shape of parameter 0.
func planGrid[T device.Float](l *device.Launch, workers int, p *device.Plan) {
	cols := l.Args[0].Width
	planNetwork[T](l, workers, cols, cols, p)
}

func smoothHost(t *device.Tile, form *flows.Form[float32]) {
	u, f, out := device.View[float32](t, smoothU), device.View[float32](t, smoothF), device.View[float32](t, smoothOut)
	zero, cols := device.Scalar[int32](t.Launch, smoothZero) == 1, t.Width(smoothU)
	n := hostNetworkOf[float32](t, smoothCoef, t.Args[smoothU].NumRows(), cols, t.Width(smoothCoef)/cols, wraps(t, smoothWrap))
	rows := t.Rows.Part(t.Task, t.Tasks)
	for r := rows.Lo - 1; r <= rows.Hi && !t.Done(); r++ {
		if i := n.at(r); i >= 0 { // the first half of the sweep
			if zero {
				form.First(n.row(r), n.of(f, i), n.plane(i, PlaneInverse), i&1)
			} else {
				up, mid, down := n.beside(u, i)
				form.Relax(n.row(r), n.join(i, up, mid, down), n.of(f, i), n.spare, i&1)
			}
		}
		if i := r - 1; i >= rows.Lo {
			up, mid, down := n.around(&n.window, i)
			form.Relax(n.of(out, i), n.join(i, up, mid, down), n.of(f, i), n.spare, 1-i&1)
		}
	}
}

func directionHost[T device.Float](t *device.Tile, form *flows.Form[T]) {
	z, p, f := device.View[float32](t, directionZ), device.View[T](t, directionP), device.View[float32](t, directionF)
	out, q, sums := device.View[T](t, directionOut), device.View[T](t, directionQ), device.View[T](t, directionSums)
	sigma, beta := device.Scalar[T](t.Launch, directionSigma), device.Scalar[T](t.Launch, directionBeta)
	cols := t.Width(directionZ)
	n := hostNetworkOf[T](t, directionCoef, t.Args[directionZ].NumRows(), cols, t.Width(directionCoef)/cols, wraps(t, directionWrap))
	rows := t.Rows.Part(t.Task, t.Tasks)
	for r := rows.Lo - 1; r <= rows.Hi && !t.Done(); r++ {
		if i := n.at(r); i >= 0 {
			form.Search(n.place(r, rows, out), z[i*cols:][:cols], n.of(p, i), sigma, beta)
		}
		if i := r - 1; i >= rows.Lo {
			up, mid, down := n.around(&n.window, i)
			row := n.of(q, i)
			form.Product(row, n.join(i, up, mid, down), n.spare)
			sums[DirectionWidth*i] = form.MixedDot(f[i*cols:][:cols], mid)
			sums[DirectionWidth*i+1] = form.Dot(row, mid)
		}
	}
}

func stepHost[T device.Float](t *device.Tile, form *flows.Form[T]) {
	x, p, b := device.View[T](t, stepX), device.View[T](t, stepP), device.View[T](t, stepB)
	out, f, largest := device.View[T](t, stepOut), device.View[float32](t, stepF), device.View[T](t, stepLargest)
	alpha, scale := device.Scalar[T](t.Launch, stepAlpha), device.Scalar[T](t.Launch, stepScale)
	cols := t.Width(stepX)
	n := hostNetworkOf[T](t, stepCoef, t.Args[stepX].NumRows(), cols, t.Width(stepCoef)/cols, wraps(t, stepWrap))
	rows := t.Rows.Part(t.Task, t.Tasks)
	for r := rows.Lo - 1; r <= rows.Hi && !t.Done(); r++ {
		if i := n.at(r); i >= 0 {
			form.Advance(n.place(r, rows, out), n.of(x, i), n.of(p, i), alpha)
		}
		if i := r - 1; i >= rows.Lo {
			up, mid, down := n.around(&n.window, i)
			largest[i] = form.Remainder(f[i*cols:][:cols], n.join(i, up, mid, down), n.of(b, i), n.spare, scale)
		}
	}
}

func planDot(l *device.Launch, workers int, p *device.Plan) {
	planBands(l, workers, l.Args[dotZ].Width, p)
}

func dotHost[T device.Float](t *device.Tile, form *flows.Form[T]) {
	z, q, sums, n := device.View[float32](t, dotZ), device.View[T](t, dotQ), device.View[T](t, dotSums), t.Width(dotZ)
	rows := t.Rows.Part(t.Task, t.Tasks)
	for r := rows.Lo; r < rows.Hi && !t.Done(); r++ {
		sums[r] = form.MixedDot(z[r*n:][:n], q[r*n:][:n])
	}
}
