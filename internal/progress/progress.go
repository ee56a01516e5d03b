// Package progress draws a bar on a terminal while long work goes on, and
// nothing at all where nobody watches.
package progress

import (
	"os"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"
)

// Bar shows how much of something is done. A nil Bar shows nothing.
type Bar struct{ bar *progressbar.ProgressBar }

// resolution is the number of steps that a bar can show.
const resolution = 1000

// New starts a bar on f if that is a terminal; else it returns nil.
func New(f *os.File, label string) *Bar {
	if !term.IsTerminal(int(f.Fd())) {
		return nil
	}
	return &Bar{progressbar.NewOptions(resolution,
		progressbar.OptionSetWriter(f),
		progressbar.OptionSetDescription(label),
		progressbar.OptionSetPredictTime(true),
		progressbar.OptionSetElapsedTime(true),
		progressbar.OptionThrottle(100*time.Millisecond),
		progressbar.OptionClearOnFinish(),
	)}
}

// Set moves the bar to a fraction of the whole, 0 to 1.
func (b *Bar) Set(fraction float64) {
	if b == nil || !(fraction >= 0) {
		return
	}
	// What the bar cannot write to a terminal is lost to nobody.
	_ = b.bar.Set(int(min(fraction, 1) * resolution))
}

// Label changes the text before the bar.
func (b *Bar) Label(text string) {
	if b != nil {
		b.bar.Describe(text)
	}
}

// Clear removes the bar.
func (b *Bar) Clear() {
	if b != nil {
		_ = b.bar.Clear()
	}
}
