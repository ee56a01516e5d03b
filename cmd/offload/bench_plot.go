package main

import (
	"bytes"
	"context"
	"io"
	"path/filepath"
	"slices"
	"strings"

	"offload/internal/atomicfile"
	"offload/internal/bench"
)

// checkPlot refuses the name of a picture that cannot be drawn; "" is for none.
func checkPlot(path string) error {
	if path != "" && !slices.Contains(bench.Pictures(), pictureOf(path)) {
		return usagef("--plot=%s: the name must end in .%s", path, strings.Join(bench.Pictures(), " or ."))
	}
	return nil
}

// pictureOf is the kind of picture that a file's name asks for.
func pictureOf(path string) string {
	return strings.ToLower(strings.TrimPrefix(filepath.Ext(path), "."))
}

// draw writes the picture, if one is asked for.
func (f *benchFlags) draw(ctx context.Context, rec *recorder) error {
	if f.plot == "" {
		return nil
	}
	memory, err := rec.memory(ctx)
	if err != nil {
		return err
	}
	var picture bytes.Buffer
	if err := bench.Draw(&picture, pictureOf(f.plot), rec.results, memory); err != nil {
		return err
	}
	return atomicfile.Write(f.plot, func(w io.Writer) error {
		_, err := picture.WriteTo(w)
		return err
	})
}

// memory is the bandwidth for the roofline, of as many workers as its points
// have; 0 where no result has a ceiling.
func (r *recorder) memory(ctx context.Context) (float64, error) {
	workers := 0
	for _, result := range r.results {
		if result.CeilingRate > 0 {
			workers = max(workers, result.Workers)
		}
	}
	if workers == 0 {
		return 0, nil
	}
	return r.ceilings.Memory(ctx, workers)
}
