// Package transporttest checks that a transport keeps the contract of package transport.
package transporttest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"offload/cluster/internal/transport"
)

// Check runs all checks on the ends that this process has: all of a group for ranks in one process, and one in each
// process of a job, which all call it. Nothing else may use the transports meanwhile. It returns the error of the first
// check that fails, with its name and the rank.
//
// Ranks in other processes wait for one whose check fails, so that ctx needs a deadline there.
func Check(ctx context.Context, ends ...transport.Transport) error {
	for _, c := range []struct {
		name string
		run  func(ctx context.Context, r transport.Transport) error
	}{
		{"numbers", numbers},
		{"messages", messages},
		{"slices of sends", reuse},
		{"lengths", lengths},
		{"tries", tries},
		{"goroutines", goroutines},
		{"broadcast", broadcast},
		{"gather", gather},
		{"allgather", allgather},
		{"operations under way", together},
		{"late rank", late},
		{"duplicates", duplicates},
	} {
		if err := each(ctx, ends, c.run); err != nil {
			return fmt.Errorf("%s: %w", c.name, err)
		}
	}
	return nil
}

// each runs f as each rank, and returns the first error.
func each(ctx context.Context, ends []transport.Transport, f func(ctx context.Context, r transport.Transport) error) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var (
		group sync.WaitGroup
		once  sync.Once
		first error
	)
	for _, end := range ends {
		group.Go(func() {
			err := f(ctx, end)
			if err == nil {
				err = end.Barrier().Wait(ctx) // the next check may use the same tags
			}
			if err != nil {
				once.Do(func() { first = fmt.Errorf("rank %d of %d: %w", end.Rank(), end.Size(), err) })
				cancel() // the others may wait for this one
			}
		})
	}
	group.Wait()
	return first
}

// numbers: ranks agree on who they are.
func numbers(ctx context.Context, r transport.Transport) error {
	n := r.Size()
	local, size := r.Local()
	if r.Rank() < 0 || r.Rank() >= n || local < 0 || local >= size || size > n {
		return fmt.Errorf("number %d among %d, and %d among %d on the machine", r.Rank(), n, local, size)
	}
	if r.Name() == "" || strings.Contains(r.Name(), "\n") {
		return fmt.Errorf("the name is not one line: %q", r.Name())
	}
	all, counts := make([]byte, 2*n), make([]int, n)
	for i := range counts {
		counts[i] = 2
	}
	first := byte(0)
	if local == 0 {
		first = byte(size)
	}
	if err := r.Allgather([]byte{byte(r.Rank()), first}, all, counts).Wait(ctx); err != nil {
		return err
	}
	sum := 0 // of the machines' ranks
	for i := range n {
		if all[2*i] != byte(i) {
			return fmt.Errorf("rank %d has number %d", i, all[2*i])
		}
		sum += int(all[2*i+1])
	}
	if sum != n {
		return fmt.Errorf("the machines have %d ranks together", sum)
	}
	return nil
}

// soon is the time after which waits end that cannot be successful.
const soon = 10 * time.Millisecond

// waitSoon waits for a short time.
func waitSoon(ctx context.Context, q transport.Request) error {
	ctx, cancel := context.WithTimeout(ctx, soon)
	defer cancel()
	return q.Wait(ctx)
}

// waitAll waits for all, the last one first.
func waitAll(ctx context.Context, all []transport.Request) error {
	for i := len(all) - 1; i >= 0; i-- {
		if err := all[i].Wait(ctx); err != nil {
			return fmt.Errorf("operation %d of %d: %w", i, len(all), err)
		}
	}
	return nil
}

// text returns n bytes that depend on all the numbers.
func text(n int, numbers ...int) []byte {
	x := uint32(n)
	for _, k := range numbers {
		x = x*1000003 + uint32(k)
	}
	b := make([]byte, n)
	for i := range b {
		x = x*1664525 + 1013904223
		b[i] = byte(x >> 24)
	}
	return b
}

// memory is a slice between guards.
type memory struct{ data, whole []byte }

const guard = 32

// newMemory returns memory of n bytes with other data than expected.
func newMemory(n int) memory {
	whole := bytes.Repeat([]byte{0xa5}, guard+n+guard)
	return memory{whole[guard : guard+n : guard+n], whole}
}

// newMemoryOf returns memory with data.
func newMemoryOf(data []byte) memory {
	m := newMemory(len(data))
	copy(m.data, data)
	return m
}

// holds returns an error if the memory does not have the data that it should, or the guards were written.
func (m memory) holds(want []byte) error {
	if !bytes.Equal(m.data, want) {
		return fmt.Errorf("got %s, want %s", short(m.data), short(want))
	}
	return m.guarded()
}

// guarded returns an error if the guards were written.
func (m memory) guarded() error {
	for i, b := range m.whole {
		if (i < guard || i >= len(m.whole)-guard) && b != 0xa5 {
			return fmt.Errorf("byte %d of a slice of %d was written", i-guard, len(m.data))
		}
	}
	return nil
}

func short(b []byte) string {
	if len(b) > 8 {
		return fmt.Sprintf("%x… (%d bytes)", b[:8], len(b))
	}
	return fmt.Sprintf("%x (%d bytes)", b, len(b))
}

// ended reports whether a wait ended because of its context.
func ended(err error) bool { return errors.Is(err, context.DeadlineExceeded) }
