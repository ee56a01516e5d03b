package hybrid

import (
	"cmp"
	"math"
	"slices"
	"time"

	"offload/device"
)

// key identifies a balance: launches of one kernel, of about one size.
type key struct {
	kernel *device.Kernel
	size   int // binary logarithm of the items
}

// balance is the division of launches of one kernel and size, with its measurements. It
// begins with a trial: some launches are split by measured rates; then each part that
// could be faster alone computes some alone. The last of each kind counts, because the
// data are in place by then. After the trial, launches are split if that gains enough,
// else the best part computes them alone. Trials are repeated at growing intervals.
type balance struct {
	kernel  *device.Kernel
	of      []rating // of each part
	refused error    // of the last part that refused the kernel
	items   float64  // of the last launch
	long    int      // number of launches in a row that were not brief, up to twice + 1

	split     float64 // seconds per item of split launches
	reference float64 // seconds per item of the best part alone, at the last decision

	trial      int   // launches of the trial so far
	candidates []int // parts to try alone
	settled    bool
	choice     int // index of the part that computes alone, or together
	since      int // launches since the choice, or since the trial
	again      int // launches until the next trial
	slow       int // number of launches in a row that took too long
}

// rating holds the measurements of a part in the launches of a balance.
type rating struct {
	usable  bool    // for the last launch
	without bool    // the part has refused the kernel
	cut     float64 // its share of split launches
	ideal   float64 // the ideal share, relative to those of the other parts
	rate    float64 // items per second of its pieces; 0: unknown
	alone   float64 // seconds per item of the part alone; 0: unknown
}

const (
	together  = -1      // choice: split
	splitting = 3       // split launches of a trial
	each      = 2       // launches of a trial for each part alone
	firstTry  = 1. / 16 // first share of a part of unknown rate, relative to the home's

	gain    = 0.9  // a split launch must take less than this fraction of the time alone,
	regret  = 0.95 // and is given up above this fraction,
	drift   = 2    // as is a part alone that becomes this much slower,
	several = 3    // in that many launches in a row

	retrial = 500 // launches between trials, at first
	early   = 50  // the same if the times differ
	doubt   = 0.3 // by less than this fraction
	adopted = 20  // the same if the choice was copied from another size
	alike   = 4   // largest difference of sizes for copying a balance

	tolerance = 1.03 // shares change only if the ideal ones are faster by this factor
	hesitance = 0.25 // weight of the latest measurement

	manyBalances = 1024 // after so many all are forgotten, so that a program with ever new kernels does not grow
)

// balanceOf returns the balance of launches of a kernel with the given number of items. A
// new one starts as a copy of that of the closest size, whose choice is soon tried again.
func (e *engine) balanceOf(kernel *device.Kernel, items float64) *balance {
	size := int(math.Log2(max(1, items)))
	if b := e.splits[key{kernel, size}]; b != nil {
		return b
	}
	near := &balance{kernel: kernel, of: make([]rating, len(e.parts))}
	for d := alike; d > 0; d-- {
		for _, s := range [...]int{size + d, size - d} {
			if b := e.splits[key{kernel, s}]; b != nil && b.trial > 0 {
				near = b
			}
		}
	}
	b := *near
	b.of, b.candidates = slices.Clone(near.of), slices.Clone(near.candidates)
	b.trial, b.since, b.slow, b.again = min(near.trial, 1), 0, 0, retrial
	if b.settled {
		b.again = adopted
	}
	if len(e.splits) >= manyBalances {
		clear(e.splits)
	}
	e.splits[key{kernel, size}] = &b
	return &b
}

// choose returns the choice for the next launch: the index of a part, or together.
func (b *balance) choose(home int) int {
	if b.settled && b.since >= b.again {
		if b.again *= 2; b.again == 2*adopted { // the choice was copied from another size
			b.again = retrial
		}
		b.trial, b.settled = 1, false // begins with the known rates
	}
	switch {
	case b.settled:
	case b.trial < splitting:
		b.choice = together
	default:
		b.choice = b.candidates[(b.trial-splitting)/each]
	}
	if b.choice == together {
		b.aim(home)
	}
	return b.choice
}

