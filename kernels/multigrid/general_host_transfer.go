package multigrid

import (
	"offload/device"
	"offload/kernels/internal/flows"
)

func planRestrict(l *device.Launch, workers int, p *device.Plan) {
	points := l.Args[restrictU].Width
	cols := points
	if device.Scalar[int32](l, restrictAxes)&HalveRows != 0 {
		cols /= 2
	}
	planNetwork[float32](l, workers, points, cols, p)
}

func planProlong(l *device.Launch, workers int, p *device.Plan) {
	planBands(l, workers, l.Args[prolongU].Width, p)
}

// residuals keeps the residuals of the last three fine rows.
type residuals struct {
	hostNetwork[float32]
	form  *flows.Form[float32]
	u, f  []float32
	which [3]int // row of each row of the window, plus one
}

// residual returns the residuals of fine row y.
func (s *residuals) residual(y int) []float32 {
	dst := s.row(y)
	if k := (y + 3) % 3; s.which[k] != y+1 {
		s.which[k] = y + 1
		up, mid, down := s.beside(s.u, y)
		s.form.Residual(dst, s.join(y, up, mid, down), s.of(s.f, y), s.spare)
	}
	return dst
}

func restrictHost(t *device.Tile, form *flows.Form[float32]) {
	out := device.View[float32](t, restrictOut)
	m := transferOf(t.Launch, restrictFine, t.Width(restrictU), t.Width(restrictOut), device.View[float32](t, restrictWeights))
	s := residuals{form: form, u: device.View[float32](t, restrictU), f: device.View[float32](t, restrictF)}
	s.hostNetwork = hostNetworkOf[float32](t, restrictCoef, m.fine, m.cols, t.Width(restrictCoef)/t.Width(restrictU), m.wrap)
	rows := t.Rows.Part(t.Task, t.Tasks)
	for i := rows.Lo; i < rows.Hi && !t.Done(); i++ {
		sum := out[i*m.coarseCols:][:m.coarseCols]
		clear(sum)
		add := func(y, which int) {
			if y >= 0 && y < m.fine {
				m.collect(sum, s.residual(y), y, which, form)
			}
		}
		if m.axes&HalveRows == 0 {
			add(i, parentSame)
		} else {
			add(2*i-1, parentLast)
			add(2*i, parentSame)
			add(2*i+1, parentFirst)
			if i == 0 && m.wrap {
				add(2*m.coarse-1, parentLast)
				add(2*m.coarse, parentSame)
			}
		}
		form.Flush(sum)
	}
}

// collect is gather by a form.
func (m *transfer) collect(sum, r []float32, y, which int, form *flows.Form[float32]) {
	same, after, before := m.planes(y, which)
	if after == nil {
		m.gather(sum, r, y, which)
		return
	}
	form.Gather(sum, before, same, after, r)
	m.gatherEnd(sum, r, same, before)
}

func prolongHost(t *device.Tile, form *flows.Form[float32]) {
	c, u := device.View[float32](t, prolongC), device.View[float32](t, prolongU)
	m := transferOf(t.Launch, prolongFine, t.Width(prolongU), t.Width(prolongC), device.View[float32](t, prolongWeights))
	rows := t.Rows.Part(t.Task, t.Tasks)
	tall := 1
	if m.axes&HalveRows != 0 {
		tall = 2
	}
	for i := rows.Lo; i < rows.Hi && !t.Done(); i++ {
		a, b := c[m.parent(i)*m.coarseCols:][:m.coarseCols], c[m.parent(i+tall-1)*m.coarseCols:][:m.coarseCols]
		for y := tall * i; y < min(tall*(i+1), m.fine); y++ {
			m.distribute(u[y*m.cols:][:m.cols], a, b, y, form)
		}
	}
}

// distribute is spread by a form.
func (m *transfer) distribute(u, a, b []float32, y int, form *flows.Form[float32]) {
	inner := min(len(u)/2, m.coarseCols-1) // pairs of columns whose parents are two of the coarse ones
	switch {
	case m.axes&HalveCols == 0 || inner == 0:
		inner = 0
	case m.axes&HalveRows != 0 && y&1 == 1:
		sameA, leftA, rightA := m.planes(y, parentFirst)
		sameB, leftB, rightB := m.planes(y, parentLast)
		form.SpreadBetween(u[:2*inner], a, b, sameA, leftA, rightA, sameB, leftB, rightB)
	default:
		same, left, right := m.planes(y, parentSame)
		form.Spread(u[:2*inner], a, same, left, right)
	}
	m.spread(u, a, b, y, inner)
}
