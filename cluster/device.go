package cluster

import (
	"context"
	"errors"
	"fmt"
	"hash/crc32"
	"slices"
	"strings"
	"sync"
	"time"

	"offload/cluster/internal/transport"
	"offload/device"
	"offload/device/queue"
	"offload/internal/ranges"
)

// Options configure a device of several ranks.
type Options struct {
	Kernels []*device.Kernel // kernels to probe at open
	Notes   []string         // copied to Info.Notes

	// Shares fixes the shares of the ranks in each launch, for tests and measurements: one number of at least 0 for each,
	// not all 0, and the same on all ranks. Nil means equal shares at first, which then follow measured times.
	Shares []int

	Recorder device.Recorder // records what the device does; may be nil
}

// Device is one device of all ranks. Each rank makes the same calls of it and of its buffers, in the same order, from one
// goroutine at a time; calls that differ end the job. A launch that is queued is done, whatever becomes of its context.
// A wait that ends with its context while the ranks exchange data loses the device on all ranks.
//
// A rank computes a share of the rows of each launch on its own device, and receives from other ranks what the share
// reads and the rank does not have: a few rows for a halo, all sources of a force. Small launches are computed by all
// ranks alike, if they read little.
type Device struct {
	*queue.Device
	engine *engine
}

// Open joins the local devices of all ranks to one. It is collective. The new device owns local from then on, even if
// Open fails. Errors: ErrInvalid for missing or invalid arguments, those of the probes, and those of the transport.
func Open(ctx context.Context, c *Comm, local device.Device, o Options) (*Device, error) {
	if local == nil {
		return nil, device.Invalidf("no device")
	}
	e, info, err := newEngine(ctx, c, local, o)
	if err != nil {
		local.Close()
		return nil, err
	}
	inner, err := queue.Open(ctx, info, e, o.Kernels)
	if err != nil {
		return nil, err
	}
	inner.Observe(o.Recorder)
	return &Device{inner, e}, nil
}

// Launch implements device.Device.
func (d *Device) Launch(ctx context.Context, l *device.Launch) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	return d.Device.Launch(context.Background(), l)
}

// Alloc implements device.Device. If one rank is out of memory, all are.
func (d *Device) Alloc(t device.Type, n int) (device.Buffer, error) {
	b, err := d.Device.Alloc(t, n)
	if full := (*noRoom)(nil); errors.As(err, &full) { // freed buffers may still be in use
		if err := d.Sync(context.Background()); err != nil {
			return nil, err
		}
		if b, err = d.Device.Alloc(t, n); errors.As(err, &full) {
			return nil, full.error
		}
	}
	return b, err
}

// Gather copies the elements of b at off and after to dst on rank 0 alone. It is a Read on the other ranks, which may pass
// the zero Slice and n, the number of elements.
func (d *Device) Gather(ctx context.Context, b device.Buffer, off, n int, dst device.Slice) error {
	if d.engine.rank != 0 {
		dst = device.MakeSlice(b.Type(), 0)
	}
	return b.Read(context.WithValue(ctx, gathering{}, n), off, dst)
}

// gathering is the key of the number of elements that Gather wants.
type gathering struct{}

// noRoom is the error of engine.Alloc for memory that a rank lacks. It does not wrap device.ErrOutOfMemory, so that the
// queue does not try again on some ranks alone.
type noRoom struct{ error }

func (e *noRoom) Unwrap() error { return nil }

// Parts returns nil: the devices of other ranks are out of reach.
func (d *Device) Parts() []device.Device { return nil }

// Report returns the shares of the ranks if they differ.
func (d *Device) Report() []string { return d.engine.shares.report() }

// engine runs launches on the devices of all ranks. Its methods but Alloc are called one at a time.
type engine struct {
	comm       *Comm
	local      device.Device
	rank, size int
	shares     shares
	sums       *crc32.Table

	mu     sync.Mutex // guards the rest of what Alloc uses
	allocs transport.Transport
	ids    int

	// The launch being executed.
	launch *device.Launch
	memory []*memory // of each argument; nil for a scalar
	whole  bool      // each rank computes all rows
	piece  device.Launch
	sends  []move
	recvs  []move
	marks  []mark
	here   ranges.Set // for inner

	failures []failure // of this rank since the last exchange
	history  history
	status   []byte // of all ranks in an exchange, and then that of this one
	counts   []int  // its bytes, of each rank
	times    []time.Duration
}

