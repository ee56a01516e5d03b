package multigrid

import (
	"offload/device"
	"offload/internal/contract"
)

// transfer is the relation of a grid to the next coarser one.
type transfer struct {
	fine, coarse     int // rows in use
	cols, coarseCols int
	axes             int
	wrap             bool
	weights          []float32
	width            int // of a plane of weights
}

// transferOf takes the four scalars that begin with parameter first.
func transferOf(l *device.Launch, first, fineWidth, coarseCols int, weights []float32) transfer {
	m := transfer{
		fine: int(device.Scalar[int32](l, first)), coarse: int(device.Scalar[int32](l, first+1)),
		axes: int(device.Scalar[int32](l, first+2)), wrap: device.Scalar[int32](l, first+3) == 1,
		cols: fineWidth, coarseCols: coarseCols, weights: weights,
	}
	if m.axes&HalveRows != 0 {
		m.cols /= 2
	}
	m.width = m.cols
	if m.axes&HalveCols != 0 {
		m.width = (m.cols + 1) / 2
	}
	return m
}

// Which parent of a fine row a coarse row is.
const (
	parentSame  = iota // the fine row lies at the coarse one
	parentFirst        // parent a
	parentLast         // parent b
)

// children calls do for each fine row that has coarse row i as a parent, in the order in
// which they are added.
func (m *transfer) children(i int, do func(y, which int)) {
	if m.axes&HalveRows == 0 {
		do(i, parentSame)
		return
	}
	visit := func(y, which int) {
		if y >= 0 && y < m.fine {
			do(y, which)
		}
	}
	visit(2*i-1, parentLast)
	visit(2*i, parentSame)
	visit(2*i+1, parentFirst)
	if i == 0 && m.wrap {
		visit(2*m.coarse-1, parentLast)
		visit(2*m.coarse, parentSame)
	}
}

// planes returns the planes of weights of fine row y: at coarse columns, and after and
// before one. which is the parent in question.
func (m *transfer) planes(y, which int) (same, after, before []float32) {
	r, first, between := y, 0, 1
	if m.axes&HalveRows != 0 {
		r = y / 2
	}
	if which != parentSame {
		first = 1 + which - parentFirst
		if m.axes&HalveCols != 0 {
			first, between = 3+which-parentFirst, 5+2*(which-parentFirst)
		}
	}
	at := m.weights[r*WeightPlanes(m.axes)*m.width:]
	plane := func(k int) []float32 { return at[k*m.width:][:m.width] }
	if m.axes&HalveCols == 0 {
		return plane(first), nil, nil
	}
	return plane(first), plane(between), plane(between + 1)
}

// gather adds the weighted residuals r of fine row y to the coarse row sum.
func (m *transfer) gather(sum, r []float32, y, which int) {
	same, after, before := m.planes(y, which)
	if after == nil {
		for j := range sum {
			sum[j] += float32(same[j] * r[j])
		}
		return
	}
	n := m.cols
	for j := range sum {
		s := sum[j]
		if j > 0 {
			s += float32(before[j-1] * r[2*j-1])
		}
		if 2*j < n {
			s += float32(same[j] * r[2*j])
		}
		if 2*j+1 < n {
			s += float32(after[j] * r[2*j+1])
		}
		sum[j] = s
	}
	m.gatherEnd(sum, r, same, before)
}

// gatherEnd adds to the first coarse column what the last fine columns give it.
func (m *transfer) gatherEnd(sum, r, same, before []float32) {
	n, coarse := m.cols, m.coarseCols
	if x := 2*coarse - 1; x < n {
		sum[0] += float32(before[coarse-1] * r[x])
	}
	if x := 2 * coarse; x < n {
		sum[0] += float32(same[coarse] * r[x])
	}
}

// parent returns the index of coarse row i, which may be the one after the last: then it
// is the first if rows wrap, and else counts with weight 0.
func (m *transfer) parent(i int) int {
	switch {
	case i < m.coarse:
		return i
	case m.wrap:
		return i % m.coarse
	}
	return m.coarse - 1
}

// spread adds the correction to fine row u, number y, whose parents are a and b, for fine
// columns from 2·first on, or all if columns are not halved.
func (m *transfer) spread(u, a, b []float32, y, first int) {
	odd := m.axes&HalveRows != 0 && y&1 == 1
	if !odd {
		same, left, right := m.planes(y, parentSame)
		if left == nil {
			for j := range u {
				u[j] = settle(u[j] + float32(same[j]*a[j]))
			}
			return
		}
		for j, x := first, 2*first; x < len(u); j, x = j+1, x+2 {
			p, q := m.parentCols(j)
			u[x] = settle(u[x] + float32(same[j]*a[p]))
			if x+1 < len(u) {
				u[x+1] = settle(u[x+1] + (float32(left[j]*a[p]) + float32(right[j]*a[q])))
			}
		}
		return
	}
	sameA, leftA, rightA := m.planes(y, parentFirst)
	sameB, leftB, rightB := m.planes(y, parentLast)
	if leftA == nil {
		for j := range u {
			u[j] = settle(u[j] + (float32(sameA[j]*a[j]) + float32(sameB[j]*b[j])))
		}
		return
	}
	for j, x := first, 2*first; x < len(u); j, x = j+1, x+2 {
		p, q := m.parentCols(j)
		u[x] = settle(u[x] + (float32(sameA[j]*a[p]) + float32(sameB[j]*b[p])))
		if x+1 < len(u) {
			u[x+1] = settle(u[x+1] + ((float32(leftA[j]*a[p]) + float32(rightA[j]*a[q])) +
				(float32(leftB[j]*b[p]) + float32(rightB[j]*b[q]))))
		}
	}
}

// parentCols returns the coarse columns j and j + 1, which may be beyond the last.
func (m *transfer) parentCols(j int) (p, q int) {
	if p = j; p >= m.coarseCols {
		p -= m.coarseCols
	}
	if q = p + 1; q >= m.coarseCols {
		q = 0
	}
	return p, q
}

// settle returns v, or 0 if it is below the floor.
func settle(v float32) float32 {
	if magnitude(v) < contract.NetworkFloor32 {
		return 0
	}
	return v
}
