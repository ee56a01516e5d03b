package split

import (
	"math"

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
	skip    bool   // the launch teaches nothing

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
)

// manyBalances is the number of balances after which all are forgotten, so that a
// program that makes kernels without end does not grow.
const manyBalances = 1024

// balance is that of launches like l.
func (e *engine) balance(l *device.Launch) *balance {
	k := key{l.Kernel, int(math.Log2(max(1, device.CostOf(l).Items)))}
	b := e.splits[k]
	if b == nil {
		b = &balance{kernel: l.Kernel.Name, unit: l.Kernel.Unit, again: retrial}
		if near := e.near(k); near != nil {
			b.adopt(near)
		}
		e.mu.Lock()
		if len(e.splits) >= manyBalances {
			clear(e.splits)
		}
		e.splits[k] = b
		e.mu.Unlock()
	}
	return b
}

// near is the balance of the kernel whose size is closest, if any has learnt something.
func (e *engine) near(k key) *balance {
	for d := 1; d <= alike; d++ {
		for _, size := range [...]int{k.size - d, k.size + d} {
			if b := e.splits[key{k.kernel, size}]; b != nil && b.trial > 0 {
				return b
			}
		}
	}
	return nil
}

// adopt begins with what launches of another size have shown. What was chosen there is
// tried here before long.
func (b *balance) adopt(near *balance) {
	b.begin(len(near.usable))
	copy(b.seen, near.seen)
	copy(b.without, near.without)
	copy(b.rate, near.rate)
	copy(b.cut, near.cut)
	copy(b.alone, near.alone)
	b.refused, b.trial = near.refused, 1
	if near.settled {
		b.settled, b.choice, b.split, b.reference = true, near.choice, near.split, near.reference
		b.candidates = append(b.candidates, near.candidates...)
		b.adopted, b.again = true, adopted
	}
}

// begin makes room for n parts.
func (b *balance) begin(n int) {
	if b.usable == nil {
		b.usable, b.without, b.seen = make([]bool, n), make([]bool, n), make([]bool, n)
		b.share, b.cut = make([]float64, n), make([]float64, n)
		b.rate, b.alone = make([]float64, n), make([]float64, n)
	}
}

// refuse leaves part i out of launches of the kernel.
func (b *balance) refuse(i int, err error) {
	b.without[i] = true
	b.refused = err
}
