package sched

import (
	"cmp"
	"math"
	"slices"
)

// costModel predicts seconds from an amount of work: a start-up time and a time per unit,
// fitted to measured points. Near points that lie off the line, because hardware is
// faster at some sizes than at others, the prediction is bent towards them.
type costModel struct {
	Points []point `json:"points"`

	start, perUnit float64 // fitted
	bends          []bend
	updates        int // number of samples so far
}

// bend is the deviation of a point from the line: log(measured/fitted).
type bend struct{ amount, off float64 }

// point holds the latest times measured near one amount. Points are sorted by amount.
type point struct {
	Amount  float64   `json:"amount"`
	Seconds []float64 `json:"seconds"`
	used    int       // value of updates at the last measurement
}

const (
	samplesKept = 8  // of a point
	pointsKept  = 48 // of a line; the least recently used is dropped
	sameAmount  = 1.06
	// enough is the number of samples for a point to count, if any point has as many: a
	// single sample may be the first run of cold code.
	enough = 3
)

// add adds a measured time and fits the line again.
func (l *costModel) add(amount, seconds float64) {
	if !(amount > 0) || math.IsInf(amount, 0) || math.IsInf(seconds, 0) || math.IsNaN(seconds) {
		return
	}
	seconds = max(seconds, 1e-9) // resolution of a clock
	l.updates++
	p := l.near(amount)
	p.used = l.updates
	p.Seconds = append(p.Seconds, seconds)
	if len(p.Seconds) > samplesKept {
		p.Seconds = slices.Delete(p.Seconds, 0, 1)
	}
	if len(l.Points) > pointsKept {
		oldest := slices.MinFunc(l.Points, func(a, b point) int { return a.used - b.used }).Amount
		l.Points = slices.DeleteFunc(l.Points, func(p point) bool { return p.Amount == oldest })
	}
	l.fit()
}

// near returns the point for an amount, a new one if none is close.
func (l *costModel) near(amount float64) *point {
	i, _ := slices.BinarySearchFunc(l.Points, amount/sameAmount, func(p point, a float64) int { return cmp.Compare(p.Amount, a) })
	if i == len(l.Points) || l.Points[i].Amount > amount*sameAmount {
		l.Points = slices.Insert(l.Points, i, point{Amount: amount})
	}
	return &l.Points[i]
}

// known reports whether the line can predict.
func (l *costModel) known() bool { return l != nil && len(l.Points) > 0 }

// seconds returns the prediction for an amount; l must be known.
func (l *costModel) seconds(amount float64) float64 {
	var off float64
	i := slices.IndexFunc(l.bends, func(b bend) bool { return b.amount >= amount })
	switch i {
	case -1:
		off = l.bends[len(l.bends)-1].off
	case 0:
		off = l.bends[0].off
	default:
		a, b := l.bends[i-1], l.bends[i]
		part := math.Log(amount/a.amount) / math.Log(b.amount/a.amount)
		off = a.off*(1-part) + b.off*part
	}
	return (l.start + amount*l.perUnit) * math.Exp(off)
}

// trusted returns the amounts and typical times of the points that count.
func (l *costModel) trusted() (amounts, seconds []float64) {
	for _, least := range []int{enough, 1} {
		for _, p := range l.Points {
			if len(p.Seconds) >= least {
				amounts, seconds = append(amounts, p.Amount), append(seconds, typical(p.Seconds))
			}
		}
		if len(amounts) > 0 {
			break
		}
	}
	return amounts, seconds
}

// fit minimises the sum of the squared relative errors at the points, with start and
// perUnit at least 0.
func (l *costModel) fit() {
	amounts, seconds := l.trusted()
	var s1, sa, saa, st, sat float64 // weighted by 1/seconds²
	for i, a := range amounts {
		t := seconds[i]
		w := 1 / (t * t)
		s1 += w
		sa += w * a
		saa += w * a * a
		st += w * t
		sat += w * a * t
	}
	l.start, l.perUnit = 0, sat/saa
	if det, start := s1*saa-sa*sa, saa*st-sa*sat; det > 1e-9*s1*saa && start >= 0 {
		l.start, l.perUnit = start/det, (s1*sat-sa*st)/det
	}
	if l.perUnit < 0 {
		l.start, l.perUnit = st/s1, 0
	}
	l.bends = l.bends[:0]
	for i, a := range amounts {
		l.bends = append(l.bends, bend{a, math.Log(seconds[i] / (l.start + a*l.perUnit))})
	}
}

// typical returns the second lowest of the samples, or the lowest of up to four, because
// disturbances only ever lengthen a measurement.
func typical(samples []float64) float64 {
	var kept [samplesKept]float64
	s := kept[:copy(kept[:], samples)]
	slices.Sort(s)
	return s[(len(s)-1)/4]
}

// valid reports whether a line read from JSON, which has no NaN or infinity, is valid,
// and fits it.
func (l *costModel) valid() bool {
	if l == nil || len(l.Points) == 0 || len(l.Points) > pointsKept {
		return false
	}
	last := 0.0
	for _, p := range l.Points {
		if p.Amount <= last || len(p.Seconds) == 0 || len(p.Seconds) > samplesKept || slices.Min(p.Seconds) <= 0 {
			return false
		}
		last = p.Amount
	}
	l.fit()
	return true
}
