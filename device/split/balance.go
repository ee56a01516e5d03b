package split

import (
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

// balance is how launches of one kernel and size are shared, and what came of it.
//
// It begins with a trial: three launches are split, the second and third by the
// rates that were measured; then each part that could be the better choice computes
// two launches alone. The last of each kind counts, since the data are in place by
// then. From then on launches are split if that gains ten per cent, else the best
// part has them alone. There is another trial after some hundreds of launches, earlier
// where the choice was close, and each time after twice as many.
type balance struct {
	kernel string
	unit   string

	usable  []bool
	without []bool // parts that refused the kernel
	refused error
	seen    []bool // usable in the launch before
	skip    bool   // the launch teaches nothing of the parts
	long    int    // launches in a row that were not brief, up to twice

	share []float64 // of each part, in the next launch
	cut   []float64 // the same in launches that are split
	rate  []float64 // items per second of each part's pieces; 0: unknown
	split float64   // seconds per item of launches that are split
	alone []float64 // seconds per item of each part alone; 0: unknown
	items float64   // of the last launch

	reference float64 // seconds per item of the best part alone, when last decided

	trial      int   // launches of the trial so far
	candidates []int // parts that are tried alone
	settled    bool
	choice     int  // part that computes alone, or together
	since      int  // launches since the trial
	again      int  // launches after which the next trial begins
	slow       int  // launches in a row that took too long
	adopted    bool // the choice is that of launches of another size
	moved      bool // the choice is another than in the launch before
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

func newBalance(k *device.Kernel, parts int) *balance {
	numbers := func() []float64 { return make([]float64, parts) }
	flags := func() []bool { return make([]bool, parts) }
	return &balance{kernel: k.Name, unit: k.Unit, again: retrial, usable: flags(), without: flags(), seen: flags(),
		share: numbers(), cut: numbers(), rate: numbers(), alone: numbers()}
}

// adopt begins with what launches of another size have shown. What was chosen there is
// tried here before long.
func (b *balance) adopt(near *balance) {
	copy(b.seen, near.seen)
	copy(b.without, near.without)
	copy(b.rate, near.rate)
	copy(b.cut, near.cut)
	copy(b.alone, near.alone)
	b.refused, b.trial, b.long = near.refused, 1, near.long
	if near.settled {
		b.settled, b.choice, b.split, b.reference = true, near.choice, near.split, near.reference
		b.candidates = append(b.candidates, near.candidates...)
		b.adopted, b.again = true, adopted
	}
}

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
		b.trial, b.settled = 1, false // begins with the rates that are known
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
			if !p.left() && p.took > 0 {
				rate := p.items / p.took.Seconds()
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
		if b.usable[i] && r >= fastest/3 {
			b.candidates = append(b.candidates, i)
		}
	}
}

// decide ends a trial.
func (b *balance) decide() {
	b.settled, b.since = true, 0
	b.choice = b.best()
	b.reference = b.alone[b.choice]
	others := b.usable[slices.Index(b.usable, true)+1:]
	if b.split < gain*b.reference && slices.Contains(others, true) {
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
		b.trial, b.settled = 1, false
	}
}

// aim moves the shares to where all parts would need the same time: at once during
// a trial, later by half of the way and only if it matters.
func (b *balance) aim(home int) {
	known, sum, total, worst := 0.0, 0.0, 0.0, 0.0
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
	for i, s := range b.cut {
		r := target(i)
		sum += r
		total += s
		if r > 0 {
			worst = max(worst, s/r)
		} else if s > 0 {
			worst = math.Inf(1)
		}
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

// limit is how long a part may be silent in a launch for which so many bytes are brought.
// Where nothing is known of it the others show.
func (b *balance) limit(p *part, bytes int) time.Duration {
	if b.rate[p.index] == 0 {
		return forever
	}
	seconds := min(late*p.items/b.rate[p.index], forever.Seconds()/2)
	return max(transferTime(bytes), time.Duration(seconds*float64(time.Second)))
}
