package transporttest_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
	"unsafe"

	"offload/cluster/internal/ranks"
	"offload/cluster/internal/transport"
	"offload/cluster/internal/transport/transporttest"
)

// broken is a transport with a defect: the functions that it has take the place of methods.
type broken struct {
	transport.Transport
	local     func() (rank, size int)
	send      func(t transport.Transport, to, tag int, data []byte) transport.Request
	recv      func(t transport.Transport, from, tag int, data []byte) transport.Request
	try       func(t transport.Transport, tag int, data []byte) (from, n int, err error)
	bcast     func(t transport.Transport, root int, data []byte) transport.Request
	gather    func(t transport.Transport, root int, part, all []byte, counts []int) transport.Request
	allgather func(t transport.Transport, part, all []byte, counts []int) transport.Request
	barrier   func(t transport.Transport) transport.Request
	dup       func(t transport.Transport) transport.Transport
}

func (b broken) Local() (rank, size int) {
	if b.local != nil {
		return b.local()
	}
	return b.Transport.Local()
}

func (b broken) Send(to, tag int, data []byte) transport.Request {
	if b.send != nil {
		return b.send(b.Transport, to, tag, data)
	}
	return b.Transport.Send(to, tag, data)
}

func (b broken) Recv(from, tag int, data []byte) transport.Request {
	if b.recv != nil {
		return b.recv(b.Transport, from, tag, data)
	}
	return b.Transport.Recv(from, tag, data)
}

func (b broken) TryRecv(tag int, data []byte) (from, n int, err error) {
	if b.try != nil {
		return b.try(b.Transport, tag, data)
	}
	return b.Transport.TryRecv(tag, data)
}

func (b broken) Bcast(root int, data []byte) transport.Request {
	if b.bcast != nil {
		return b.bcast(b.Transport, root, data)
	}
	return b.Transport.Bcast(root, data)
}

func (b broken) Gather(root int, part, all []byte, counts []int) transport.Request {
	if b.gather != nil {
		return b.gather(b.Transport, root, part, all, counts)
	}
	return b.Transport.Gather(root, part, all, counts)
}

func (b broken) Allgather(part, all []byte, counts []int) transport.Request {
	if b.allgather != nil {
		return b.allgather(b.Transport, part, all, counts)
	}
	return b.Transport.Allgather(part, all, counts)
}

func (b broken) Barrier() transport.Request {
	if b.barrier != nil {
		return b.barrier(b.Transport)
	}
	return b.Transport.Barrier()
}

func (b broken) Dup(ctx context.Context) (transport.Transport, error) {
	if b.dup != nil {
		return b.dup(b.Transport), nil
	}
	return b.Transport.Dup(ctx)
}

// request is an operation whose wait is a function.
type request func(ctx context.Context) error

func (r request) Wait(ctx context.Context) error { return r(ctx) }

var complete request = func(context.Context) error { return nil }

// unclosed is a transport whose Close does nothing.
type unclosed struct{ transport.Transport }

func (unclosed) Close(context.Context) error { return nil }

