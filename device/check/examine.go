package check

import (
	"context"
	"math/rand/v2"
	"slices"

	"offload/device"
)

// matrices are the matrices of a launch, by argument; empty for scalars.
type matrices [device.MaxParams]device.Slice

// examination runs the code of a launch on copies of its data.
type examination struct {
	ctx     context.Context
	launch  *device.Launch
	data    matrices               // before the launch
	partial [device.MaxParams]bool // a part of the data could not be read
	want    matrices               // after the launch, by the contract
	work    matrices               // the data of a trial
	before  matrices               // work before the trial
}

func newExamination(ctx context.Context, l *device.Launch) *examination {
	own := device.Launch{Kernel: l.Kernel, Rows: l.Rows, Args: slices.Clone(l.Args)} // may be used by code that never returns
	return &examination{ctx: ctx, launch: &own}
}

// form is one form of a kernel's Go code: its contract, or host code.
type form struct {
	name string
	plan func(l *device.Launch, workers int, p *device.Plan) // nil: runs on tiles
	run  func(t *device.Tile)
}

// trial is one run of a form, for rows of a launch.
type trial struct {
	form    *form
	launch  *device.Launch // the examined launch, or one for rows only
	rows    device.Range
	workers int
	poison  int
}

// contract computes the expected results with the contract, and checks that they are well
// defined: in a second run, and with other values in the outputs before.
func (x *examination) contract() error {
	x.want, x.work, x.before = x.data.clone(), x.data.clone(), x.data.clone()
	t := &trial{form: &form{name: contract, run: x.launch.Kernel.Contract}, launch: x.launch, rows: x.launch.Rows}
	var results [5]matrices
	for n, poison := range [...]int{quiet, quiet, moderate, large, small} {
		t.poison = poison
		if err := x.execute(t, x.own(t)); err != nil {
			return x.ended(t, err)
		}
		if b := x.untouched(t); b != nil {
			return b
		}
		results[n] = x.work.clone()
	}
	if b := x.compare(t, Unsteady, &results[1], &results[0]); b != nil {
		return b
	}
	if b := x.depends(t, &results[0], &results[2]); b != nil {
		return b
	}
	for n := range results { // shows comparisons with previous content
		if b := x.compare(t, ReadsOutput, &results[n], &results[0]); b != nil {
			return b
		}
	}
	x.want = results[0]
	return x.tiles(t.form)
}

// host examines the forms of host code.
func (x *examination) host() error {
	for i := range x.launch.Kernel.Host {
		h := &x.launch.Kernel.Host[i]
		ready := h.Ready == nil
		if !ready {
			err := x.guard(func() error { ready = h.Ready(); return nil })
			if err != nil {
				return err
			}
		}
		if !ready {
			continue
		}
		f := &form{h.Name, h.Plan, h.Run}
		for _, workers := range [...]int{1, 2, 3, 7} {
			for _, poison := range readable {
				if err := x.try(&trial{f, x.launch, x.launch.Rows, workers, poison}); err != nil {
					return err
				}
			}
			if f.plan == nil {
				break
			}
		}
		if err := x.tiles(f); err != nil {
			return err
		}
	}
	return nil
}

// sizes are the sizes of tiles, in turn. For many rows they are multiplied by an odd
// number.
var sizes = [...]int{1, 2, 3, 5, 7}

const manyRows = 256

// contract is the form name of a contract.
const contract = "contract"

// tiles tries f on small tiles in a shuffled order, as pieces of the launch and as
// separate launches.
func (x *examination) tiles(f *form) error {
	var cut []device.Range
	rows := x.launch.Rows
	for lo := rows.Lo; lo < rows.Hi; {
		n := sizes[len(cut)%len(sizes)] * (rows.Len()/manyRows | 1)
		cut = append(cut, device.Range{Lo: lo, Hi: lo + min(n, rows.Hi-lo)})
		lo = cut[len(cut)-1].Hi
	}
	rand.New(rand.NewPCG(1, 2)).Shuffle(len(cut), func(i, j int) { cut[i], cut[j] = cut[j], cut[i] })
	for n, tile := range cut {
		alone := *x.launch
		alone.Rows = tile
		if err := x.guard(func() error { return device.Validate(&alone) }); err != nil {
			if x.ctx.Err() != nil {
				return x.ctx.Err()
			}
			b := x.broken(&trial{form: f, rows: tile}, RefusesRows)
			b.Err = err
			return b
		}
		for _, poison := range readable {
			if f.plan == nil {
				if err := x.try(&trial{f, x.launch, tile, 1, poison}); err != nil {
					return err
				}
			}
			if err := x.try(&trial{f, &alone, tile, 1 + n%3, poison}); err != nil {
				return err
			}
		}
	}
	return nil
}

// try runs t with all elements poisoned that it may not read, and explains a wrong
// result.
func (x *examination) try(t *trial) error {
	wrong, err := x.attempt(t, x.forbidden(t))
	switch {
	case x.ctx.Err() != nil:
		return x.ctx.Err()
	case wrong == nil && err == nil:
		return nil
	case wrong != nil && wrong.Breach != Differs:
		return wrong
	}
	return x.explain(t, wrong, err)
}

// attempt runs t with the given elements poisoned. It returns the fault of the results,
// or the error of the code.
func (x *examination) attempt(t *trial, poisoned places) (*Broken, error) {
	if err := x.execute(t, poisoned); err != nil {
		return nil, err
	}
	if b := x.untouched(t); b != nil {
		return b, nil
	}
	return x.compare(t, Differs, &x.work, &x.want), nil
}
