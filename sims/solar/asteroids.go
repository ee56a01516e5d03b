package solar

import (
	"bytes"
	_ "embed"
	"fmt"
)

//go:embed data/asteroids.csv
var asteroidsCSV []byte

//go:embed data/de405_j2000.csv
var de405CSV []byte

// massiveAsteroids is the number of asteroids, the first in the table, that act on all bodies.
const massiveAsteroids = 3

// DE405 returns the bodies of J2000 with states for NewDE. They differ by some metres, and metres a day, from those of
// J2000, whose velocities have the error of derivatives of JPL's polynomials (data/README.md).
func DE405() (*System, error) {
	sys, err := ReadBodies(bytes.NewReader(de405CSV))
	if err != nil {
		return nil, fmt.Errorf("embedded states for the model de: %w", err)
	}
	return sys, nil
}

// withAsteroids returns a copy of sys with the asteroids that it lacks, and the GM of those that have no mass there, which
// are last.
func withAsteroids(sys *System, sun int) (full *System, minor []float64, err error) {
	table, err := ReadBodies(bytes.NewReader(asteroidsCSV))
	if err != nil {
		return nil, nil, fmt.Errorf("embedded asteroids: %w", err)
	}
	full = &System{Epoch: sys.Epoch, Bodies: append([]Body(nil), sys.Bodies...)}
	for i, b := range table.Bodies {
		if sys.Index(b.Name) >= 0 {
			continue
		}
		for k := range 3 {
			b.X[k] += sys.Bodies[sun].X[k]
			b.V[k] += sys.Bodies[sun].V[k]
		}
		if i >= massiveAsteroids {
			minor = append(minor, b.GM)
			b.GM = 0
		}
		full.Bodies = append(full.Bodies, b)
	}
	return full, minor, nil
}
