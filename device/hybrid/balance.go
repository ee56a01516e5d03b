package hybrid

import (
	"cmp"
	"math"
	"slices"
	"time"

	"offload/device"
)

// key is what a balance is kept for: launches of a kernel of about one size.
type key struct {
	kernel *device.Kernel
	size   int // binary logarithm of the items
}

// balance is how launches of one kernel and size are shared, and what came of it. It begins
// with a trial: some launches are split, by the rates that were measured; then each part
// that could be the better choice computes some alone. The last of each kind counts, since
// the data are in place by then. From then on launches are split if that gains enough, else
// the best part has them alone. Trials come back, ever more rarely.
type balance struct {
	kernel  *device.Kernel
	of      []rating // of each part
	refused error    // of the last part that refused the kernel
	items   float64  // of the last launch
	long    int      // launches in a row that were not brief, or more than twice

	split     float64 // seconds per item of launches that are split
	reference float64 // the same of the best part alone, when last decided

	trial      int   // launches of the trial so far
	candidates []int // parts that are tried alone
	settled    bool
	choice     int // part that computes alone, or together
	since      int // launches since that was chosen, or since the trial
	again      int // launches after which the next trial begins
	slow       int // launches in a row that took too long
}

// rating is what is known of a part in the launches of a balance.
type rating struct {
	usable  bool    // in the last launch
	without bool    // it has refused the kernel
	cut     float64 // its share of launches that are split
	ideal   float64 // what that would be, with those of other parts in proportion
	rate    float64 // items per second of its pieces; 0: unknown
	alone   float64 // seconds per item of the part alone; 0: unknown
}

const (
	together  = -1      // the choice to split
	splitting = 3       // launches of a trial that are split
	each      = 2       // launches of a trial for each part alone
	firstTry  = 1. / 16 // share of a part of unknown rate, of the home's

	gain    = 0.9  // a split launch must take less than this part of the time alone
	regret  = 0.95 // and is given up above this part,
	drift   = 2    // as is a part alone that became this much slower,
	several = 3    // in that many launches in a row

	retrial = 500 // launches between trials at first
	early   = 50  // the same, where the times differ
	doubt   = 0.3 // by no more than this part
	adopted = 20  // the same, where the choice is that of another size
	alike   = 4   // differences of sizes that say something of each other

	tolerance = 1.03 // a share is left as it is if the ideal one is no better than this
	hesitance = 0.25 // weight of the newest measurement

	manyBalances = 1024 // after so many all are forgotten, so that a program with ever new kernels does not grow
)

// balanceOf returns the balance of launches of a kernel with so many items. A new one
// begins with what the closest size has shown; what was chosen there is tried before long.
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

// choose decides who computes the next launch: a part, or together.
func (b *balance) choose(home int) int {
	if b.settled && b.since >= b.again {
		if b.again *= 2; b.again == 2*adopted { // the choice was that of another size
			b.again = retrial
		}
		b.trial, b.settled = 1, false // begins with the rates that are known
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

// learn takes in the times of the last launch.
func (b *balance) learn(parts []*part, wall time.Duration) {
	perItem := wall.Seconds() / b.items
	if b.settled && b.since == 0 { // not what it will take once the data are in place
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

// mean is the new value during a trial, later a running mean. A new value of 0 says nothing.
func (b *balance) mean(old, new float64) float64 {
	switch {
	case new == 0:
		return old
	case !b.settled || old == 0:
		return new
	}
	return old + hesitance*(new-old)
}

// nominate lists the parts that may be the best alone: those that are at least a
// third as fast as the fastest. A part may be faster on a whole than on a share.
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

// decide ends a trial.
func (b *balance) decide() {
	best := b.best()
	b.settled, b.since, b.choice, b.reference = true, 0, best, b.of[best].alone
	if b.of[best].cut < 1 && b.split < gain*b.reference {
		b.choice = together
	}
	if b.again == retrial && math.Abs(b.split/b.reference-1) < doubt {
		b.again = early // a disturbed measurement may have turned the scale
	}
}

// best is the fastest part alone.
func (b *balance) best() int {
	return slices.MinFunc(b.candidates, func(i, j int) int { return cmp.Compare(b.of[i].alone, b.of[j].alone) })
}

// review gives up what does not pay any more: a split that has taken too long, or a
// part that has become slow, in several launches one after another.
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

// aim moves the shares to where all parts would need the same time: at once during
// a trial, later by half of the way and only if it matters.
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
