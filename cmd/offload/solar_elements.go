package main

import (
	"fmt"
	"io"

	"offload/sims/solar"
)

// orbitReport has the elements of a body's orbit about its primary; angles are of the ecliptic of J2000.
type orbitReport struct {
	Body    string `json:"body"`
	Primary string `json:"primary"`
	A       real   `json:"a_au"`
	Q       real   `json:"q_au"`
	E       real   `json:"e"`
	I       real   `json:"i_deg"`
	Node    real   `json:"node_deg"`
	Peri    real   `json:"peri_deg"`
	M       real   `json:"M_deg"`
	Period  real   `json:"period_d"`
}

// orbitsOf returns the elements of all bodies that have a primary.
func orbitsOf(s solar.Snapshot) []orbitReport {
	var all []orbitReport
	for _, o := range solar.Orbits(s) {
		all = append(all, orbitReport{
			o.Name, o.Primary, real(o.A), real(o.Q), real(o.E), real(o.I), real(o.Node), real(o.Peri), real(o.M), real(o.Period),
		})
	}
	return all
}

// writeOrbits writes the elements as a table for people.
func writeOrbits(w io.Writer, orbits []orbitReport) {
	if len(orbits) == 0 {
		return
	}
	width := len("body")
	for _, o := range orbits {
		width = max(width, len(o.Body))
	}
	fmt.Fprintf(w, "elements, ecliptic of J2000:\n  %-*s %14s %10s %9s %9s %9s %9s %12s  %s\n", width, "body", "a/au", "e", "i/°", "node/°", "peri/°", "M/°", "period/d", "about")
	for _, o := range orbits {
		fmt.Fprintf(w, "  %-*s %14.9g %10.7f %9.4f %9.4f %9.4f %9.4f %12.7g  %s\n", width, o.Body,
			float64(o.A), float64(o.E), float64(o.I), float64(o.Node), float64(o.Peri), float64(o.M), float64(o.Period), o.Primary)
	}
}
