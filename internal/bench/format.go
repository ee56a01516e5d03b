package bench

import (
	"encoding/json"
	"fmt"
	"io"
	"runtime"
	"strings"
	"text/tabwriter"
	"time"
)

// Writer prints results.
type Writer interface {
	Write(r Result) error
	// Close prints what is still pending.
	Close() error
}

// Formats returns the formats of NewWriter.
func Formats() []string { return []string{"table", "json", "go"} }

// NewWriter returns a writer for the format table, json (one object per line) or go (the
// Go benchmark format, for benchstat), or nil for any other. If predicted is set, a
// table has a column for predicted times.
func NewWriter(format string, w io.Writer, predicted bool) Writer {
	switch format {
	case "table":
		return newTable(w, predicted)
	case "json":
		return &jsonLines{json.NewEncoder(w)}
	case "go":
		return &goFormat{w: w}
	}
	return nil
}

type jsonLines struct{ enc *json.Encoder }

func (j *jsonLines) Write(r Result) error { return j.enc.Encode(r) }
func (j *jsonLines) Close() error         { return nil }

// table prints its rows at Close, aligned.
type table struct {
	w         *tabwriter.Writer
	predicted bool
	header    bool
}

func newTable(w io.Writer, predicted bool) *table {
	return &table{w: tabwriter.NewWriter(w, 0, 0, 2, ' ', 0), predicted: predicted}
}

func (t *table) Write(r Result) error {
	if !t.header {
		t.header = true
		fmt.Fprintf(t.w, "kernel\tprecision\tn\tsweeps\tdevice\tworkers\tmath\t%smedian\tmin\tfirst\trate\tof ceiling\tupload\tdownload\tdigest\n", t.column("predicted"))
	}
	sweeps := "–"
	if r.Sweeps > 0 {
		sweeps = fmt.Sprint(r.Sweeps)
	}
	math := r.Math
	if !r.Exact && math == "exact" {
		math = "unproven"
	}
	predicted := "–"
	if r.SecondsPredicted > 0 {
		predicted = seconds(r.SecondsPredicted)
	}
	_, err := fmt.Fprintf(t.w, "%s\t%s\t%d\t%s\t%s\t%d\t%s\t%s%s\t%s\t%s\t%s\t%s\t%s\t%s\t%.16s\n",
		r.Kernel, r.Precision, r.N, sweeps, r.Device, r.Workers, math, t.column(predicted),
		seconds(r.SecondsMedian), seconds(r.SecondsMin), seconds(r.SecondsFirst), FormatRate(r.Rate, r.RateUnit), ceilingOf(r),
		seconds(r.SecondsUpload), seconds(r.SecondsDownload), r.Digest)
	return err
}

// column returns a cell of the column of predictions, or "" if there is no such column.
func (t *table) column(text string) string {
	if !t.predicted {
		return ""
	}
	return text + "\t"
}

func (t *table) Close() error { return t.w.Flush() }

// ceilingOf returns the percentage of its ceiling that a result reaches, and the kind of
// the ceiling.
func ceilingOf(r Result) string {
	if r.CeilingRate == 0 {
		return "–"
	}
	return fmt.Sprintf("%.3g %% (%s)", r.CeilingPercent, r.CeilingKind)
}

// seconds formats a duration with about four digits.
func seconds(s float64) string {
	d := time.Duration(s * 1e9)
	for unit := time.Second; unit > 1; unit /= 1000 {
		if d >= unit {
			return d.Round(unit / 1000).String()
		}
	}
	return d.String()
}

// FormatRate formats a rate with a decimal prefix.
func FormatRate(r float64, unit string) string {
	for _, p := range []struct {
		scale  float64
		prefix string
	}{{1e12, "T"}, {1e9, "G"}, {1e6, "M"}, {1e3, "k"}} {
		if r >= p.scale {
			return fmt.Sprintf("%.3g %s %s", r/p.scale, p.prefix, unit)
		}
	}
	return fmt.Sprintf("%.3g %s", r, unit)
}

// goFormat prints one line per sample, so that benchstat can compute the variation.
type goFormat struct {
	w      io.Writer
	header bool
}

func (g *goFormat) Write(r Result) error {
	if !g.header {
		g.header = true
		if _, err := fmt.Fprintf(g.w, "goos: %s\ngoarch: %s\npkg: offload\ncpu: %s\n", runtime.GOOS, runtime.GOARCH, r.DeviceName); err != nil {
			return err
		}
	}
	name := fmt.Sprintf("Benchmark%s/precision=%s/n=%d", strings.ToUpper(r.Kernel[:1])+r.Kernel[1:], r.Precision, r.N)
	if r.Sweeps > 0 {
		name += fmt.Sprintf("/sweeps=%d", r.Sweeps)
	}
	name += fmt.Sprintf("/device=%s/math=%s/workers=%d-%d", r.Device, r.Math, r.Workers, runtime.GOMAXPROCS(0))
	items := r.Rate * r.SecondsMedian
	for _, s := range r.Samples {
		if _, err := fmt.Fprintf(g.w, "%s\t1\t%.0f ns/op\t%.6g %s\n", name, s*1e9, items/s, r.RateUnit); err != nil {
			return err
		}
	}
	return nil
}

func (g *goFormat) Close() error { return nil }
