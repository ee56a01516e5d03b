package timeline

import (
	"slices"
	"time"

	"offload/device/trace"
)

// burst is a part of a trace between two long pauses.
type burst struct{ from, to time.Duration }

func (b burst) length() time.Duration { return b.to - b.from }

// has tells whether a span lies within b.
func (b burst) has(s trace.Span) bool { return s.Start >= b.from && s.Start <= b.to }

// bursts cuts a trace where nothing happens on any track for longer than pause.
func bursts(f *trace.File, pause time.Duration) []burst {
	var spans []trace.Span
	for _, t := range f.Tracks {
		spans = append(spans, t.Spans...)
	}
	slices.SortFunc(spans, func(a, b trace.Span) int { return int(a.Start - b.Start) })
	var list []burst
	for _, s := range spans {
		last := len(list) - 1
		if last < 0 || s.Start > list[last].to+pause {
			list = append(list, burst{s.Start, s.End()})
			continue
		}
		list[last].to = max(list[last].to, s.End())
	}
	return list
}
