package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"offload/archive"
	"offload/device"
)

// newPlateArchive writes an archive of frames at the times from first on, of a field with 2 × 3 points. The last value of
// the last frame is last.
func newPlateArchive(t *testing.T, first, frames int, last float32) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "run.archive")
	ctx := context.Background()
	w, err := archive.Create(ctx, path, archive.Run{
		Kind: "test", Unit: "s", Version: "0.0.1", Options: json.RawMessage(`{"dt":2}`),
		Inputs: []archive.Input{{Name: "init.npy", SHA256: "0123456789abcdef"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	for n := first; n < first+frames; n++ {
		values := []float32{0.1, 1, 2, 3, 4, float32(n)}
		if n == first+frames-1 {
			values[5] = last
		}
		err := w.Append(ctx, &archive.Frame{
			Header: archive.Header{Time: 2451545 + float64(n), Step: int64(10 * n), State: json.RawMessage("{}")},
			Fields: []archive.Field{
				{Name: "temperature", Shape: []int{2, 3}, Data: device.Of(values)},
				{Name: "count", Shape: []int{1}, Data: device.Of([]int32{7})},
			},
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestArchiveList(t *testing.T) {
	path := newPlateArchive(t, 0, 3, 2)
	code, stdout, stderr := execute("archive", path)
	for _, want := range []string{
		"test, begun by offload 0.0.1, 3 frames\n", "input init.npy, SHA-256 0123456789ab…\n",
		"field temperature: f32 [2 × 3], 24 bytes\n", "time, s", "\n2      20    2451547  ",
	} {
		if !strings.Contains(stdout, want) {
			t.Errorf("%q is not in\n%s", want, stdout)
		}
	}
	if code != 0 || stderr != "" {
		t.Errorf("exit code %d: %s", code, stderr)
	}
	code, stdout, _ = execute("archive", path, "--format=json")
	var list archiveList
	if err := json.Unmarshal([]byte(stdout), &list); err != nil || code != 0 {
		t.Fatalf("%d, %v: %s", code, err, stdout)
	}
	if string(list.Options) != `{"dt":2}` || len(list.Frames) != 3 || len(list.Frames[1].Digest) != 64 || list.Fields[0].Bytes != 24 {
		t.Errorf("%+v", list)
	}
	if code, stdout, _ = execute("archive", newPlateArchive(t, 0, 0, 0)); code != 0 || !strings.Contains(stdout, "0 frames") {
		t.Errorf("an archive without frames: %d, %s", code, stdout)
	}
}

func TestArchiveCheck(t *testing.T) {
	path := newPlateArchive(t, 0, 3, 2)
	if code, stdout, stderr := execute("archive", path, "--check"); code != 0 || stdout != "3 frames are as they were written\n" {
		t.Errorf("%d, %s%s", code, stdout, stderr)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	at := bytes.Index(data, device.Of([]float32{0.1, 1, 2, 3, 4, 1}).Bytes())
	if at < 0 {
		t.Fatal("the bytes of frame 1 are not in the file")
	}
	data[at+20] ^= 1
	if err := os.WriteFile(path, data, 0o666); err != nil {
		t.Fatal(err)
	}
	if code, _, stderr := execute("archive", path, "--check"); code != 1 || !strings.Contains(stderr, "frame 1") {
		t.Errorf("a flipped bit in frame 1: %d, %s", code, stderr)
	}
}

func TestArchiveCompare(t *testing.T) {
	path := newPlateArchive(t, 0, 4, 3)
	for name, c := range map[string]struct {
		other string
		code  int
		says  string
	}{
		"itself":           {path, 0, "4 frames are equal\n"},
		"a later part":     {newPlateArchive(t, 2, 2, 3), 0, "2 frames are equal; 2 are at times of "},
		"one that goes on": {newPlateArchive(t, 0, 6, 5), 0, "4 frames are equal; 0 are at times of "},
		"another value":    {newPlateArchive(t, 2, 2, 9), 1, "at 2451548: temperature[1,2] is 3 and 9\n"},
		"other times":      {newPlateArchive(t, 9, 1, 9), 1, "no frames of the archives have the same time"},
		"no file":          {filepath.Join(t.TempDir(), "none"), 1, "no such file"},
	} {
		code, stdout, stderr := execute("archive", path, "--compare="+c.other)
		if code != c.code || !strings.Contains(stdout+stderr, c.says) {
			t.Errorf("%s: %d, %s%s; want %d, %q", name, code, stdout, stderr, c.code, c.says)
		}
	}
}

func TestArchiveExport(t *testing.T) {
	path := newPlateArchive(t, 0, 3, 2)
	for _, c := range []struct {
		args []string
		file string
		want string // a part of the file
	}{
		{nil, "last.csv", "0.1,1,2\n3,4,2\n"},
		{[]string{"--frame=last"}, "named.csv", "0.1,1,2\n3,4,2\n"},
		{[]string{"--frame=1", "--field=temperature"}, "one.csv", "0.1,1,2\n3,4,1\n"},
		{[]string{"--frame=first"}, "plate.npy", string(device.Of([]float32{0.1, 1, 2, 3, 4, 0}).Bytes())},
		{nil, "plate.vti", "ImageData"},
	} {
		out := filepath.Join(t.TempDir(), c.file)
		code, _, stderr := execute(append([]string{"archive", path, "--export=" + out}, c.args...)...)
		got, err := os.ReadFile(out)
		if code != 0 || err != nil || !strings.Contains(string(got), c.want) {
			t.Errorf("%s: %d, %s%v: %q is not in\n%q", c.file, code, stderr, err, c.want, got)
		}
	}
}

// The states of a run of the solar system are rows of bodies, of all frames or of one.
func TestArchiveStates(t *testing.T) {
	dir := t.TempDir()
	path, out := filepath.Join(dir, "solar.archive"), filepath.Join(dir, "states.csv")
	if code, _, stderr := execute("sim", "solar", "--until=+2d", "--every=1", "--device=cpu", "--archive="+path); code != 0 {
		t.Fatal(stderr)
	}
	for frame, rows := range map[string]int{"": 33, "1": 11, "last": 11} {
		args := []string{"archive", path, "--export=" + out}
		if frame != "" {
			args = append(args, "--frame="+frame)
		}
		code, _, stderr := execute(args...)
		text, err := os.ReadFile(out)
		if code != 0 || err != nil || strings.Count(string(text), "\n") != 1+rows || !strings.HasPrefix(string(text), "jd_tdb,body,x_au,") {
			t.Errorf("frame %q: %d, %s%v: %.80s", frame, code, stderr, err, text)
		}
	}
}

// Wrong command lines leave no file, and the archive as it was.
func TestArchiveBadInput(t *testing.T) {
	path := newPlateArchive(t, 0, 2, 1)
	dir := t.TempDir()
	out := filepath.Join(dir, "out.csv")
	text := filepath.Join(dir, "text")
	if err := os.WriteFile(text, []byte("no archive\n"), 0o666); err != nil {
		t.Fatal(err)
	}
	named := filepath.Join(filepath.Dir(path), "archive.csv")
	if err := os.Link(path, named); err != nil {
		t.Fatal(err)
	}
	before, _ := os.ReadFile(path)
	for name, c := range map[string]struct {
		code int
		says string
		args []string
	}{
		"no file":             {2, "takes one file", nil},
		"two files":           {2, "takes one file", []string{path, path}},
		"a missing file":      {1, "no such file", []string{"none"}},
		"a text":              {1, "not an archive", []string{text}},
		"a folder":            {1, dir, []string{dir}},
		"two requests":        {2, "cannot be used together", []string{path, "--check", "--export=" + out}},
		"a frame of nothing":  {2, "require --export", []string{path, "--frame=1"}},
		"another ending":      {2, ".csv, .npy or .vti", []string{path, "--export=" + filepath.Join(dir, "out.png")}},
		"a later frame":       {2, "from 0 to 1", []string{path, "--export=" + out, "--frame=2"}},
		"a frame below zero":  {2, "from 0 to 1", []string{path, "--export=" + out, "--frame=-1"}},
		"an unknown field":    {2, "must be one of temperature, count", []string{path, "--export=" + out, "--field=u"}},
		"integers":            {2, "only f32 and f64", []string{path, "--export=" + out, "--field=count"}},
		"no frames":           {2, "has no frames", []string{newPlateArchive(t, 0, 0, 0), "--export=" + out}},
		"the archive itself":  {2, "is the archive itself", []string{named, "--export=" + named}},
		"an unknown format":   {2, "--format=xml", []string{path, "--format=xml"}},
		"a folder that isn't": {1, "no such file", []string{path, "--export=" + filepath.Join(dir, "none", "out.csv")}},
	} {
		code, stdout, stderr := execute(append([]string{"archive"}, c.args...)...)
		if code != c.code || stdout != "" || strings.Count(stderr, "\n") != 1 || !strings.Contains(stderr, c.says) {
			t.Errorf("%s: %d, %q, %q; want %d, %q", name, code, stdout, stderr, c.code, c.says)
		}
	}
	if _, err := os.Stat(out); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("%s: %v", out, err)
	}
	if after, _ := os.ReadFile(path); !bytes.Equal(before, after) {
		t.Error("the archive has changed")
	}
}
