package split

import "math"

// aim moves the shares to where all parts would need the same time: at once during
// a trial, later by half of the way and only if it matters.
func (b *balance) aim(home int) {
	known, sum := 0.0, 0.0
	for i, u := range b.usable {
		if u {
			known += b.rate[i]
		}
	}
	if known == 0 {
		known = 1
	}
	target := func(i int) float64 {
		switch {
		case !b.usable[i]:
			return 0
		case b.rate[i] > 0:
			return b.rate[i]
		case i == home:
			return known
		}
		return known * firstTry
	}
	worst := 0.0
	for i := range b.cut {
		sum += target(i)
		if r := target(i); r > 0 {
			worst = max(worst, b.cut[i]/r)
		} else if b.cut[i] > 0 {
			worst = math.Inf(1)
		}
	}
	total := 0.0
	for _, s := range b.cut {
		total += s
	}
	if b.settled && worst*sum <= tolerance*total {
		return
	}
	for i := range b.cut {
		t := target(i) / sum
		if b.settled && total > 0 {
			t = (t + b.cut[i]/total) / 2
		}
		b.cut[i] = t
	}
}
