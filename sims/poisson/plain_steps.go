package poisson

import (
	"context"

	"offload/device"
	"offload/kernels/multigrid"
)

// step is a launch, a copy, or a direct solution. It does not allocate, unless a kernel's
// code does.
type step func(ctx context.Context) error

// run performs the steps in their order.
func run(ctx context.Context, steps []step) error {
	for _, do := range steps {
		if err := do(ctx); err != nil {
			return err
		}
	}
	return nil
}

// program makes the steps of a solution. The first error ends it.
type program[T device.Float] struct {
	*plain[T]
	source bool
	err    error
}

// add appends a launch to steps.
func (p *program[T]) add(steps []step, l *plainLevel[T], launchOf func(a []device.Arg) *device.Launch, views ...view) []step {
	do, err := p.bind(l.onDevice, launchOf, views...)
	if p.err == nil {
		p.err = err
	}
	return append(steps, do)
}

// flags returns the flags of launches for the solution.
func (p *program[T]) flags() int {
	if p.source {
		return multigrid.HasEdges | multigrid.HasSource
	}
	return multigrid.HasEdges
}

// side returns the right side of l, or instead any other matrix with rows enough.
func (p *program[T]) side(l *plainLevel[T], other view) view {
	if p.source {
		return l.side.matrix(4 * l.half)
	}
	return other
}

// start appends the first guess of level i, interpolated in the solution of the next
// coarser one.
func (p *program[T]) start(steps []step, i int) []step {
	l, c := p.levels[i], p.levels[i-1]
	if l.onDevice && !c.onDevice {
		steps = append(steps, c.solution.upload)
	}
	g, guess := p.grid(l, p.flags()), c.solution.matrix(c.wide)
	return p.add(steps, l, func(a []device.Arg) *device.Launch {
		return multigrid.NewStart(g, a[0], a[1], a[2], a[3], a[4], a[5])
	}, guess, p.side(l, guess), l.edges.matrix(1), l.state[0].matrix(2*l.half), c.side32.matrix(2*c.half32), l.norms.matrix(multigrid.NormsWidth))
}

// cycleFrom returns the step between two visits to coarser levels, from a state of the
// finest level to the other one.
func (p *program[T]) cycleFrom(from int) step {
	l, c := p.finest(), p.levels[len(p.levels)-2]
	g, in := p.grid(l, p.flags()), l.state[from].matrix(2*l.half)
	return p.add(nil, l, func(a []device.Arg) *device.Launch {
		return multigrid.NewCycle(g, a[0], a[1], a[2], a[3], a[4], a[5], a[6])
	}, in, c.correction.matrix(c.wide32), p.side(l, in), l.edges.matrix(1), l.state[1-from].matrix(2*l.half),
		c.side32.matrix(2*c.half32), l.norms.matrix(multigrid.NormsWidth))[0]
}

// finishFrom appends the end of a cycle on level i, from a state to the solution.
func (p *program[T]) finishFrom(steps []step, i, from int) []step {
	l, c := p.levels[i], p.levels[i-1]
	g, in, out, rows := p.grid(l, p.flags()), l.state[from].matrix(2*l.half), &l.solution, l.n/2+1
	if l == p.finest() && p.wraps { // the caller's matrix has one row less: the last one is an edge
		out, rows = &p.wrapped, l.n/2
	}
	return p.add(steps, l, func(a []device.Arg) *device.Launch {
		f := multigrid.NewFinish(g, a[0], a[1], a[2], a[3], a[4], a[5])
		f.Rows.Hi = rows
		return f
	}, in, c.correction.matrix(c.wide32), p.side(l, in), l.edges.matrix(1), out.matrix(2*l.wide), l.norms.matrix(multigrid.NormsWidth))
}

// visitFrom appends a visit to the levels below level i: from the right sides that level i
// has set on the next one to the correction there.
func (p *program[T]) visitFrom(steps []step, i int) []step {
	l := p.levels[i-1]
	crosses := p.levels[i].onDevice && !l.onDevice
	if crosses {
		steps = append(steps, l.side32.download)
	}
	if i == 1 {
		steps = append(steps, p.correctDirectly)
	} else {
		steps = p.correct(steps, i-1)
	}
	if crosses {
		steps = append(steps, l.correction.upload)
	}
	return steps
}

