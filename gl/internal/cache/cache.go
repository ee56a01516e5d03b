// Package cache keeps compiled programs on disk, for use by later processes.
// Entries that cannot be read count as missing, and failures to write are ignored.
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

// Cache is a folder with one file for each program.
type Cache struct{ dir string }

// At returns the cache in a folder, which is created by the first Store.
func At(dir string) *Cache { return &Cache{dir} }

// User returns the current user's cache, or an always empty one if
// os.UserCacheDir fails.
func User() *Cache {
	dir, err := os.UserCacheDir()
	if err != nil {
		return At("")
	}
	return At(filepath.Join(dir, "offload", "programs"))
}

// Key returns the name of a program: a hash of the parts, which must include all
// that it depends on (such as source and driver), and of the format of this cache.
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
// all these.
const (
	magic     = "offload program 1\n"
	keyBytes  = 2 * sha256.Size
	headBytes = len(magic) + keyBytes + 4
	mostBytes = 64 << 20
)

// Load returns the program stored under key. It reports false if there is none or
// its file is damaged.
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

// Store stores a program under key, replacing any that was there. It ignores errors.
func (c *Cache) Store(key string, format uint32, program []byte) {
	if c.dir == "" || headBytes+len(program)+sha256.Size > mostBytes || os.MkdirAll(c.dir, 0o700) != nil {
		return
	}
	body := append([]byte(magic+key), 0, 0, 0, 0)
	binary.LittleEndian.PutUint32(body[headBytes-4:], format)
	body = append(body, program...)
	sum := sha256.Sum256(body)
	// Without an entry the program is compiled again, so a failure is harmless.
	_ = atomicfile.Write(c.path(key), func(w io.Writer) error {
		_, err := w.Write(append(body, sum[:]...))
		return err
	})
	c.prune()
}

// manyEntries is the number of files at which the older half is deleted. Every
// version of a driver and of a shader leaves some that are never loaded again.
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
