package multigrid

import (
	"offload/device"
)

// rowHalo returns the halo of a parameter: h rows, or all those of matrix shape if the
// scalar wrap is not 0.
func rowHalo(shape, wrap, h int) func(l *device.Launch) int {
	return func(l *device.Launch) int {
		if device.Scalar[int32](l, wrap) != 0 {
			return max(h, l.Args[shape].NumRows())
		}
		return h
	}
}

// networkOf returns the network of parameter coef for a launch on grids of the shape of
// parameter grid.
func networkOf[T device.Float](t *device.Tile, coef, grid, wrap int) *network[T] {
	cols := t.Width(grid)
	return newNetwork(device.View[T](t, coef), t.Args[grid].NumRows(), cols, t.Width(coef)/cols, device.Scalar[int32](t.Launch, wrap) == 1)
}

// networkCost returns the cost with one item for each point of parameter grid, of ops
// operations and so many bytes.
func networkCost(grid int, ops, bytes float64) func(l *device.Launch) device.Cost {
	return func(l *device.Launch) device.Cost {
		points := float64(l.Rows.Len()) * float64(l.Args[grid].Width)
		return device.Cost{Items: points, Ops: points * ops, Bytes: points * bytes}
	}
}

// checkNetwork refuses grids of different shapes, coefficients that do not match them,
// rows of results (unless results is −1) of another width, and a wrong scalar wrap.
func checkNetwork(l *device.Launch, coef, wrap, results, width int, grids ...int) error {
	first := l.Args[grids[0]]
	for _, g := range grids[1:] {
		if a := l.Args[g]; a.Width != first.Width || a.Len != first.Len {
			return device.Invalidf("kernel %s: %s has %d × %d values, %s %d × %d", l.Kernel.Name,
				l.Kernel.Params[grids[0]].Name, first.NumRows(), first.Width, l.Kernel.Params[g].Name, a.NumRows(), a.Width)
		}
	}
	if err := checkCoef(l, l.Args[coef], first); err != nil {
		return err
	}
	if results >= 0 && l.Args[results].Width != width {
		return device.Invalidf("kernel %s: rows of %s have %d elements, not %d",
			l.Kernel.Name, l.Kernel.Params[results].Name, l.Args[results].Width, width)
	}
	return checkWrap(l, wrap)
}

func checkCoef(l *device.Launch, c, grid device.Arg) error {
	if c.NumRows() != grid.NumRows() || c.Width != Planes4*grid.Width && c.Width != Planes8*grid.Width {
		return device.Invalidf("kernel %s: coef has %d × %d values for a grid of %d × %d",
			l.Kernel.Name, c.NumRows(), c.Width, grid.NumRows(), grid.Width)
	}
	return nil
}

func checkWrap(l *device.Launch, wrap int) error {
	if w := device.Scalar[int32](l, wrap); w != 0 && w != 1 {
		return device.Invalidf("kernel %s: wrap is %d, not 0 or 1", l.Kernel.Name, w)
	}
	return nil
}

func checkRestrict(l *device.Launch) error {
	u, f := l.Args[restrictU], l.Args[restrictF]
	if f.Width != u.Width || f.Len != u.Len {
		return device.Invalidf("kernel %s: u has %d × %d values, f %d × %d", l.Kernel.Name, u.NumRows(), u.Width, f.NumRows(), f.Width)
	}
	if err := checkCoef(l, l.Args[restrictCoef], u); err != nil {
		return err
	}
	if err := checkTransfer(l, restrictU, restrictOut, restrictWeights, restrictFine); err != nil {
		return err
	}
	if n := int(device.Scalar[int32](l, restrictCoarse)); l.Rows.Hi > n {
		return device.Invalidf("kernel %s: rows up to %d of %d coarse ones", l.Kernel.Name, l.Rows.Hi, n)
	}
	return nil
}

func checkProlong(l *device.Launch) error {
	return checkTransfer(l, prolongU, prolongC, prolongWeights, prolongFine)
}

// checkTransfer refuses shapes of a fine matrix, a coarse one and weights that do not
// match each other or the four scalars that begin with parameter scalars.
func checkTransfer(l *device.Launch, fine, coarse, weights, scalars int) error {
	if err := checkWrap(l, scalars+3); err != nil {
		return err
	}
	u, c, w := l.Args[fine], l.Args[coarse], l.Args[weights]
	axes := int(device.Scalar[int32](l, scalars+2))
	if axes < 1 || axes > HalveCols|HalveRows || axes&HalveRows != 0 && u.Width%2 != 0 {
		return device.Invalidf("kernel %s: axes is %d for rows of %d", l.Kernel.Name, axes, u.Width)
	}
	m := transferOf(l, scalars, u.Width, c.Width, nil)
	rows := u.NumRows()
	if m.axes&HalveRows != 0 {
		rows *= 2
	}
	if m.fine < 1 || m.fine > rows || m.coarse < 1 || m.coarse > c.NumRows() ||
		!halves(m.fine, m.coarse, axes&HalveRows != 0, m.wrap) || !halves(m.cols, m.coarseCols, axes&HalveCols != 0, true) {
		return device.Invalidf("kernel %s: %d of %d rows and %d columns on the fine grid, %d of %d and %d on the coarse one",
			l.Kernel.Name, m.fine, rows, m.cols, m.coarse, c.NumRows(), m.coarseCols)
	}
	if w.Width != WeightPlanes(axes)*m.width {
		return device.Invalidf("kernel %s: rows of weights have %d elements, not %d", l.Kernel.Name, w.Width, WeightPlanes(axes)*m.width)
	}
	return nil
}

// halves reports whether an axis of n points can have so many on the coarser grid.
func halves(n, coarse int, halved, wrap bool) bool {
	if !halved {
		return n == coarse
	}
	least := n / 2 // of an odd number: the last point at the first coarse one
	if n&1 == 1 && !wrap {
		least++
	}
	most := n/2 + 1
	return coarse >= max(least, 1) && coarse <= most
}
