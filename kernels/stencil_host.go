package kernels

import (
	"offload/device"
	"offload/kernels/internal/sweep"
)

// stencilHost is the host code of a stencil kernel: its sweeps in vectors, and
// in plain Go. See stencilCut for how a launch is cut.
func stencilHost[T device.Float](row sweep.Row[T], update sweep.Update) []device.HostCode {
	plain, vector := sweep.Plain(row), sweep.Vector[T](update)
	return []device.HostCode{{
		Name:  "avx2",
		Ready: sweep.HasVector,
		Plan:  planStencil[T],
		Run: func(t *device.Tile) {
			if t.Width(stencilIn) < vector.MinWidth {
				runStencil(t, &plain)
			} else {
				runStencil(t, &vector)
			}
		},
	}, {
		Name: "go",
		Plan: planStencil[T],
		Run:  func(t *device.Tile) { runStencil(t, &plain) },
	}}
}

func planStencil[T device.Float](l *device.Launch, workers int, p *device.Plan) {
	c := cutStencil[T](l)
	for pass := range c.passes {
		p.Tasks = append(p.Tasks, c.strips*c.bands(c.rowsOf(pass), workers, c.depth(pass)))
	}
	if c.strips > 1 {
		p.Tasks = append(p.Tasks, joinTasks(l.Rows.Len(), workers))
	}
	size := device.TypeOf[T]().Size()
	p.Shared = (c.between()*c.gridSize() + c.partials()) * size
	p.Local = c.elements(size)*size + c.slots()*4
}

// runStencil does one strip of one band in one pass, or joins partial residuals.
func runStencil[T device.Float](t *device.Tile, form *sweep.Form[T]) {
	c := cutStencil[T](t.Launch)
	g := gridOf[T](t)
	if g.rows == 0 || g.cols == 0 {
		return
	}
	if t.Phase == c.passes {
		g.joinResiduals(t, &c)
		return
	}
	band := t.Task / c.strips
	s := strip[T]{
		grid: g, cut: c, form: form,
		depth: c.depth(t.Phase),
		rows:  c.rowsOf(t.Phase).Part(band, t.Tasks/c.strips),
		from:  matrix[T]{g.in, 0, g.cols},
		to:    matrix[T]{g.out, 0, g.cols},
	}
	if t.Phase > 0 {
		s.from = s.scratchGrid(t, t.Phase-1)
	}
	if t.Phase < c.passes-1 {
		s.to = s.scratchGrid(t, t.Phase)
	}
	s.place(t, t.Task%c.strips)
	s.run(t)
}