func newEngine(ctx context.Context, c *Comm, local device.Device, o Options) (*engine, device.Info, error) {
	own, err := c.Dup(ctx)
	if err != nil {
		return nil, device.Info{}, err
	}
	n := c.Size()
	e := &engine{
		comm: own, local: local, rank: c.Rank(), size: n, sums: crc32.MakeTable(crc32.Castagnoli),
		status: make([]byte, (n+1)*statusBytes), counts: slices.Repeat([]int{statusBytes}, n), times: make([]time.Duration, n),
	}
	if e.allocs, err = own.transport.Dup(ctx); err != nil {
		return nil, device.Info{}, err
	}
	info, err := e.info(ctx, o)
	if err != nil {
		e.comm.Close(ctx)
		return nil, device.Info{}, err
	}
	return e, info, nil
}

// info describes the ranks' devices as one, on all ranks alike.
func (e *engine) info(ctx context.Context, o Options) (device.Info, error) {
	i := device.Info{Backend: "mpi", Class: device.Composite, Math: device.Exact, Notes: slices.Clone(o.Notes)}
	all, err := allgather(ctx, e.comm, opening{e.local.Info(), o.Shares})
	if err != nil {
		return i, err
	}
	shares := all[0].Shares
	for _, x := range all {
		if !slices.Equal(x.Shares, shares) {
			return i, device.Invalidf("ranks were given different shares: %v and %v", shares, x.Shares)
		}
	}
	if e.shares, err = newShares(e.size, shares); err != nil {
		return i, err
	}
	var names, drivers, variants []string
	i.Precisions = slices.Clone(all[0].Info.Precisions)
	for rank, x := range all {
		part := x.Info
		names = append(names, part.Name)
		drivers = append(drivers, part.Driver)
		variants = append(variants, part.Variant)
		i.Precisions = slices.DeleteFunc(i.Precisions, func(t device.Type) bool { return !slices.Contains(part.Precisions, t) })
		if part.Math != device.Exact {
			i.Math = part.Math
		}
		i.Workers += part.Workers
		for _, n := range part.Notes {
			i.Notes = append(i.Notes, fmt.Sprintf("rank %d: %s", rank, n))
		}
	}
	i.Name = tally(names)
	i.Driver = strings.Join(slices.DeleteFunc([]string{e.comm.Library(), tally(drivers)}, func(s string) bool { return s == "" }), "; ")
	slices.Sort(variants)
	i.Variant = strings.Join(slices.Compact(variants), "+")
	return i, nil
}

// opening is what ranks tell each other when they open a device.
type opening struct {
	Info   device.Info
	Shares []int
}

// tally lists names with their numbers, as in “4 × this + that”.
func tally(names []string) string {
	var list []string
	for i, n := range names {
		if n == "" || slices.Contains(names[:i], n) {
			continue
		}
		if count := len(slices.DeleteFunc(slices.Clone(names), func(m string) bool { return m != n })); count > 1 {
			n = fmt.Sprintf("%d × %s", count, n)
		}
		list = append(list, n)
	}
	return strings.Join(list, " + ")
}

// Check and Prepare return nil: the local devices refuse launches that they cannot run.
func (e *engine) Check(*device.Launch) error   { return nil }
func (e *engine) Prepare(*device.Kernel) error { return nil }

// Inline returns false: a launch may wait for other ranks.
func (e *engine) Inline(context.Context, *device.Launch) bool { return false }

// Progress returns that of the local device.
func (e *engine) Progress() int64 { return e.local.Counters().Progress }

// Held returns the place of the local device that the caller occupies, or nil.
func (e *engine) Held(ctx context.Context) device.Place {
	if o, ok := e.local.(device.Owner); ok {
		return o.Held(ctx)
	}
	return nil
}

// Close closes the local device, and ends the ranks' use of the cluster's. It waits for the other ranks.
func (e *engine) Close() {
	if e.comm.Close(context.Background()) == nil {
		e.allocs.Close(context.Background())
	}
	e.local.Close()
}
