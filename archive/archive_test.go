package archive

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"sync"
	"sync/atomic"
	"testing"

	"offload/device"
)

var ctx = context.Background()

// sample returns frame n of a run of a few bodies.
func sample(n int) *Frame {
	x := make([]float64, 12)
	for i := range x {
		x[i] = float64(n) + 1/float64(i+1)
	}
	x[3], x[5] = math.Copysign(0, -1), math.NaN()
	return &Frame{
		Header: Header{Time: 2451545 + float64(n), TimeLow: 1e-11 * float64(n), Step: int64(100 * n), State: json.RawMessage(`{"n":` + fmt.Sprint(n) + `}`)},
		Fields: []Field{
			{"x", []int{4, 3}, device.Of(x)},
			{"plate", []int{2, 5}, device.Of([]float32{1, 2, 3, 4, 5, 6, 7, 8, 9, float32(n)})},
			{"nothing", []int{0, 3}, device.Of([]float64{})},
			{"count", nil, device.Of([]int32{int32(-n)})},
			{"bits", []int{3}, device.Of([]uint32{0, 1, math.MaxUint32})},
		},
	}
}

var testRun = Run{
	Kind: "test", Unit: "d", Version: "1", Options: json.RawMessage(`{"dt":0.5}`),
	Inputs: []Input{{"bodies.csv", "00ff"}},
	Fields: []Field{{"source", []int{2, 2}, device.Of([]float64{1, 2, 3, 4})}},
}

// write writes an archive of n frames in bands of that many bytes.
func write(t *testing.T, n, band int) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "run?%20#.archive") // characters that mean something in a URI
	w, err := Create(ctx, path, testRun)
	if err != nil {
		t.Fatal(err)
	}
	w.band = band
	for i := range n {
		if err := w.Append(ctx, sample(i)); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return path
}

func openArchive(t *testing.T, path string) *Archive {
	t.Helper()
	a, err := Open(ctx, path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { a.Close() })
	return a
}

// sameFrame reports whether two frames have the same bits.
func sameFrame(a, b *Frame) bool {
	return a.Time == b.Time && a.TimeLow == b.TimeLow && compareFrames(a, b) == nil
}

// What is read has the bits of what was written, whatever the length of the bands, and the folder has one file.
func TestRoundTrip(t *testing.T) {
	for _, band := range []int{4, 7 * 8, bandBytes} {
		path := write(t, 5, band)
		if files, _ := os.ReadDir(filepath.Dir(path)); len(files) != 1 {
			t.Errorf("%d files, want one: %v", len(files), files)
		}
		a := openArchive(t, path)
		if got := a.Run(); !reflect.DeepEqual(got.Inputs, testRun.Inputs) || string(got.Options) != string(testRun.Options) || compareFields(&got.Fields[0], &testRun.Fields[0]) != nil {
			t.Errorf("run %+v", got)
		}
		if a.Len() != 5 {
			t.Fatalf("%d frames, want 5", a.Len())
		}
		for n := range 5 {
			f, err := a.Frame(ctx, n)
			if err != nil {
				t.Fatal(err)
			}
			if f.Number != n || !sameFrame(f, sample(n)) {
				t.Errorf("bands of %d bytes: frame %d differs: %+v", band, n, compareFrames(f, sample(n)))
			}
		}
		if err := a.Verify(ctx, nil); err != nil {
			t.Error(err)
		}
		layout, err := a.Layout(ctx, 3)
		if err != nil || len(layout) != 5 || layout[1] != (Layout{"plate", "f32", "2,5", 40}) {
			t.Errorf("layout %v, %v", layout, err)
		}
	}
}

func TestNoFrames(t *testing.T) {
	a := openArchive(t, write(t, 0, bandBytes))
	if a.Len() != 0 || a.Verify(ctx, nil) != nil {
		t.Error("an archive without frames")
	}
	if _, err := a.Frame(ctx, 0); !errors.Is(err, ErrInvalid) {
		t.Errorf("frame 0 of none: %v", err)
	}
	if _, err := a.At(ctx, 0); !errors.Is(err, ErrInvalid) {
		t.Errorf("no frame to be at: %v", err)
	}
}

