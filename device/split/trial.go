package split

import (
	"slices"
	"time"

	"offload/device"
)

// arrange sets the shares of the next launch.
func (b *balance) arrange(home int) {
	if !slices.Equal(b.usable, b.seen) {
		copy(b.seen, b.usable)
		b.trial, b.settled = 0, false
	}
	if b.settled && b.since >= b.again {
		if b.again *= 2; b.adopted {
			b.again, b.adopted = retrial, false
		}
		b.restart()
	}
	before := b.choice
	switch {
	case b.settled:
	case b.trial < splitting:
		b.choice = together
	default:
		b.choice = b.candidates[(b.trial-splitting)/each]
	}
	b.moved = b.choice != before || b.since == 0
	if b.choice != together {
		clear(b.share)
		b.share[b.choice] = 1
		return
	}
	b.aim(home)
	copy(b.share, b.cut)
}

// restart begins a trial with the rates that are known.
func (b *balance) restart() { b.trial, b.settled = 1, false }

// learn takes in the times of a launch.
func (b *balance) learn(parts []*part, wall time.Duration, items float64) {
	if b.skip || items <= 0 || !slices.Equal(b.usable, b.seen) {
		return
	}
	b.items = items
	perItem := wall.Seconds() / items
	if b.settled && b.moved { // not what it will take once the data are in place
		perItem = 0
	}
	switch {
	case b.choice != together && perItem > 0:
		b.alone[b.choice] = b.mean(b.alone[b.choice], perItem)
	case b.choice == together:
		for _, p := range parts {
			if p.took > 0 && p.lost() == nil {
				rate := device.CostOf(&p.launch).Items / p.took.Seconds()
				b.rate[p.index] = b.mean(b.rate[p.index], rate)
			}
		}
		if perItem > 0 {
			b.split = b.mean(b.split, perItem)
		}
	}
	if b.settled {
		b.since++
		b.review(perItem)
		return
	}
	if b.trial++; b.trial == splitting {
		b.nominate()
	}
	if b.trial >= splitting && b.trial-splitting == each*len(b.candidates) {
		b.decide()
	}
}

// mean is the new value during a trial, later a running mean.
func (b *balance) mean(old, new float64) float64 {
	if !b.settled || old == 0 {
		return new
	}
	return old + hesitance*(new-old)
}

// nominate lists the parts that may be the best alone: those that are at least a
// third as fast as the fastest. A part may be faster on a whole than on a share.
func (b *balance) nominate() {
	fastest := 0.0
	for i, r := range b.rate {
		if b.usable[i] {
			fastest = max(fastest, r)
		}
	}
	b.candidates = b.candidates[:0]
	for i, r := range b.rate {
		if b.usable[i] && (r >= fastest/3) {
			b.candidates = append(b.candidates, i)
		}
	}
}

// decide ends a trial.
func (b *balance) decide() {
	b.settled, b.since = true, 0
	b.choice = b.best()
	b.reference = b.alone[b.choice]
	if b.split < gain*b.reference && b.count() > 1 {
		b.choice = together
	}
	if r := b.split / b.reference; b.again == retrial && r > 1-doubt && r < 1+doubt {
		b.again = early // a disturbed measurement may have turned the scale
	}
}

// best is the fastest part alone.
func (b *balance) best() int {
	best := b.candidates[0]
	for _, i := range b.candidates {
		if b.alone[i] < b.alone[best] {
			best = i
		}
	}
	return best
}

// count is the number of parts that are usable.
func (b *balance) count() (n int) {
	for _, u := range b.usable {
		if u {
			n++
		}
	}
	return n
}

// review gives up what does not pay any more: a split that has taken too long, or a
// part that has become slow, in several launches one after another.
func (b *balance) review(perItem float64) {
	limit := drift * b.reference
	if b.choice == together {
		limit = regret * b.reference
	}
	if perItem <= limit {
		b.slow = 0
		return
	}
	if b.slow++; b.slow < several {
		return
	}
	b.slow = 0
	if b.choice == together {
		b.choice, b.since = b.best(), 0
	} else {
		b.restart()
	}
}
