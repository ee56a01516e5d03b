package flows

func gather[T Float](sum, before, same, after, r []T) { gatherFrom(0, sum, before, same, after, r) }

// gatherFrom is Gather for j ≥ first.
func gatherFrom[T Float](first int, sum, before, same, after, r []T) {
	for j := first; j < len(sum); j++ {
		s := sum[j]
		if j > 0 && 2*j-1 < len(r) {
			s += T(before[j-1] * r[2*j-1])
		}
		if 2*j < len(r) {
			s += T(same[j] * r[2*j])
		}
		if 2*j+1 < len(r) {
			s += T(after[j] * r[2*j+1])
		}
		sum[j] = s
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
