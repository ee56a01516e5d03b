package main

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"offload/sims/solar"
)

// solarEvents holds the flags of sim solar for events.
type solarEvents struct {
	close, onCollision string
	pairs              []string
	escape             float64
}

// eventFlags are the names of the flags.
var eventFlags = []string{"close", "pairs", "on-collision", "escape"}

func (e *solarEvents) flags(cmd *cobra.Command) {
	fl := cmd.Flags()
	fl.StringVar(&e.close, "close", "", "list approaches within this `distance`: 0.1 (au) or 3hill (Hill radii), of bodies that do not orbit each other")
	fl.StringSliceVar(&e.pairs, "pairs", nil, "list approaches of these `pairs` alone, such as Earth:Moon, or Earth for any other; also of bodies that orbit each other")
	fl.StringVar(&e.onCollision, "on-collision", "", "what bodies with radii do when they meet: ignore (list it), stop, merge (default ignore, but with wh nothing is looked for)")
	fl.Float64Var(&e.escape, "escape", 0, "list bodies on unbound orbits beyond this distance, in `au`")
}

// options returns the events to look for in a system. By default contacts are listed, but not with wh, whose steps take
// many times as long if each is looked at.
func (e *solarEvents) options(sys *solar.System, integrator string) (solar.EventOptions, error) {
	o := solar.EventOptions{OnCollision: solar.CollisionAction(e.onCollision), Escape: e.escape}
	if e.onCollision == "" && integrator != "wh" && slices.ContainsFunc(sys.Bodies, func(b solar.Body) bool { return b.Radius > 0 }) {
		o.OnCollision = solar.IgnoreCollisions
	}
	for _, text := range e.pairs {
		first, second, _ := strings.Cut(text, ":")
		for _, name := range []string{first, second} {
			if name != "" && sys.Index(name) < 0 {
				return o, usagef("--pairs=%s: no body %q", text, name)
			}
		}
		o.Pairs = append(o.Pairs, [2]string{first, second})
	}
	if e.close == "" {
		return o, nil
	}
	number, hill := strings.CutSuffix(e.close, "hill")
	x, err := strconv.ParseFloat(number, 64)
	if err != nil || !(x > 0) {
		return o, usagef("--close=%s: must be a distance above 0, such as 0.1 or 3hill", e.close)
	}
	if hill {
		o.CloseHill = x
	} else {
		o.Close = x
	}
	return o, nil
}

// check returns a usage error for flags that are invalid.
func (e *solarEvents) check(cmd *cobra.Command) error {
	if e.close == "" && len(e.pairs) > 0 {
		return usagef("--pairs requires --close")
	}
	if fl := cmd.Flags(); fl.Changed("escape") && !(e.escape > 0) {
		return usagef("--escape=%g must be above 0", e.escape)
	}
	if !cmd.Flags().Changed("on-collision") {
		return nil
	}
	var actions []string
	for _, a := range solar.CollisionActions() {
		actions = append(actions, string(a))
	}
	return oneOf("on-collision", e.onCollision, actions)
}

// maxEvents bounds the events of a report, and shownEvents those of its text.
const (
	maxEvents   = 100_000
	shownEvents = 30
)

// eventsReport is the part of a report about events, in the order of their dates.
type eventsReport struct {
	Count  int           `json:"event_count"`
	Events []eventReport `json:"events"` // the first ones
}

type eventReport struct {
	Kind     solar.EventKind `json:"kind"`
	JD       float64         `json:"jd"`
	JDLow    float64         `json:"jd_low,omitempty"`
	Date     string          `json:"date"`
	Bodies   []string        `json:"bodies"`
	Distance float64         `json:"distance_au"`
	Speed    float64         `json:"speed_au_d"`
	Energy   float64         `json:"energy,omitempty"` // au⁵/day⁴
}

func (r *eventsReport) add(e solar.Event) error {
	if r.Count++; len(r.Events) == maxEvents {
		return nil
	}
	bodies := e.Bodies[:]
	if e.Bodies[1] == "" {
		bodies = bodies[:1]
	}
	date := solar.FormatDate(solar.Date{JD: e.JD, Low: e.JDLow})
	r.Events = append(r.Events, eventReport{e.Kind, e.JD, e.JDLow, date, bodies, e.Distance, e.Speed, e.Energy})
	return nil
}

func (r *eventsReport) text(w io.Writer) {
	if r == nil {
		return
	}
	if r.Count == 0 {
		fmt.Fprintln(w, "no events")
		return
	}
	fmt.Fprintln(w, "events:")
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, e := range r.Events[:min(len(r.Events), shownEvents)] {
		km := fmt.Sprintf("%.6g km", e.Distance*solar.AU)
		if e.Distance >= 0.1 {
			km = fmt.Sprintf("%.6g au", e.Distance)
		}
		fmt.Fprintf(t, "  %s\t%s\t%s\t%s\t%.5g km/s\n", e.Kind, e.Date, strings.Join(e.Bodies, ", "), km, e.Speed*solar.AU/solar.SecondsPerDay)
	}
	t.Flush()
	if more := r.Count - shownEvents; more > 0 {
		fmt.Fprintf(w, "  and %d more; --format=json has them\n", more)
	}
}

// collided reports whether a run ended with the collision at which it was to stop.
func collided(err error) bool { return errors.Is(err, solar.ErrCollision) }
