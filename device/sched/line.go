package sched

import (
	"math"
	"slices"
)

// line predicts seconds from an amount of work: a start-up, and a time for each unit.
// It is fitted to measured points, and where these lie off the line, because
// hardware is faster with some sizes than with others, it is bent towards them.
type line struct {
	Points []point `json:"points"`

	start, perUnit float64   // fitted
	bend           []float64 // logarithm of measured over fitted, at each point
	updates        int       // samples so far
}

// point is the latest times measured near one amount. Points are sorted by amount.
type point struct {
	Amount  float64   `json:"amount"`
	Seconds []float64 `json:"seconds"`
	used    int       // updates of the line when it was measured last
}

const (
	samplesKept = 5  // of a point; their median is what counts
	pointsKept  = 48 // of a line; the one that was not used for longest goes
	sameAmount  = 1.06
)

// add takes a measured time and fits the line again.
func (l *line) add(amount, seconds float64) {
	if !(amount > 0) || math.IsInf(amount, 0) || math.IsInf(seconds, 0) || math.IsNaN(seconds) {
		return
	}
	seconds = max(seconds, 1e-9) // what a clock can tell
	l.updates++
	p := l.near(amount)
	p.used = l.updates
	p.Seconds = append(p.Seconds, seconds)
	if len(p.Seconds) > samplesKept {
		p.Seconds = slices.Delete(p.Seconds, 0, len(p.Seconds)-samplesKept)
	}
	if len(l.Points) > pointsKept {
		oldest := 0
		for i := range l.Points {
			if l.Points[i].used < l.Points[oldest].used {
				oldest = i
			}
		}
		l.Points = slices.Delete(l.Points, oldest, oldest+1)
	}
	l.fit()
}

// near is the point for an amount, a new one if none is close.
func (l *line) near(amount float64) *point {
	i, _ := slices.BinarySearchFunc(l.Points, amount/sameAmount, func(p point, a float64) int {
		if p.Amount < a {
			return -1
		}
		return 1
	})
	if i == len(l.Points) || l.Points[i].Amount > amount*sameAmount {
		l.Points = slices.Insert(l.Points, i, point{Amount: amount})
	}
	return &l.Points[i]
}

// known tells whether the line can predict.
func (l *line) known() bool { return l != nil && len(l.Points) > 0 }

// seconds is the prediction for an amount; l must be known.
func (l *line) seconds(amount float64) float64 {
	t := l.start + amount*l.perUnit
	last := len(l.Points) - 1
	switch {
	case amount <= l.Points[0].Amount:
		return t * math.Exp(l.bend[0])
	case amount >= l.Points[last].Amount:
		return t * math.Exp(l.bend[last])
	}
	i := 1
	for l.Points[i].Amount < amount {
		i++
	}
	a, b := l.Points[i-1].Amount, l.Points[i].Amount
	part := math.Log(amount/a) / math.Log(b/a)
	return t * math.Exp(l.bend[i-1]*(1-part)+l.bend[i]*part)
}

// fit makes the sum of the squared relative errors at the points least, with neither
// part below zero.
func (l *line) fit() {
	var s1, sa, saa, st, sat float64 // each weighed by 1/seconds²
	for _, p := range l.Points {
		t := middle(p.Seconds)
		w := 1 / (t * t)
		s1 += w
		sa += w * p.Amount
		saa += w * p.Amount * p.Amount
		st += w * t
		sat += w * p.Amount * t
	}
	det := s1*saa - sa*sa
	if det > 1e-9*s1*saa {
		l.start, l.perUnit = (saa*st-sa*sat)/det, (s1*sat-sa*st)/det
	} else {
		l.start, l.perUnit = 0, sat/saa
	}
	if l.start < 0 {
		l.start, l.perUnit = 0, sat/saa
	}
	if l.perUnit < 0 {
		l.start, l.perUnit = st/s1, 0
	}
	l.bend = l.bend[:0]
	for _, p := range l.Points {
		l.bend = append(l.bend, math.Log(middle(p.Seconds)/(l.start+p.Amount*l.perUnit)))
	}
}

// middle is the median of the samples, so that a few that were disturbed count for
// nothing.
func middle(samples []float64) float64 {
	var kept [samplesKept]float64
	s := kept[:copy(kept[:], samples)]
	slices.Sort(s)
	return s[len(s)/2]
}

// valid tells whether a line that was read from a file is one, and fits it.
func (l *line) valid() bool {
	if len(l.Points) == 0 || len(l.Points) > pointsKept {
		return false
	}
	last := 0.0
	for _, p := range l.Points {
		if !(p.Amount > last) || math.IsInf(p.Amount, 0) || len(p.Seconds) == 0 || len(p.Seconds) > samplesKept {
			return false
		}
		for _, t := range p.Seconds {
			if !(t > 0) || math.IsInf(t, 0) {
				return false
			}
		}
		last = p.Amount
	}
	l.fit()
	return true
}
