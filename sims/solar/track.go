package solar

import "math"

// Track records where bodies went, for a picture: at most a few thousand points each. When it is full it forgets
// every other point and records half as often.
type Track struct {
	names  []string
	points [][][2]float64 // of each body, in the plane of the ecliptic, au
	every  int            // steps for each point
	steps  int
}

const trackLimit = 16384

// obliquity of the ecliptic at J2000, IAU 1976: 84381.448".
const obliquity = 84381.448 / 3600 * math.Pi / 180

// NewTrack begins a track at the state of sim.
func NewTrack(sim *Simulation) *Track {
	t := &Track{names: sim.names, points: make([][][2]float64, len(sim.names)), every: 1}
	t.Add(sim)
	return t
}

// Add records the state of sim. It is meant to be called after every step.
func (t *Track) Add(sim *Simulation) {
	t.steps++
	if (t.steps-1)%t.every != 0 {
		return
	}
	sin, cos := math.Sincos(obliquity)
	for i := range t.points {
		x := sim.phase.X[3*i:][:3]
		t.points[i] = append(t.points[i], [2]float64{x[0], x[1]*cos + x[2]*sin})
	}
	if len(t.points) > 0 && len(t.points[0]) >= trackLimit {
		t.thin()
	}
}

// thin forgets every other point.
func (t *Track) thin() {
	t.every *= 2
	for i, p := range t.points {
		for j := range len(p) / 2 {
			p[j] = p[2*j]
		}
		t.points[i] = p[:len(p)/2]
	}
}

// extent is the largest distance of body i from the origin.
func (t *Track) extent(i int) float64 {
	largest := 0.0
	for _, p := range t.points[i] {
		largest = max(largest, math.Hypot(p[0], p[1]))
	}
	return largest
}