// learn records the times of the last launch.
func (b *balance) learn(parts []*part, wall time.Duration) {
	perItem := wall.Seconds() / b.items
	if b.settled && b.since == 0 { // the data are not in place yet
		perItem = 0
	}
	if b.choice == together {
		for i, p := range parts {
			if x := &b.of[i]; x.usable && !p.left() && p.took > 0 {
				x.rate = b.mean(x.rate, p.items/p.took.Seconds())
			}
		}
		b.split = b.mean(b.split, perItem)
	} else {
		x := &b.of[b.choice]
		x.alone = b.mean(x.alone, perItem)
	}
	if b.settled {
		b.since++
		b.review(perItem)
		return
	}
	switch b.trial++; b.trial {
	case splitting:
		b.nominate()
	case splitting + each*len(b.candidates):
		b.decide()
	}
}

// mean returns new during a trial, later a running mean. A new value of 0 is ignored.
func (b *balance) mean(old, new float64) float64 {
	switch {
	case new == 0:
		return old
	case !b.settled || old == 0:
		return new
	}
	return old + hesitance*(new-old)
}

// nominate sets the parts to try alone: those at least a third as fast as the fastest. A
// part may be faster on a whole launch than on a share.
func (b *balance) nominate() {
	fastest := 0.0
	for _, x := range b.of {
		if x.usable {
			fastest = max(fastest, x.rate)
		}
	}
	b.candidates = b.candidates[:0]
	for i, x := range b.of {
		if x.usable && x.rate >= fastest/3 {
			b.candidates = append(b.candidates, i)
		}
	}
}

// decide ends a trial with a choice.
func (b *balance) decide() {
	best := b.best()
	b.settled, b.since, b.choice, b.reference = true, 0, best, b.of[best].alone
	if b.of[best].cut < 1 && b.split < gain*b.reference {
		b.choice = together
	}
	if b.again == retrial && math.Abs(b.split/b.reference-1) < doubt {
		b.again = early // a disturbed measurement may have decided
	}
}

// best returns the fastest part alone.
func (b *balance) best() int {
	return slices.MinFunc(b.candidates, func(i, j int) int { return cmp.Compare(b.of[i].alone, b.of[j].alone) })
}

// review gives up a choice that does not pay any more: a split that took too long, or a
// part that became slow, in several launches in a row.
func (b *balance) review(perItem float64) {
	limit := drift * b.reference
	if b.choice == together {
		limit = regret * b.reference
	}
	if b.slow++; perItem <= limit {
		b.slow = 0
	}
	switch {
	case b.slow < several:
	case b.choice == together:
		b.choice, b.since, b.slow = b.best(), 0, 0
	default:
		b.trial, b.settled, b.slow = 1, false, 0
	}
}

// aim moves the shares towards equal times of all parts: at once during a trial, later
// halfway, and only if that gains enough.
func (b *balance) aim(home int) {
	known := 0.0
	for _, x := range b.of {
		if x.usable {
			known += x.rate
		}
	}
	if known == 0 {
		known = 1
	}
	sum, worst := 0.0, 0.0
	for i := range b.of {
		x := &b.of[i]
		switch {
		case !x.usable:
			x.ideal = 0
			continue
		case x.rate > 0:
			x.ideal = x.rate
		case i == home:
			x.ideal = known
		default:
			x.ideal = known * firstTry
		}
		sum += x.ideal
		worst = max(worst, x.cut/x.ideal)
	}
	for i := range b.of {
		switch x := &b.of[i]; {
		case !b.settled:
			x.cut = x.ideal / sum
		case worst*sum > tolerance:
			x.cut = (x.cut + x.ideal/sum) / 2
		}
	}
}
