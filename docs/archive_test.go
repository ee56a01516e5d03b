package docs_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"offload/archive"
	"offload/device"
)

// The program in archive.md finds the run and each frame of an archive whole, and a flipped bit.
func TestArchiveProgram(t *testing.T) {
	python, err := exec.LookPath("python3")
	if err != nil {
		t.Skip("no python3")
	}
	text, err := os.ReadFile("archive.md")
	if err != nil {
		t.Fatal(err)
	}
	program := regexp.MustCompile("(?s)```python\n(.*?)```").FindSubmatch(text)[1]
	path := filepath.Join(t.TempDir(), "run.archive")
	ctx := context.Background()
	w, err := archive.Create(ctx, path, archive.Run{
		Kind: "test", Options: json.RawMessage(`{"é":1}`), Inputs: []archive.Input{{Name: "é.csv", SHA256: "00"}},
		Fields: []archive.Field{{Name: "source", Shape: []int{2}, Data: device.Of([]float64{1, 2})}},
	})
	if err != nil {
		t.Fatal(err)
	}
	marker := []float64{0x1.23456789abcdep+3, 0}
	for n := range 3 {
		marker[1] = float64(n)
		err := w.Append(ctx, &archive.Frame{
			Header: archive.Header{Time: float64(n) / 3, TimeLow: 1e-20, Step: int64(n), State: json.RawMessage(`{"é":1}`)},
			Fields: []archive.Field{
				{Name: "position", Shape: []int{1, 2}, Data: device.Of(marker)},
				{Name: "plate", Shape: []int{3}, Data: device.Of([]float32{1, 2, 3})},
			},
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	say := func(path string) string {
		out, err := exec.Command(python, "-c", string(program), path).CombinedOutput()
		if err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		return string(out)
	}
	if out := say(path); strings.Count(out, "whole") != 4 || strings.Contains(out, "DAMAGED") {
		t.Errorf("the program says\n%s", out)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	bad := filepath.Join(t.TempDir(), "bad.archive")
	if err := os.WriteFile(bad, bytes.Replace(data, []byte("é.csv"), []byte("è.csv"), 1), 0o666); err != nil {
		t.Fatal(err)
	}
	if out := say(bad); !strings.HasPrefix(out, "run test DAMAGED") || strings.Count(out, "whole") != 3 {
		t.Errorf("with another name of an input the program says\n%s", out)
	}
	at := strings.LastIndex(string(data), string(device.Of(marker).Bytes()))
	if at < 0 {
		t.Fatal("the bytes of the last frame are not in the file")
	}
	data[at+9] ^= 1
	if err := os.WriteFile(path, data, 0o666); err != nil {
		t.Fatal(err)
	}
	if out := say(path); strings.Count(out, "DAMAGED") != 1 {
		t.Errorf("with a flipped bit the program says\n%s", out)
	}
	a, err := archive.Open(ctx, path)
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	if err := a.Verify(ctx, nil); !errors.Is(err, archive.ErrDamaged) {
		t.Errorf("with a flipped bit Verify returns %v", err)
	}
}
