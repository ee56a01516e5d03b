// Package progress draws a progress bar, if the output is a terminal.
package progress

import (
	"os"

	"github.com/cheggaaa/pb/v3"
	"golang.org/x/term"
)

// Bar is a progress bar. A nil Bar shows nothing.
type Bar struct{ bar *pb.ProgressBar }

// resolution is the number of steps that a bar can show.
const resolution = 1000

// layout is the layout of the line: label, bar, percent, time elapsed and time left.
const layout = `{{string . "label"}} {{bar . "[" "=" ">" " " "]"}} {{percent .}} {{etime .}} {{rtime . "%s left"}}`

// New starts a bar on f if that is a terminal, and otherwise returns nil.
func New(f *os.File, label string) *Bar {
	if !term.IsTerminal(int(f.Fd())) {
		return nil
	}
	bar := pb.New(resolution).SetTemplateString(layout).SetWriter(f).Set("label", label)
	bar.Set(pb.CleanOnFinish, true)
	return &Bar{bar.Start()}
}

// Set sets the fraction done, from 0 to 1. It ignores negative fractions and NaN.
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

// Clear ends the bar and removes it from the terminal.
func (b *Bar) Clear() {
	if b != nil {
		b.bar.Finish()
	}
}
