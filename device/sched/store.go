package sched

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"

	"offload/internal/atomicfile"
)

// store is a folder with a file for each profile. What it cannot read it does not
// have; the empty name is a store that keeps nothing.
type store string

// file is what is in a file. The key is there again, because a name is only its hash.
type file struct {
	Key      string           `json:"key"`
	Upload   *line            `json:"upload"`
	Download *line            `json:"download"`
	Kernels  map[string]*line `json:"kernels"`
}

func (s store) path(key string) string {
	sum := sha256.Sum256([]byte(key))
	return filepath.Join(string(s), hex.EncodeToString(sum[:8])+".json")
}

// largestFile is far more than a profile takes.
const largestFile = 4 << 20

// load is the profile of that key; an empty one if there is none, or if the file is
// damaged.
func (s store) load(key string) *profile {
	p := newProfile(key)
	if s == "" {
		return p
	}
	r, err := os.Open(s.path(key))
	if err != nil {
		return p
	}
	defer r.Close()
	var f file
	if json.NewDecoder(io.LimitReader(r, largestFile)).Decode(&f) != nil || f.Key != key ||
		f.Upload == nil || !f.Upload.valid() || f.Download == nil || !f.Download.valid() {
		return p
	}
	for _, l := range f.Kernels {
		if l == nil || !l.valid() {
			return p
		}
	}
	p.Upload, p.Download = f.Upload, f.Download
	if f.Kernels != nil {
		p.Kernels = f.Kernels
	}
	return p
}

// save writes a profile that has changed.
func (s store) save(p *profile) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if s == "" || !p.changed || !p.Upload.known() || !p.Download.known() {
		return nil
	}
	if err := os.MkdirAll(string(s), 0o700); err != nil {
		return err
	}
	err := atomicfile.Write(s.path(p.key), func(w io.Writer) error {
		enc := json.NewEncoder(w)
		enc.SetIndent("", " ")
		return enc.Encode(file{p.key, p.Upload, p.Download, p.Kernels})
	})
	p.changed = err != nil
	return err
}

// forget removes a profile.
func (s store) forget(key string) error {
	if s == "" {
		return nil
	}
	if err := os.Remove(s.path(key)); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return nil
}
