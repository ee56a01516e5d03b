package progress

import (
	"os"
	"path/filepath"
	"testing"
)

func TestNoBarWithoutTerminal(t *testing.T) {
	path := filepath.Join(t.TempDir(), "out")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	b := New(f, "work")
	if b != nil {
		t.Fatal("a file was taken for a terminal")
	}
	b.Set(0.5)
	b.Label("more")
	b.Clear()
	if text, _ := os.ReadFile(path); len(text) != 0 {
		t.Errorf("wrote %q", text)
	}
}
