// Package cache keeps programs that a driver has compiled, from one process to the
// next. What it cannot read it does not have; what it cannot write it forgets.
package cache

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"offload/internal/atomicfile"
)

// Cache is a folder with one file a program.
type Cache struct{ dir string }

// At is the cache in a folder, which need not be there yet.
func At(dir string) *Cache { return &Cache{dir} }

// User is the cache of whoever runs the program; one that holds nothing if the
// system does not say where that is.
func User() *Cache {
	dir, err := os.UserCacheDir()
	if err != nil {
		return At("")
	}
	return At(filepath.Join(dir, "offload", "programs"))
}

// Key names a program by all that it depends on: the text, the driver, and the
// format of this cache.
func Key(parts ...string) string {
	h := sha256.New()
	for _, p := range append([]string{magic}, parts...) {
		var n [8]byte
		binary.LittleEndian.PutUint64(n[:], uint64(len(p)))
		h.Write(n[:])
		io.WriteString(h, p)
	}
	return hex.EncodeToString(h.Sum(nil))
}

// An entry is magic, the key, the binary's format, the binary, and the SHA-256 of
// all that.
const (
	magic     = "offload program 1\n"
	keyBytes  = 2 * sha256.Size
	headBytes = len(magic) + keyBytes + 4
	mostBytes = 64 << 20
)

// Load is the program of that key, if the cache holds it whole.
func (c *Cache) Load(key string) (format uint32, program []byte, ok bool) {
	if c.dir == "" {
		return 0, nil, false
	}
	if info, err := os.Stat(c.path(key)); err != nil || info.Size() > mostBytes {
		return 0, nil, false
	}
	data, err := os.ReadFile(c.path(key))
	if err != nil || len(data) < headBytes+sha256.Size {
		return 0, nil, false
	}
	body, sum := data[:len(data)-sha256.Size], data[len(data)-sha256.Size:]
	want := sha256.Sum256(body)
	if !bytes.Equal(sum, want[:]) || string(body[:len(magic)+keyBytes]) != magic+key {
		return 0, nil, false
	}
	return binary.LittleEndian.Uint32(body[headBytes-4:]), body[headBytes:], true
}

// Store keeps a program, in the place of what was there.
func (c *Cache) Store(key string, format uint32, program []byte) {
	if c.dir == "" || os.MkdirAll(c.dir, 0o700) != nil {
		return
	}
	body := append([]byte(magic+key), 0, 0, 0, 0)
	binary.LittleEndian.PutUint32(body[headBytes-4:], format)
	body = append(body, program...)
	sum := sha256.Sum256(body)
	// A cache that cannot be written is no fault: the program is compiled again.
	_ = atomicfile.Write(c.path(key), func(w io.Writer) error {
		_, err := w.Write(append(body, sum[:]...))
		return err
	})
	c.prune()
}

// manyEntries is the number of files from which on the older half goes. Every version
// of a driver and of a shader leaves some that are not asked for again.
const manyEntries = 1024

func (c *Cache) prune() {
	entries, err := os.ReadDir(c.dir)
	if err != nil || len(entries) < manyEntries {
		return
	}
	age := func(e fs.DirEntry) time.Time {
		if info, err := e.Info(); err == nil {
			return info.ModTime()
		}
		return time.Time{}
	}
	slices.SortFunc(entries, func(a, b fs.DirEntry) int { return age(a).Compare(age(b)) })
	for _, e := range entries[:len(entries)/2] {
		os.Remove(filepath.Join(c.dir, e.Name()))
	}
}

func (c *Cache) path(key string) string { return filepath.Join(c.dir, key) }
