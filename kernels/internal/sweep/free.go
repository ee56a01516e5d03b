package sweep

// FreeSweeps is the number of sweeps, at most the given one, after which no value
// that has come of values of at least least, or zero, is below the floor and not
// zero. So many sweeps may use Free.
//
// A sweep cannot make the least value above zero smaller than by the least weight
// of its formula: the values are not negative, rounding keeps their order, and the
// worst place is one whose other neighbours are zero. The margin is for the
// rounding of the products.
func (f *Form[T]) FreeSweeps(least, floor, cx, cy T, most int) int {
	if f.Free == nil {
		return 0
	}
	const margin = 0x1p-20
	weight := min(cx, cy)
	if f.Update == Heat {
		weight = min(weight, 1-T(2*cx)-T(2*cy)-margin)
	}
	weight *= 1 - margin
	n := 0
	for n < most && least*weight >= floor {
		least *= weight
		n++
	}
	return n
}