// TestCheckFinds: each check fails for a transport with a defect of its topic.
func TestCheckFinds(t *testing.T) {
	for _, c := range []struct {
		name   string
		broken broken
		check  string
	}{
		{"two on each machine", broken{local: func() (int, int) { return 0, 2 }}, "numbers"},
		{"tags are not kept apart", broken{send: func(t transport.Transport, to, tag int, data []byte) transport.Request {
			return t.Send(to, 0, data)
		}, recv: func(t transport.Transport, from, tag int, data []byte) transport.Request {
			return t.Recv(from, 0, data)
		}}, "messages"},
		{"a receive is complete at once", broken{recv: func(t transport.Transport, from, tag int, data []byte) transport.Request {
			t.Recv(from, tag, slices.Clone(data))
			return complete
		}}, "messages"},
		{"a receive writes too much", broken{recv: func(t transport.Transport, from, tag int, data []byte) transport.Request {
			q := t.Recv(from, tag, data)
			return request(func(ctx context.Context) error {
				err := q.Wait(ctx)
				if len(data) > 0 && err == nil {
					unsafe.Slice(unsafe.SliceData(data), len(data)+1)[len(data)] = 0
				}
				return err
			})
		}}, "messages"},
		{"a send changes its slice", broken{send: func(t transport.Transport, to, tag int, data []byte) transport.Request {
			q := t.Send(to, tag, slices.Clone(data))
			if len(data) > 0 {
				data[0]++
			}
			return q
		}}, "messages"},
		{"a send is complete too soon", broken{send: func(t transport.Transport, to, tag int, data []byte) transport.Request {
			t.Send(to, tag, data)
			return complete
		}}, "slices of sends"},
		{"a second wait fails", broken{send: func(t transport.Transport, to, tag int, data []byte) transport.Request {
			q, failed := t.Send(to, tag, data), error(nil)
			return request(func(ctx context.Context) error {
				if failed == nil {
					failed = q.Wait(ctx)
				}
				return failed
			})
		}}, "slices of sends"},
		{"any length is right", broken{recv: func(t transport.Transport, from, tag int, data []byte) transport.Request {
			q := t.Recv(from, tag, data)
			return request(func(ctx context.Context) error {
				err := q.Wait(ctx)
				if errors.Is(err, transport.ErrTransport) {
					return nil
				}
				return err
			})
		}}, "lengths"},
		{"TryRecv finds nothing", broken{try: func(transport.Transport, int, []byte) (int, int, error) { return -1, 0, nil }}, "tries"},
		{"TryRecv returns another rank", broken{try: func(t transport.Transport, tag int, data []byte) (int, int, error) {
			from, n, err := t.TryRecv(tag, data)
			if from >= 0 {
				from = 0
			}
			return from, n, err
		}}, "tries"},
		{"TryRecv returns another length", broken{try: func(t transport.Transport, tag int, data []byte) (int, int, error) {
			from, _, err := t.TryRecv(tag, data)
			return from, len(data), err
		}}, "tries"},
		{"TryRecv cuts messages", broken{try: func(t transport.Transport, tag int, data []byte) (int, int, error) {
			whole := make([]byte, 1000)
			from, n, err := t.TryRecv(tag, whole)
			return from, copy(data, whole[:n]), err
		}}, "tries"},
		{"a broadcast does nothing", broken{bcast: func(transport.Transport, int, []byte) transport.Request { return complete }}, "broadcast"},
		{"the root is always 0", broken{bcast: func(t transport.Transport, root int, data []byte) transport.Request {
			return t.Bcast(0, data)
		}}, "broadcast"},
		{"gathered in another order", broken{gather: func(t transport.Transport, root int, part, all []byte, counts []int) transport.Request {
			q := t.Gather(root, part, all, counts)
			return request(func(ctx context.Context) error { err := q.Wait(ctx); slices.Reverse(all); return err })
		}}, "gather"},
		{"a gathering changes the part", broken{gather: func(t transport.Transport, root int, part, all []byte, counts []int) transport.Request {
			q := t.Gather(root, slices.Clone(part), all, counts)
			clear(part)
			return q
		}}, "gather"},
		{"operations are one at a time", broken{bcast: func(t transport.Transport, root int, data []byte) transport.Request {
			var q transport.Request
			return request(func(ctx context.Context) error { // the broadcast starts with its wait
				if q == nil {
					q = t.Bcast(root, data)
				}
				return q.Wait(ctx)
			})
		}}, "operations under way"},
		{"a barrier is none", broken{barrier: func(transport.Transport) transport.Request { return complete }}, "late rank"},
		{"a copy is the original", broken{dup: func(t transport.Transport) transport.Transport { return unclosed{t} }}, "duplicates"},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
				defer cancel()
				var ends []transport.Transport
				for _, end := range ranks.NewGroup(3, ranks.Faults{Rendezvous: true}).Ranks() {
					c.broken.Transport = end
					ends = append(ends, c.broken)
				}
				if err := transporttest.Check(ctx, ends...); err == nil || !strings.HasPrefix(err.Error(), c.check+": rank ") {
					t.Errorf("found: %v; want an error of %q", err, c.check)
				}
			})
		})
	}
}

// An allgather that only rank 0 completes is found on the others.
func TestCheckNamesRank(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var calls atomic.Int64
		ends := ranks.New(2)
		ends[1] = broken{Transport: ends[1], allgather: func(t transport.Transport, part, all []byte, counts []int) transport.Request {
			if calls.Add(1) == 1 { // of the first check
				return t.Allgather(part, all, counts)
			}
			return t.Allgather(part, make([]byte, len(all)), counts)
		}}
		err := transporttest.Check(t.Context(), ends...)
		if err == nil || !strings.HasPrefix(err.Error(), "allgather: rank 1 of 2: ") {
			t.Error(err)
		}
	})
}
