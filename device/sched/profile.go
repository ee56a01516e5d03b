package sched

import (
	"fmt"
	"math"
	"sync"
	"time"

	"offload/device"
)

// profile is what is known of the speed of one device, in one arithmetic.
type profile struct {
	key string

	mu       sync.Mutex
	changed  bool // since it was saved
	Upload   *line
	Download *line
	Kernels  map[string]*line // by name, which has the precision
}

func newProfile(key string) *profile {
	return &profile{key: key, Upload: new(line), Download: new(line), Kernels: map[string]*line{}}
}

// profileKey names all that the speed of a device depends on, apart from the size of
// the work.
func profileKey(version string, i device.Info) string {
	return fmt.Sprintf("offload %s; %s; %s; %s; %s; %s; %d workers",
		version, i.Backend, i.Name, i.Driver, i.Math, i.Variant, i.Workers)
}

// has tells whether the kernel was measured, and transfers with it.
func (p *profile) has(k *device.Kernel) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.Kernels[k.Name].known() && p.Upload.known() && p.Download.known()
}

// observe takes the time of one launch and of the wait for it.
func (p *profile) observe(kernel string, amount float64, took time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	l := p.Kernels[kernel]
	if l == nil {
		l = new(line)
		p.Kernels[kernel] = l
	}
	l.add(amount, took.Seconds())
	p.changed = true
}

// observeCopy takes the time of one transfer.
func (p *profile) observeCopy(l *line, bytes int64, took time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	l.add(float64(bytes), took.Seconds())
	p.changed = true
}

// predict is the time that t takes on the device.
func (p *profile) predict(t *spec) (time.Duration, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	total := 0.0
	for _, w := range t.work {
		l := p.Kernels[w.Kernel.Name]
		if !l.known() {
			return 0, false
		}
		total += float64(w.Launches) * l.seconds(amount(w.Cost))
	}
	for _, c := range []struct {
		Transfer
		l *line
	}{{t.up, p.Upload}, {t.down, p.Download}} {
		if c.Count == 0 {
			continue
		}
		if !c.l.known() {
			return 0, false
		}
		total += float64(c.Count) * c.l.seconds(float64(c.Bytes)/float64(c.Count))
	}
	return duration(total), true
}

// duration is a number of seconds, kept within what a duration can tell.
func duration(seconds float64) time.Duration {
	return time.Duration(min(max(0, seconds)*1e9, math.MaxInt64/4))
}
