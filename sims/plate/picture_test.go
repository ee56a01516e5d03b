package plate_test

import (
	"bytes"
	"errors"
	"image"
	"image/png"
	"io"
	"math"
	"os"
	"path/filepath"
	"testing"

	"offload/device"
	"offload/sims/plate"
)

func TestPictures(t *testing.T) {
	for name, c := range map[string]struct {
		rows, cols int
		o          plate.PictureOptions
	}{
		"square":     {33, 33, plate.PictureOptions{Title: "Plate", Unit: "°C", Dx: 0.1, Dy: 0.1}},
		"point":      {1, 1, plate.PictureOptions{}},
		"row":        {1, 400, plate.PictureOptions{}},
		"column":     {400, 1, plate.PictureOptions{}},
		"large":      {1501, 40, plate.PictureOptions{}},
		"long title": {400, 10, plate.PictureOptions{Title: "A title that is much wider than the plate that it belongs to"}},
	} {
		for _, top := range []float64{0, 100, -1e-5} {
			f := newField[float64](t, c.rows, c.cols, plate.Edges{Top: top})
			path := filepath.Join(t.TempDir(), "plate.png")
			if err := plate.WritePNG(path, f, c.o); err != nil {
				t.Errorf("%s: %v", name, err)
				continue
			}
			data, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			img, err := png.Decode(bytes.NewReader(data))
			if err != nil || img.Bounds().Dx() > 1200 || img.Bounds().Dy() > 1200 {
				t.Errorf("%s: %v, %v", name, img.Bounds(), err)
			}
		}
	}
}

// Row 0 is at the top, and pictures have the plate's proportions.
func TestPictureOrientationAndProportions(t *testing.T) {
	f := newField[float32](t, 20, 60, plate.Edges{})
	for i := range f.T[:10*60] {
		f.T[i] = 1 // the upper half
	}
	var b bytes.Buffer
	if err := plate.EncodePNG(&b, f, plate.PictureOptions{Dx: 1, Dy: 2}); err != nil {
		t.Fatal(err)
	}
	img, err := png.Decode(&b)
	if err != nil {
		t.Fatal(err)
	}
	hot, cold := areaOf(img, 255, 248, 176), areaOf(img, 24, 24, 96)
	if hot.Max.Y > cold.Min.Y+2 || hot.Min.X != cold.Min.X {
		t.Errorf("hot at %v, cold at %v: the first is to be above the second", hot, cold)
	}
	if ratio := float64(hot.Dx()) / float64(hot.Dy()+cold.Dy()); math.Abs(ratio-60./40) > 0.02 {
		t.Errorf("drawn with proportions of %.3f, want 60 to 40", ratio)
	}
}

// areaOf returns the bounds of the pixels of about that colour in the left seven
// eighths, which exclude the colour bar.
func areaOf(img image.Image, r, g, b int) (area image.Rectangle) {
	for y := range img.Bounds().Dy() {
		for x := range img.Bounds().Dx() * 7 / 8 {
			r1, g1, b1, _ := img.At(x, y).RGBA()
			if near(r, r1) && near(g, g1) && near(b, b1) {
				area = area.Union(image.Rect(x, y, x+1, y+1))
			}
		}
	}
	return area
}

func near(want int, got uint32) bool { return math.Abs(float64(want)-float64(got>>8)) <= 3 }

func TestPictureRefusals(t *testing.T) {
	good := newField[float64](t, 3, 3, plate.Edges{})
	bad := &plate.Field[float64]{Rows: 1, Cols: 1, T: []float64{math.NaN()}}
	path := filepath.Join(t.TempDir(), "plate.png")
	for name, err := range map[string]error{
		"NaN":       plate.WritePNG(path, bad, plate.PictureOptions{}),
		"spacing":   plate.WritePNG(path, good, plate.PictureOptions{Dx: -1, Dy: 1}),
		"to stream": plate.EncodePNG(io.Discard, bad, plate.PictureOptions{}),
	} {
		if !errors.Is(err, device.ErrInvalid) {
			t.Errorf("%s: %v, want ErrInvalid", name, err)
		}
	}
	if _, err := os.Stat(path); err == nil {
		t.Error("a file was left behind")
	}
}
