package split

import (
	"fmt"
	"slices"
	"strings"
)

// Report says, for each kernel and size that was launched often enough to know,
// how launches are split and what that gains, or that it does not pay; and which
// parts have left. It may be called at any time.
func (d *Device) Report() []string {
	e := d.engine
	var lines []string
	e.mu.Lock()
	for _, b := range e.splits {
		if b.settled && !b.adopted { // measured at this size
			lines = append(lines, b.report(e.parts))
		}
	}
	e.mu.Unlock()
	slices.Sort(lines)
	for _, p := range e.parts {
		if err := p.lost(); err != nil {
			lines = append(lines, fmt.Sprintf("%s left: %v", p.name, err))
		}
	}
	return lines
}

func (b *balance) report(parts []*part) string {
	alone := b.choice
	if alone == together {
		alone = b.best()
	}
	what := fmt.Sprintf("%s of %.3g %s", b.kernel.Name, b.items, b.kernel.Unit)
	took, name := seconds(b.split*b.items), parts[alone].name
	against := seconds(b.of[alone].alone * b.items)
	if b.choice != together {
		return fmt.Sprintf("%s: splitting does not pay: %s split, %s on %s alone, which runs it", what, took, against, name)
	}
	var shares []string
	for i, x := range b.of {
		if x.usable {
			shares = append(shares, fmt.Sprintf("%s %.0f %%", parts[i].name, 100*x.cut))
		}
	}
	return fmt.Sprintf("%s: split, %s: %s, against %s on %s alone", what, strings.Join(shares, ", "), took, against, name)
}

// seconds writes a time with three digits.
func seconds(s float64) string {
	switch {
	case s >= 1:
		return fmt.Sprintf("%.3g s", s)
	case s >= 1e-3:
		return fmt.Sprintf("%.3g ms", s*1e3)
	}
	return fmt.Sprintf("%.3g µs", s*1e6)
}
