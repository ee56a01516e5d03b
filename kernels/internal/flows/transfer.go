package flows

// vector is the number of elements of which routines for transfers compute multiples.
const vector = 8

// Gather adds before[j−1]·r[2j−1], same[j]·r[2j] and after[j]·r[2j+1] to each sum[j],
// without what would be outside r.
func (f *Form[T]) Gather(sum, before, same, after, r []T) {
	// From the second column on, all terms are there, up to the last columns.
	n := (min(len(sum), len(r)/2) - 1) &^ (vector - 1)
	if f.gather == nil || n <= 0 {
		gather(0, sum, before, same, after, r)
		return
	}
	gather(0, sum[:1], before, same, after, r)
	_, _, _ = before[n], same[n], after[n]
	f.gather(&sum[1], &before[1], &same[1], &after[1], &r[2], n)
	gather(n+1, sum, before, same, after, r)
}

// Spread adds same[j]·a[j] to u[2j] and left[j]·a[j] + right[j]·a[j+1] to u[2j+1], of
// which there are as many of each, and flushes both.
func (f *Form[T]) Spread(u, a, same, left, right []T) {
	n := 0
	if f.spread != nil {
		n = len(u) / 2 &^ (vector - 1)
	}
	if n > 0 {
		_, _, _, _ = a[n], same[n-1], left[n-1], right[n-1]
		f.spread(&u[0], &a[0], &same[0], &left[0], &right[0], n)
	}
	spread(u[2*n:], a[n:], same[n:], left[n:], right[n:])
}

// SpreadBetween is Spread with two rows a and b, whose contributions are added first.
func (f *Form[T]) SpreadBetween(u, a, b, sameA, leftA, rightA, sameB, leftB, rightB []T) {
	n := 0
	if f.spreadBetween != nil {
		n = len(u) / 2 &^ (vector - 1)
	}
	if n > 0 {
		_, _, _, _ = a[n], sameA[n-1], leftA[n-1], rightA[n-1]
		_, _, _, _ = b[n], sameB[n-1], leftB[n-1], rightB[n-1]
		f.spreadBetween(&u[0], &a[0], &b[0], &sameA[0], &leftA[0], &rightA[0], &sameB[0], &leftB[0], &rightB[0], n)
	}
	spreadBetween(u[2*n:], a[n:], b[n:], sameA[n:], leftA[n:], rightA[n:], sameB[n:], leftB[n:], rightB[n:])
}

// gather is Gather for j ≥ first.
func gather[T Float](first int, sum, before, same, after, r []T) {
	add := func(j int) {
		if j > 0 && 2*j-1 < len(r) {
			sum[j] += T(before[j-1] * r[2*j-1])
		}
		if 2*j < len(r) {
			sum[j] += T(same[j] * r[2*j])
		}
		if 2*j+1 < len(r) {
			sum[j] += T(after[j] * r[2*j+1])
		}
	}
	j := first
	if j == 0 && len(sum) > 0 {
		add(0)
		j = 1
	}
	for ; j < min(len(sum), len(r)/2); j++ { // all terms are there
		sum[j] = sum[j] + T(before[j-1]*r[2*j-1]) + T(same[j]*r[2*j]) + T(after[j]*r[2*j+1])
	}
	for ; j < len(sum); j++ {
		add(j)
	}
}

func flush[T Float](dst []T) {
	floor := floor[T]()
	for j, v := range dst {
		dst[j] = flushed(v, floor)
	}
}

func spread[T Float](u, a, same, left, right []T) {
	n, floor := len(u)/2, floor[T]()
	same, left, right, next := same[:n], left[:n], right[:n], a[1:][:n]
	a = a[:n]
	for j := range a {
		if len(u) < 2 {
			return
		}
		u[0] = flushed(u[0]+T(same[j]*a[j]), floor)
		u[1] = flushed(u[1]+(T(left[j]*a[j])+T(right[j]*next[j])), floor)
		u = u[2:]
	}
}

func spreadBetween[T Float](u, a, b, sameA, leftA, rightA, sameB, leftB, rightB []T) {
	n, floor := len(u)/2, floor[T]()
	nextA, nextB := a[1:][:n], b[1:][:n]
	a, b, sameA, sameB = a[:n], b[:n], sameA[:n], sameB[:n]
	leftA, leftB, rightA, rightB = leftA[:n], leftB[:n], rightA[:n], rightB[:n]
	for j := range a {
		if len(u) < 2 {
			return
		}
		u[0] = flushed(u[0]+(T(sameA[j]*a[j])+T(sameB[j]*b[j])), floor)
		u[1] = flushed(u[1]+((T(leftA[j]*a[j])+T(rightA[j]*nextA[j]))+(T(leftB[j]*b[j])+T(rightB[j]*nextB[j]))), floor)
		u = u[2:]
	}
}
