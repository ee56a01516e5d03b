package poisson

import (
	"context"
	"fmt"

	"offload/device"
)

// passed returns what passes from one cycle to the next: the finest level's state, and the
// right side of the next coarser one.
func (s *plain[T]) passed(state int) [2]*array {
	return [2]*array{&s.finest().state[state], &s.levels[len(s.levels)-2].side32}
}

// numbers returns p as a state without matrices.
func (p *progress) numbers(scale scaling) *State {
	return &State{
		Cycles: p.cycles, Largest: scale.largest,
		First: p.first, Residual: p.residual, Correction: p.correction, Stalled: p.stalled,
	}
}

// frame sets the points inside u to the present state, and hands that out. After an error it
// returns the result of the solution.
func (s *plain[T]) frame(ctx context.Context, u []T, scale scaling, p *progress, hand func(*State) error) (Result, error) {
	state := p.numbers(scale)
	passed := s.passed(p.state)
	var err error
	if state.Vectors, err = copies(ctx, passed[:]...); err != nil {
		return s.keep(ctx, u, scale, *p, err)
	}
	solution, residual, err := s.present(ctx, p.state)
	if err != nil {
		return s.keep(ctx, u, scale, *p, err)
	}
	unscale, width := T(1/scale.factor), s.finest().m+1
	for lo := width; lo < len(u)-width; lo += width { // the edges stay as they were given
		row := u[lo:][:width-1]
		for j, v := range solution[lo:][:width-1] {
			if j > 0 {
				row[j] = v * unscale
			}
		}
	}
	p.framed = true
	if err := hand(state); err != nil {
		q := *p
		q.residual = residual
		r, _ := q.result(scale, p.kept())
		return r, fmt.Errorf("after %d cycles, kept in u: %w", p.cycles, err)
	}
	return Result{}, nil
}

// ended returns the state after the last cycle.
func (p *progress) ended(scale scaling, factor float64) *State {
	s := p.numbers(scale)
	s.Ended, s.Factor = true, factor
	return s
}

// restoreProgress sets p to a state.
func (s *plain[T]) restoreProgress(p *progress, scale scaling, o Options) error {
	from, passed := o.From, s.passed(0)
	if err := from.fits(o, scale.largest, passed[:]...); err != nil {
		return err
	}
	if !from.Ended && from.Cycles == o.MaxCycles {
		return device.Invalidf("a state after %d cycles, which is not the last one, for a solution of up to %d", from.Cycles, o.MaxCycles)
	}
	p.cycles, p.first, p.residual, p.correction, p.stalled = from.Cycles, from.First, from.Residual, from.Correction, from.Stalled
	return nil
}

// upload sets what passes to the next cycle.
func (s *plain[T]) upload(ctx context.Context, from *State) error {
	passed := s.passed(0)
	return setVectors(ctx, from.Vectors, passed[:]...)
}
