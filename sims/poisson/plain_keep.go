package poisson

import (
	"context"
	"fmt"
	"time"

	"offload/device"
	"offload/kernels/multigrid"
)

// keepWithin bounds how long a cancelled solution waits for its last state.
const keepWithin = 10 * time.Second

// storeAll is store that a late end of ctx does not leave half done.
func (s *plain[T]) storeAll(ctx context.Context, u []T, factor float64) error {
	err := s.store(ctx, u, factor)
	if err != nil && ctx.Err() != nil {
		late, cancel := context.WithTimeout(context.WithoutCancel(ctx), keepWithin)
		defer cancel()
		err = s.store(late, u, factor)
	}
	return err
}

// keep sets u to the state after the last complete cycle if err is an error of ctx, and
// returns the result with err.
func (s *plain[T]) keep(ctx context.Context, u []T, scale scaling, p progress, err error) (Result, error) {
	late, cancel := context.WithTimeout(context.WithoutCancel(ctx), keepWithin)
	defer cancel()
	in := "with u as given"
	if p.framed {
		in = "with u as in the last frame"
	}
	if p.wrote {
		in = "with u undefined"
		s.wrapped.buffer.Wait(context.WithoutCancel(ctx)) // u is the device's until then
	}
	if ctx.Err() == nil || p.cycles == 0 && !p.wrote {
		return Result{}, fmt.Errorf("in cycle %d, %s: %w", p.cycles+1, in, err)
	}
	factor := p.kept()
	solution, residual, lost := s.present(late, p.state)
	if lost != nil {
		return Result{}, fmt.Errorf("in cycle %d, %s: %w; the state was not kept: %w", p.cycles+1, in, err, lost)
	}
	unscale := T(1 / scale.factor)
	for i, v := range solution[:len(u)] {
		u[i] = v * unscale
	}
	p.residual = residual
	r, _ := p.result(scale, factor)
	return r, fmt.Errorf("after %d cycles, kept in u: %w", p.cycles, err)
}

// present returns a state of the finest level as natural rows, scaled, and its residual: its
// black points with the red points that follow from them, after one more sweep, as at the end of
// a cycle without correction. It computes on the host, because the device may be busy with what
// was cancelled.
func (s *plain[T]) present(ctx context.Context, state int) (solution []T, residual float64, err error) {
	l, c := s.finest(), s.levels[len(s.levels)-2]
	onHost := *l
	for _, a := range []*array{&onHost.edges, &onHost.side, &onHost.state[state]} {
		if a.buffer != nil {
			a.host = device.MakeSlice(a.typ, a.len)
			if err := a.download(ctx); err != nil {
				return nil, 0, err
			}
		}
	}
	onHost.solution.host = device.MakeSlice(l.solution.typ, l.solution.len)
	onHost.norms.host = device.MakeSlice(l.norms.typ, l.norms.len)
	zero := c.correction
	zero.host = device.MakeSlice(zero.typ, zero.len)

	g, in := s.grid(l, multigrid.HasEdges), onHost.state[state].matrix(2*l.half)
	side := in
	if s.withSource {
		g.Flags |= multigrid.HasSource
		side = onHost.side.matrix(4 * l.half)
	}
	finish, err := s.bind(false, func(a []device.Arg) *device.Launch {
		return multigrid.NewFinish(g, a[0], a[1], a[2], a[3], a[4], a[5])
	}, in, zero.matrix(c.wide32), side, onHost.edges.matrix(1), onHost.solution.matrix(2*l.wide), onHost.norms.matrix(multigrid.NormsWidth))
	if err != nil {
		return nil, 0, err
	}
	if err := finish(ctx); err != nil {
		return nil, 0, err
	}
	r, _ := multigrid.LargestNorms(device.As[T](onHost.norms.host))
	return device.As[T](onHost.solution.host), float64(r), nil
}