// correct appends a V-cycle for the correction on level i.
func (p *program[T]) correct(steps []step, i int) []step {
	l, c := p.levels[i], p.levels[i-1]
	g := p.grid32(l, multigrid.HasSource|multigrid.FromZero)
	side, state, down := l.side32.matrix(4*l.half32), l.state32.matrix(2*l.half32), c.side32.matrix(2*c.half32)
	none := view{&l.side32, 0, 1} // for the edges: what stands for them counts as read whole, and would travel between devices
	steps = p.add(steps, l, func(a []device.Arg) *device.Launch {
		return multigrid.NewStart(g, a[0], a[1], a[2], a[3], a[4], a[5])
	}, side, side, none, state, down, l.norms32.matrix(multigrid.NormsWidth)) // the guess is not read
	steps = p.visitFrom(steps, i)
	return p.add(steps, l, func(a []device.Arg) *device.Launch {
		return multigrid.NewFinish(g, a[0], a[1], a[2], a[3], a[4], a[5])
	}, state, c.correction.matrix(c.wide32), side, none, l.correction.matrix(2*l.wide32), l.norms32.matrix(multigrid.NormsWidth))
}

// prepare makes the steps for problems with or without a source.
func (s *plain[T]) prepare(source bool) error {
	if s.steps != nil && s.withSource == source {
		return nil
	}
	if least := max(stagingLen, 4*s.finest().half); source && len(s.staging) < least {
		s.staging = make([]T, least)
	}
	for _, l := range s.levels {
		if source && l.side.buffer == nil && l.side.host.Len() == 0 {
			if err := s.place(&l.side, l.onDevice, !l.onDevice); err != nil {
				return err
			}
		}
	}
	p := &program[T]{plain: s, source: source}
	top := len(s.levels) - 1
	steps := []step{s.solveDirectly}
	for i := 1; i < top; i++ {
		steps = p.finishFrom(p.visitFrom(p.start(steps, i), i), i, 0)
	}
	steps = p.start(steps, top)
	for from := range 2 {
		s.cycle[from] = p.cycleFrom(from)
	}
	s.finish = [2]step{}
	s.visit, s.steps, s.withSource = p.visitFrom(nil, top), steps, source
	if p.err != nil {
		s.steps = nil
	}
	return p.err
}

// prepareFinish makes the last step of a solution, which arises in u where the device computes
// in host memory.
func (s *plain[T]) prepareFinish(u []T) error {
	if s.wraps && device.Of(u) != s.wrapped.host {
		b, err := device.Wrap(s.dev, device.Of(u))
		if err != nil {
			return err
		}
		if s.wrapped.buffer != nil {
			s.wrapped.buffer.Free()
		}
		l := s.finest()
		s.wrapped = array{typ: b.Type(), len: l.n * l.wide, buffer: b, host: device.Of(u)}
		s.finish = [2]step{}
	}
	if s.finish[0] != nil {
		return nil
	}
	p := &program[T]{plain: s, source: s.withSource}
	for from := range s.finish {
		s.finish[from] = p.finishFrom(nil, len(s.levels)-1, from)[0]
	}
	return p.err
}

// solveDirectly solves the coarsest level.
func (s *plain[T]) solveDirectly(context.Context) error {
	l := s.levels[0]
	var f []T
	if s.withSource {
		f = device.As[T](l.side.host)
	}
	solveDirect(s.bottom, f, l.half, device.As[T](l.edges.host), device.As[T](l.solution.host), l.wide)
	return nil
}

// correctDirectly solves for the correction on the coarsest level.
func (s *plain[T]) correctDirectly(context.Context) error {
	l := s.levels[0]
	solveDirect(s.bottom, device.As[float32](l.side32.host), l.half32, nil, device.As[float32](l.correction.host), l.wide32)
	return nil
}
