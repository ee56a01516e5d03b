package sweep

// Row is one sweep over one row of at least three points, whose first and last
// keep their values. Dst may be up.
type Row[T Float] func(dst, up, mid, down []T, cx, cy T)

// Plain is the form without vectors for the update of row.
func Plain[T Float](row Row[T]) Form[T] {
	rows := Rows[T](row.rows)
	return Form[T]{
		Lanes:    1,
		MinWidth: 3,
		Rows:     rows,
		Quick:    func(T, T) Rows[T] { return rows },
		Signed:   true,
		Pack:     func(dst, _, _, tail, _ []T) { copy(dst, tail) },
		Unpack:   func(_, _, tail, src []T) { copy(tail, src) },
		Squares:  squares[T],
		Segments: segments[T],
		Prefetch: func([]T) {},
	}
}

// rows applies the row to rows that are not packed. The floor is the row's own.
func (row Row[T]) rows(buf []T, at []int32, n, _ int, cx, cy, _ T) {
	for j := range len(at) - 2 {
		up, mid, down := buf[at[j]:][:n], buf[at[j+1]:][:n], buf[at[j+2]:][:n]
		row(up, up, mid, down, cx, cy)
	}
}

func squares[T Float](lanes, last, before []T, floor T) {
	lanes, before = lanes[:2*ResidualLanes], before[:len(last)]
	clear(lanes)
	sums, largest := lanes[:ResidualLanes], lanes[ResidualLanes:]
	for j := range len(last) &^ (ResidualLanes - 1) {
		d := last[j] - before[j]
		if s := T(d * d); !(s < floor) {
			sums[j%ResidualLanes] += s
		}
		if d < 0 {
			d = -d
		}
		if d > largest[0] {
			largest[0] = d
		}
	}
}

func segments[T Float](sums, last, before []T, floor T) (largest T) {
	var lanes [2 * ResidualLanes]T
	for i := range sums {
		squares(lanes[:], last[i*Segment:][:Segment], before[i*Segment:][:Segment], floor)
		for n := ResidualLanes / 2; n > 0; n /= 2 {
			for l := range n {
				lanes[l] += lanes[l+n]
			}
		}
		sums[i] = lanes[0]
		largest = max(largest, lanes[ResidualLanes])
	}
	return largest
}
