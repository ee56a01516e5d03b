package solar

import (
	"bytes"
	_ "embed"
	"fmt"
)

//go:embed data/solar_system_j2000.csv
var j2000CSV []byte

//go:embed data/solar_system_check.csv
var checkCSV []byte

// J2000 returns the Sun, the planets, the Moon and Pluto at JD 2451545.0 TDB, from JPL's DE405 (data/README.md).
func J2000() (*System, error) {
	sys, err := ReadBodies(bytes.NewReader(j2000CSV))
	if err != nil {
		return nil, fmt.Errorf("embedded J2000 state: %w", err)
	}
	return sys, nil
}

// Reference returns DE405's states of the same bodies 10 days, 1, 10 and 30 years after J2000, in that order.
func Reference() ([]Snapshot, error) {
	snaps, err := ReadStates(bytes.NewReader(checkCSV))
	if err != nil {
		return nil, fmt.Errorf("embedded reference states: %w", err)
	}
	return snaps, nil
}
