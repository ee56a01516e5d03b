// Package progress draws a bar on a terminal while long work goes on, and
// nothing at all where nobody watches.
package progress

import (
	"os"

	"github.com/cheggaaa/pb/v3"
	"golang.org/x/term"
)

// Bar shows how much of something is done. A nil Bar shows nothing.
type Bar struct{ bar *pb.ProgressBar }

// resolution is the number of steps that a bar can show.
const resolution = 1000

// layout of the line: what is done, the bar, percent, time gone and time left.
const layout = `{{string . "label"}} {{bar . "[" "=" ">" " " "]"}} {{percent .}} {{etime .}} {{rtime . "%s left"}}`

// New starts a bar on f if that is a terminal; else it returns nil.
func New(f *os.File, label string) *Bar {
	if !term.IsTerminal(int(f.Fd())) {
		return nil
	}
	bar := pb.New(resolution).SetTemplateString(layout).SetWriter(f).Set("label", label)
	bar.Set(pb.CleanOnFinish, true)
	return &Bar{bar.Start()}
}

// Set moves the bar to a fraction of the whole, 0 to 1.
func (b *Bar) Set(fraction float64) {
	if b != nil && fraction >= 0 {
		b.bar.SetCurrent(int64(min(fraction, 1) * resolution))
	}
}

// Label changes the text before the bar.
func (b *Bar) Label(text string) {
	if b != nil {
		b.bar.Set("label", text)
	}
}

// Clear removes the bar; it does not come back.
func (b *Bar) Clear() {
	if b != nil {
		b.bar.Finish()
	}
}
