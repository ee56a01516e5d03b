package sched

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"sync"
	"time"

	"offload/device"
	"offload/internal/atomicfile"
)

// profile holds the measured costs of one device, in one arithmetic.
type profile struct {
	Key      string                `json:"key"` // also in the file, whose name is a hash of it
	Upload   *costModel            `json:"upload"`
	Download *costModel            `json:"download"`
	Kernels  map[string]*costModel `json:"kernels"` // by name, which includes the precision

	mu      sync.Mutex
	changed bool // since it was saved
}

func newProfile(key string) *profile {
	return &profile{Key: key, Upload: new(costModel), Download: new(costModel), Kernels: map[string]*costModel{}}
}

// profileKey returns a key of everything that the speed of a device depends on, apart
// from the size of the work.
func profileKey(version string, i device.Info) string {
	return fmt.Sprintf("offload %s; %s; %s; %s; %s; %s; %d workers",
		version, i.Backend, i.Name, i.Driver, i.Math, i.Variant, i.Workers)
}

// has reports whether the kernel and transfers were measured.
func (p *profile) has(k *device.Kernel) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.Kernels[k.Name].known() && p.Upload.known() && p.Download.known()
}

// observe adds the time of one launch, including the wait for it.
func (p *profile) observe(kernel string, amount float64, took time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.Kernels[kernel] == nil {
		p.Kernels[kernel] = new(costModel)
	}
	p.Kernels[kernel].add(amount, took.Seconds())
	p.changed = true
}

// observeCopies adds the times of a transfer each way.
func (p *profile) observeCopies(bytes int, up, down time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.Upload.add(float64(bytes), up.Seconds())
	p.Download.add(float64(bytes), down.Seconds())
	p.changed = true
}

// predict returns the predicted time of t on the device; false if a measurement is
// missing.
func (p *profile) predict(t *spec) (time.Duration, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	total, known := 0.0, true
	add := func(l *costModel, times int, amount float64) {
		if known = known && l.known(); known {
			total += float64(times) * l.seconds(amount)
		}
	}
	for _, w := range t.Work {
		add(p.Kernels[w.Kernel.Name], w.Launches, amount(w.Cost))
	}
	if n := t.Up.Count; n > 0 {
		add(p.Upload, n, float64(t.Up.Bytes)/float64(n))
	}
	if n := t.Down.Count; n > 0 {
		add(p.Download, n, float64(t.Down.Bytes)/float64(n))
	}
	if !known {
		return 0, false
	}
	return duration(total), true
}

// duration converts seconds to a duration, clipped to 0 … MaxInt64/4 ns.
func duration(seconds float64) time.Duration {
	return time.Duration(min(max(0, seconds)*1e9, math.MaxInt64/4))
}

// store is a folder with a file for each profile. Unreadable files count as missing; the
// empty name is a store that keeps nothing.
type store string

func (s store) path(key string) string {
	sum := sha256.Sum256([]byte(key))
	return filepath.Join(string(s), hex.EncodeToString(sum[:8])+".json")
}

// load returns the profile of key; an empty one if it is missing or damaged.
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
	f := new(profile)
	limited := io.LimitReader(r, 4<<20) // far more than the size of a profile
	if json.NewDecoder(limited).Decode(f) != nil || f.Key != key ||
		!f.Upload.valid() || !f.Download.valid() || f.Kernels == nil {
		return p
	}
	for _, l := range f.Kernels {
		if !l.valid() {
			return p
		}
	}
	return f
}

// save writes a profile if it has changed.
func (s store) save(p *profile) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if s == "" || !p.changed || !p.Upload.known() || !p.Download.known() {
		return nil
	}
	if err := os.MkdirAll(string(s), 0o700); err != nil {
		return err
	}
	err := atomicfile.Write(s.path(p.Key), func(w io.Writer) error {
		enc := json.NewEncoder(w)
		enc.SetIndent("", " ")
		return enc.Encode(p)
	})
	p.changed = err != nil
	return err
}

// forget removes a profile.
func (s store) forget(key string) error {
	if s == "" {
		return nil
	}
	if err := os.Remove(s.path(key)); !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return nil
}

// Forget deletes the measured costs of the candidates, also on disk.
func (s *Scheduler) Forget() error {
	var errs []error
	for _, c := range s.candidates {
		key := c.costs.Load().Key
		c.costs.Store(newProfile(key))
		errs = append(errs, s.store.forget(key))
	}
	return errors.Join(errs...)
}

// Save writes the measured costs to Options.Folder.
func (s *Scheduler) Save() error {
	var errs []error
	for _, c := range s.candidates {
		if err := s.store.save(c.costs.Load()); err != nil {
			errs = append(errs, fmt.Errorf("saving costs of %s: %w", c.Name, err))
		}
	}
	return errors.Join(errs...)
}
