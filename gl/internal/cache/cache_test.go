package cache

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"
)

func TestStoreAndLoad(t *testing.T) {
	c := At(filepath.Join(t.TempDir(), "a", "b"))
	key := Key("text", "driver")
	if _, _, ok := c.Load(key); ok {
		t.Error("an empty cache has a program")
	}
	for _, program := range [][]byte{{1, 2, 3}, {}, bytes.Repeat([]byte{7}, 1<<20)} {
		c.Store(key, 9, program)
		if f, p, ok := c.Load(key); !ok || f != 9 || !bytes.Equal(p, program) {
			t.Errorf("%d bytes came back as %d of format %d, %v", len(program), len(p), f, ok)
		}
	}
	if _, _, ok := c.Load(Key("text", "another driver")); ok {
		t.Error("another key has the program, too")
	}
}

// A file with any single bit flipped is ignored.
func TestEveryFlippedBitIsFound(t *testing.T) {
	c := At(t.TempDir())
	key := Key("text")
	c.Store(key, 1, []byte("program"))
	data, err := os.ReadFile(c.path(key))
	if err != nil {
		t.Fatal(err)
	}
	for i := range 8 * len(data) {
		bad := bytes.Clone(data)
		bad[i/8] ^= 1 << (i % 8)
		if err := os.WriteFile(c.path(key), bad, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, _, ok := c.Load(key); ok {
			t.Fatalf("bit %d flipped, and the program was loaded", i)
		}
	}
}

// Keys keep their parts apart.
func TestKeys(t *testing.T) {
	seen := map[string]bool{}
	for _, parts := range [][]string{{}, {""}, {"", ""}, {"ab", "c"}, {"a", "bc"}, {"abc"}, {"abc", ""}} {
		if k := Key(parts...); seen[k] {
			t.Errorf("%q has the key of other parts", parts)
		} else {
			seen[k] = true
		}
	}
}

// Many processes may write the same program at once; readers see it whole or not.
func TestWritersAndReaders(t *testing.T) {
	c := At(t.TempDir())
	key, program := Key("text"), bytes.Repeat([]byte("program "), 1000)
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			for range 20 {
				c.Store(key, 1, program)
				if _, p, ok := c.Load(key); !ok || !bytes.Equal(p, program) {
					t.Error("a program that was stored is not there")
				}
			}
		})
	}
	all.Wait()
	if entries, err := os.ReadDir(c.dir); err != nil || len(entries) != 1 {
		t.Errorf("%d files, %v; want 1", len(entries), err)
	}
}

// A full cache drops the older half.
func TestFullCache(t *testing.T) {
	c := At(t.TempDir())
	old := time.Now().Add(-time.Hour)
	for i := range manyEntries {
		path := filepath.Join(c.dir, fmt.Sprint("old", i))
		if err := os.WriteFile(path, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(path, old, old); err != nil {
			t.Fatal(err)
		}
	}
	c.Store(Key("new"), 1, []byte("program"))
	entries, err := os.ReadDir(c.dir)
	if err != nil || len(entries) > manyEntries/2+1 {
		t.Errorf("%d files are left, %v", len(entries), err)
	}
	if _, _, ok := c.Load(Key("new")); !ok {
		t.Error("the new program was dropped")
	}
}