func TestAt(t *testing.T) {
	a := openArchive(t, write(t, 4, bandBytes))
	for at, want := range map[float64]int{2451545: 0, 2451545.5: 0, 2451547: 2, 1e9: 3, 0: -1} {
		n, err := a.At(ctx, at)
		if want < 0 && errors.Is(err, ErrInvalid) {
			continue
		}
		if err != nil || n != want {
			t.Errorf("at %v: frame %d, %v, want %d", at, n, err, want)
		}
	}
}

// A run goes on after any of its frames.
func TestAppend(t *testing.T) {
	path := write(t, 4, 16)
	w, err := Append(ctx, path)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Truncate(ctx, 2); err != nil || w.Frames() != 2 {
		t.Fatalf("%v, %d frames", err, w.Frames())
	}
	for n := 2; n < 6; n++ {
		if err := w.Append(ctx, sample(n)); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(w.Close(), w.Close()); err != nil {
		t.Error(err)
	}
	c, err := Compare(ctx, openArchive(t, path), openArchive(t, write(t, 6, 8)))
	if err != nil || c != (Comparison{Frames: 6}) {
		t.Errorf("%+v, %v", c, err)
	}
}

func TestCompare(t *testing.T) {
	path := filepath.Join(t.TempDir(), "other")
	w, err := Create(ctx, path, Run{Options: json.RawMessage("{}")})
	if err != nil {
		t.Fatal(err)
	}
	for n := 1; n < 4; n++ {
		f := sample(n)
		if n == 3 {
			device.As[float64](f.Fields[0].Data)[7] += 1e-15
		}
		if err := w.Append(ctx, f); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	c, err := Compare(ctx, openArchive(t, write(t, 5, 16)), openArchive(t, path))
	want := Difference{2451548, 3, 2, "x[2,1]", "3.125", "3.125000000000001"}
	if err != nil || c.Difference == nil || *c.Difference != want || c.Frames != 3 || c.OnlyA != 1 {
		t.Errorf("%+v, %+v, %v", c, c.Difference, err)
	}
}

// A second writer is refused while the first one has the archive, which readers see grow.
func TestTwoAtOnce(t *testing.T) {
	path := write(t, 1, 16)
	w, err := Append(ctx, path)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	other, err := Append(ctx, path)
	if err == nil { // a system without locks
		if err = other.Append(ctx, sample(1)); err != nil {
			t.Error(err)
		}
		err = w.Append(ctx, sample(1))
		other.Close()
	} else if err := w.Append(ctx, sample(1)); err != nil {
		t.Error(err)
	}
	if !errors.Is(err, ErrBusy) {
		t.Errorf("two writers: %v, want ErrBusy", err)
	}
	if a := openArchive(t, path); a.Len() != 2 || a.Verify(ctx, nil) != nil {
		t.Errorf("a reader beside the writer sees %d frames", a.Len())
	}
}

// A Writer that writes a number which another one has taken in the meantime, where no lock kept it away, says so.
func TestTakenNumber(t *testing.T) {
	path := write(t, 1, 16)
	w, err := Append(ctx, path)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	w.lock.release()
	other, err := Append(ctx, path)
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	if err := other.Append(ctx, sample(1)); err != nil {
		t.Fatal(err)
	}
	if err := w.Append(ctx, sample(1)); !errors.Is(err, ErrBusy) {
		t.Errorf("%v, want ErrBusy", err)
	}
}

// Of several that create an archive at the same time, one does, and its frames are kept.
func TestCreatedAtOnce(t *testing.T) {
	dir := t.TempDir()
	for round := range 10 {
		path := filepath.Join(dir, fmt.Sprint(round))
		var made atomic.Int32
		var group sync.WaitGroup
		for range 4 {
			group.Go(func() {
				w, err := Create(ctx, path, testRun)
				switch {
				case err == nil:
					made.Add(1)
					if err := errors.Join(w.Append(ctx, sample(0)), w.Close()); err != nil {
						t.Error(err)
					}
				case !errors.Is(err, fs.ErrExist) && !errors.Is(err, ErrBusy):
					t.Error(err)
				}
			})
		}
		group.Wait()
		if err := readAll(path, 1); made.Load() != 1 || err != nil {
			t.Fatalf("%d were created; %v", made.Load(), err)
		}
	}
	if files, _ := os.ReadDir(dir); len(files) != 10 {
		t.Errorf("%d files, want 10", len(files))
	}
}

// A time of −0 is stored as 0, and its frame is whole.
func TestNegativeZeroTime(t *testing.T) {
	path := write(t, 0, 16)
	w, err := Append(ctx, path)
	if err != nil {
		t.Fatal(err)
	}
	f := sample(0)
	f.Time, f.TimeLow = math.Copysign(0, -1), math.Copysign(0, -1)
	if err := errors.Join(w.Append(ctx, f), w.Close()); err != nil {
		t.Fatal(err)
	}
	got, err := openArchive(t, path).Frame(ctx, 0)
	if err != nil {
		t.Fatal(err)
	}
	if math.Signbit(got.Time) || math.Signbit(got.TimeLow) || got.Digest != f.Digest {
		t.Errorf("%+v, want the digest %s", got.Header, f.Digest)
	}
}

func TestClosed(t *testing.T) {
	w, err := Append(ctx, write(t, 1, 16))
	if err != nil {
		t.Fatal(err)
	}
	w.Close()
	for name, err := range map[string]error{
		"Append":   w.Append(ctx, sample(1)),
		"Truncate": w.Truncate(ctx, 0),
		"Describe": w.Describe(ctx, json.RawMessage("{}")),
	} {
		if !errors.Is(err, ErrClosed) {
			t.Errorf("%s: %v, want ErrClosed", name, err)
		}
	}
}

// A context that ends while the digest of a wide field is computed ends the call.
func TestCancelledDigest(t *testing.T) {
	cancelled, cancel := context.WithCancel(ctx)
	cancel()
	wide := []Field{{"wide", []int{1 << 18}, device.MakeSlice(device.Float64, 1<<18)}}
	if err := frameDigest(&Header{}).fields(cancelled, wide); !errors.Is(err, context.Canceled) {
		t.Errorf("%v, want Canceled", err)
	}
}

func TestCompareEqualTimes(t *testing.T) {
	paths := make([]string, 2)
	for i := range paths {
		paths[i] = filepath.Join(t.TempDir(), "run")
		w, err := Create(ctx, paths[i], testRun)
		if err != nil {
			t.Fatal(err)
		}
		for n := range 2 + i {
			f := sample(n)
			f.Time, f.TimeLow = 7, 0
			if err := w.Append(ctx, f); err != nil {
				t.Fatal(err)
			}
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
	}
	c, err := Compare(ctx, openArchive(t, paths[0]), openArchive(t, paths[1]))
	if err != nil || c != (Comparison{Frames: 2, OnlyB: 1}) {
		t.Errorf("%+v, %+v, %v", c, c.Difference, err)
	}
}

// A file that was cut is found to be damaged, wherever the cut is.
func TestTruncatedFile(t *testing.T) {
	good, err := os.ReadFile(write(t, 6, 64))
	if err != nil {
		t.Fatal(err)
	}
	bad := filepath.Join(t.TempDir(), "cut")
	for n := 0; n < len(good); n += 509 {
		if err := os.WriteFile(bad, good[:n], 0o666); err != nil {
			t.Fatal(err)
		}
		if err := readAll(bad, 6); !errors.Is(err, ErrDamaged) && !errors.Is(err, ErrFormat) {
			t.Errorf("%d of %d bytes: %v, want ErrDamaged or ErrFormat", n, len(good), err)
		}
	}
}

func TestRefused(t *testing.T) {
	dir := t.TempDir()
	text := filepath.Join(dir, "text")
	os.WriteFile(text, []byte("This is not an archive, but long enough to be read as the start of a database.\n"), 0o666)
	empty := filepath.Join(dir, "empty")
	os.WriteFile(empty, nil, 0o666)
	newer := write(t, 2, 16)
	w, err := Append(ctx, newer)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.db.Exec("PRAGMA user_version = 2"); err != nil {
		t.Fatal(err)
	}
	w.Close()
	for name, c := range map[string]struct {
		path string
		want error
	}{
		"a text":         {text, ErrFormat},
		"an empty file":  {empty, ErrFormat},
		"another format": {newer, ErrFormat},
		"no file":        {filepath.Join(dir, "none"), fs.ErrNotExist},
	} {
		before, _ := os.ReadFile(c.path)
		if _, err := Open(ctx, c.path); !errors.Is(err, c.want) {
			t.Errorf("Open of %s: %v, want %v", name, err, c.want)
		}
		if _, err := Append(ctx, c.path); !errors.Is(err, c.want) {
			t.Errorf("Append to %s: %v, want %v", name, err, c.want)
		}
		if after, _ := os.ReadFile(c.path); string(after) != string(before) {
			t.Errorf("%s has changed", name)
		}
	}
	if _, err := Open(ctx, dir); err == nil {
		t.Error("opened a folder")
	}
	if _, err := Append(ctx, dir); err == nil {
		t.Error("appends to a folder")
	}
	if _, err := Create(ctx, text, testRun); !errors.Is(err, fs.ErrExist) {
		t.Errorf("Create of a file that is there: %v", err)
	}
	if _, err := Create(ctx, filepath.Join(dir, "no", "folder"), testRun); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("Create in a folder that is not there: %v", err)
	}
}

func TestInvalidFrames(t *testing.T) {
	path := write(t, 0, 16)
	w, err := Append(ctx, path)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	three := device.Of([]float64{1, 2, 3})
	for name, f := range map[string]*Frame{
		"state":     {Header: Header{State: json.RawMessage("{")}},
		"shape":     {Fields: []Field{{"x", []int{2, 2}, three}}},
		"negative":  {Fields: []Field{{"x", []int{-3, -1}, three}}},
		"overflow":  {Fields: []Field{{"x", []int{math.MaxInt, 3}, three}}},
		"name":      {Fields: []Field{{"", []int{3}, three}}},
		"twice":     {Fields: []Field{{"x", []int{3}, three}, {"x", []int{3}, three}}},
		"no UTF-8":  {Fields: []Field{{"\xff", []int{3}, three}}},
		"bad text":  {Header: Header{State: json.RawMessage("\"\xff\"")}},
		"no time":   {Header: Header{Time: math.NaN()}},
		"low time":  {Header: Header{TimeLow: math.NaN()}},
		"no type":   {Fields: []Field{{"x", []int{0}, device.Slice{}}}},
		"long name": {Fields: []Field{{string(make([]byte, 300)), []int{3}, three}}},
	} {
		if err := w.Append(ctx, f); !errors.Is(err, ErrInvalid) {
			t.Errorf("%s: %v, want ErrInvalid", name, err)
		}
	}
	if err := w.Truncate(ctx, 1); !errors.Is(err, ErrInvalid) {
		t.Errorf("Truncate to more frames than there are: %v", err)
	}
	if w.Frames() != 0 {
		t.Errorf("%d frames", w.Frames())
	}
}

// A frame that cannot be written leaves the ones before it.
func TestFailedFrames(t *testing.T) {
	path := write(t, 2, 64)
	w, err := Append(ctx, path)
	if err != nil {
		t.Fatal(err)
	}
	cancelled, cancel := context.WithCancel(ctx)
	cancel()
	if err := w.Append(cancelled, sample(2)); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	if _, err := w.db.Exec("PRAGMA max_page_count = 40"); err != nil {
		t.Fatal(err)
	}
	w.band = 1 << 12
	wide := sample(2)
	wide.Fields = append(wide.Fields, Field{"wide", []int{1 << 16}, device.MakeSlice(device.Float64, 1<<16)})
	if err := w.Append(ctx, wide); !errors.Is(err, ErrFull) {
		t.Errorf("full: %v", err)
	}
	if err := w.Append(ctx, sample(2)); err != nil {
		t.Errorf("after the failures: %v", err)
	}
	if err := w.Close(); err != nil {
		t.Error(err)
	}
	a := openArchive(t, path)
	if err := a.Verify(ctx, nil); err != nil || a.Len() != 3 {
		t.Errorf("%d frames, %v", a.Len(), err)
	}
}

// A flipped bit is found, or it changed nothing.
func TestFlippedBits(t *testing.T) {
	path := write(t, 3, 64)
	good, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	bad := filepath.Join(t.TempDir(), "flipped")
	r := rand.New(rand.NewPCG(1, 2))
	found := 0
	for range 300 {
		data := append([]byte(nil), good...)
		at := r.IntN(len(data))
		data[at] ^= 1 << r.IntN(8)
		if err := os.WriteFile(bad, data, 0o666); err != nil {
			t.Fatal(err)
		}
		if readAll(bad, 3) != nil {
			found++
		}
	}
	if found < 20 {
		t.Errorf("%d of 300 flips were found", found)
	}
}

// readAll verifies an archive, and panics if that finds nothing although a frame differs.
func readAll(path string, frames int) error {
	a, err := Open(ctx, path)
	if err != nil {
		return err
	}
	defer a.Close()
	if err := a.Verify(ctx, nil); err != nil {
		return err
	}
	if a.Len() != frames {
		panic(fmt.Sprintf("%d frames", a.Len()))
	}
	for n := range frames {
		f, err := a.Frame(ctx, n)
		if err != nil {
			return err
		}
		if !sameFrame(f, sample(n)) {
			panic(fmt.Sprintf("frame %d has changed", n))
		}
	}
	return nil
}

func FuzzOpen(f *testing.F) {
	dir := f.TempDir()
	path := filepath.Join(dir, "seed")
	w, err := Create(ctx, path, testRun)
	if err != nil {
		f.Fatal(err)
	}
	if err := errors.Join(w.Append(ctx, sample(0)), w.Close()); err != nil {
		f.Fatal(err)
	}
	good, err := os.ReadFile(path)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(uint(100), byte(1), uint(len(good)))
	f.Add(uint(4096), byte(255), uint(4096))
	f.Fuzz(func(t *testing.T, at uint, flip byte, end uint) {
		data := append([]byte(nil), good[:min(end, uint(len(good)))]...)
		if at < uint(len(data)) {
			data[at] ^= flip
		}
		bad := filepath.Join(t.TempDir(), "fuzzed")
		if err := os.WriteFile(bad, data, 0o666); err != nil {
			t.Fatal(err)
		}
		readAll(bad, 1)
	})
}

// BenchmarkAppend measures frames of eleven bodies, and of a plate of 100 MB.
func BenchmarkAppend(b *testing.B) {
	for name, sizes := range map[string][]int{"bodies": {33, 33, 33, 33}, "plate": {12_500_000}} {
		b.Run(name, func(b *testing.B) {
			f := &Frame{Header: Header{State: json.RawMessage("{}")}}
			bytes := 0
			for i, n := range sizes {
				f.Fields = append(f.Fields, Field{fmt.Sprint(i), []int{n}, device.MakeSlice(device.Float64, n)})
				bytes += 8 * n
			}
			w, err := Create(ctx, filepath.Join(b.TempDir(), "run"), testRun)
			if err != nil {
				b.Fatal(err)
			}
			defer w.Close()
			b.SetBytes(int64(bytes))
			for b.Loop() {
				if err := w.Append(ctx, f); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
