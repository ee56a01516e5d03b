package ranks_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"offload/cluster/internal/ranks"
	"offload/cluster/internal/transport"
	"offload/cluster/internal/transport/transporttest"
)

// faults are those with which everything still arrives.
var faults = []ranks.Faults{
	{},
	{Rendezvous: true},
	{Seed: 1, Delay: time.Second},
	{Seed: 2, Delay: time.Second, Rendezvous: true, Poison: true},
	{Seed: 3, Delay: time.Microsecond, Poison: true, PerMachine: 2},
}

func run(t *testing.T, all []transport.Transport, f func(ctx context.Context, r transport.Transport) error) {
	t.Helper()
	var group sync.WaitGroup
	for _, r := range all {
		group.Go(func() {
			if err := f(t.Context(), r); err != nil {
				t.Errorf("rank %d: %v", r.Rank(), err)
			}
		})
	}
	group.Wait()
}

// Groups in which everything arrives keep the contract of a transport.
func TestTransport(t *testing.T) {
	for _, n := range []int{1, 2, 3, 5, 17} {
		if n > 5 && testing.Short() {
			continue
		}
		for i, x := range faults {
			t.Run(fmt.Sprintf("%d ranks, faults %d", n, i), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					ctx, cancel := context.WithTimeout(t.Context(), 24*time.Hour)
					defer cancel()
					if err := transporttest.Check(ctx, ranks.NewGroup(n, x).Ranks()...); err != nil {
						t.Error(err)
					}
				})
			})
		}
	}
}

// The order in which messages arrive is that of the seed.
func TestSeed(t *testing.T) {
	arrivals := func(seed uint64) (order []int) {
		synctest.Test(t, func(t *testing.T) {
			all := ranks.NewGroup(2, ranks.Faults{Seed: seed, Delay: time.Minute}).Ranks()
			for tag := range 10 {
				all[0].Send(1, tag, nil)
			}
			var mu sync.Mutex
			var group sync.WaitGroup
			for tag := range 10 {
				group.Go(func() {
					all[1].Recv(0, tag, nil).Wait(t.Context())
					mu.Lock()
					order = append(order, tag)
					mu.Unlock()
				})
			}
			group.Wait()
		})
		return order
	}
	one := arrivals(1)
	if again := arrivals(1); !slices.Equal(one, again) {
		t.Errorf("the same seed: %v and %v", one, again)
	}
	if other := arrivals(2); slices.Equal(one, other) {
		t.Errorf("different seeds: both %v", one)
	}
	if slices.IsSorted(one) {
		t.Errorf("nothing is overtaken: %v", one)
	}
}

func TestWrongUse(t *testing.T) {
	all := ranks.New(2)
	ctx := t.Context()
	all[0].Send(1, 0, []byte{1, 2})
	for name, err := range map[string]error{
		"length":   all[1].Recv(0, 0, make([]byte, 3)).Wait(ctx),
		"rank":     all[0].Send(2, 0, nil).Wait(ctx),
		"root":     all[0].Bcast(-1, nil).Wait(ctx),
		"tag":      all[0].Recv(1, transport.MaxTag+1, nil).Wait(ctx),
		"no tag":   all[0].Recv(1, -1, nil).Wait(ctx),
		"counts":   all[0].Allgather(nil, nil, []int{0}).Wait(ctx),
		"too long": func() error { all[0].Send(1, 1, []byte{1}); _, _, err := all[1].TryRecv(1, nil); return err }(),
	} {
		if !errors.Is(err, transport.ErrTransport) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A wait ends with its context, and its operation goes on.
func TestWaitEndsWithContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		all := ranks.New(2)
		got := make([]byte, 1)
		receive, barrier := all[0].Recv(1, 0, got), all[0].Barrier()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := errors.Join(receive.Wait(ctx), barrier.Wait(ctx)); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("before: %v", err)
		}
		all[1].Send(0, 0, []byte{9})
		all[1].Barrier()
		if err := errors.Join(receive.Wait(t.Context()), barrier.Wait(t.Context())); err != nil || got[0] != 9 {
			t.Errorf("after: %v, %v", got, err)
		}
	})
}

func TestAbort(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		run(t, ranks.NewGroup(3, ranks.Faults{Delay: time.Second, Rendezvous: true}).Ranks(), func(ctx context.Context, r transport.Transport) error {
			waits := []transport.Request{r.Recv(1, 0, nil), r.Send(1, 1, nil)}
			time.Sleep(time.Minute)
			if r.Rank() == 2 {
				r.Abort(3, "the reason")
			}
			waits = append(waits, r.Recv(0, 0, nil), r.Barrier())
			for i, w := range waits {
				if err := w.Wait(ctx); r.Rank() != 1 && (!errors.Is(err, transport.ErrLost) || !bytes.Contains([]byte(err.Error()), []byte("the reason"))) {
					return fmt.Errorf("operation %d: %w", i, err)
				}
			}
			if _, _, err := r.TryRecv(0, nil); !errors.Is(err, transport.ErrLost) {
				return fmt.Errorf("TryRecv: %w", err)
			}
			return nil
		})
	})
}

// What a dead rank owes is never completed, or fails if the others learn of its death; its own operations fail.
func TestKill(t *testing.T) {
	for _, noticed := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			g := ranks.NewGroup(3, ranks.Faults{Rendezvous: true})
			all := g.Ranks()
			ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
			defer cancel()
			own := []transport.Request{all[1].Recv(0, 0, nil), all[1].Send(0, 1, nil), all[1].Recv(1, 4, nil), all[1].Send(1, 5, nil)}
			others := []transport.Request{all[0].Recv(1, 2, nil), all[0].Send(1, 3, nil), all[0].Barrier()}
			g.Kill(1, noticed)
			own = append(own, all[1].Recv(0, 0, nil), all[1].Send(2, 0, nil))
			others = append(others, all[2].Recv(1, 2, nil), all[2].Send(1, 3, nil))
			for i, q := range own {
				if err := q.Wait(ctx); !errors.Is(err, transport.ErrLost) {
					t.Errorf("its operation %d: %v", i, err)
				}
			}
			want := context.DeadlineExceeded
			if noticed {
				want = transport.ErrLost
			}
			for i, q := range others {
				if err := q.Wait(ctx); !errors.Is(err, want) {
					t.Errorf("operation %d: %v, want %v", i, err, want)
				}
			}
			all[0].Send(2, 9, nil)
			if err := all[2].Recv(0, 9, nil).Wait(context.Background()); err != nil {
				t.Errorf("the others: %v", err)
			}
		})
	}
}

func TestLost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		all := ranks.NewGroup(2, ranks.Faults{Lost: func(from, to, tag, n int) bool { return tag == 4 && n == 1 }}).Ranks()
		for i := range 3 {
			all[0].Send(1, 4, []byte{byte(i)})
		}
		got := make([]byte, 3)
		for i, want := range []error{nil, nil, context.DeadlineExceeded} {
			ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
			if err := all[1].Recv(0, 4, got[i:i+1]).Wait(ctx); !errors.Is(err, want) {
				t.Errorf("message %d: %v, want %v", i, err, want)
			}
			cancel()
		}
		if !bytes.Equal(got, []byte{0, 2, 0}) {
			t.Errorf("got %v", got)
		}
	})
}

// Poison shows the use of slices before operations are complete.
func TestPoison(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		all := ranks.NewGroup(2, ranks.Faults{Delay: time.Second, Poison: true}).Ranks()
		data, got := []byte{1}, []byte{0}
		send, receive := all[0].Send(1, 0, data), all[1].Recv(0, 0, got)
		if got[0] != 0xdb {
			t.Errorf("the slice of a receive has %x", got[0])
		}
		data[0] = 2
		all[0].Send(1, 1, nil) // its lock comes after the wrong uses, so that the race detector sees none
		if err := send.Wait(t.Context()); !errors.Is(err, transport.ErrTransport) {
			t.Errorf("the slice of a send was changed: %v", err)
		}
		receive.Wait(t.Context())
	})
}

// A send whose message is lost ends with the group.
func TestAbortEndsLostSends(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := ranks.NewGroup(2, ranks.Faults{Rendezvous: true, Lost: func(from, to, tag, n int) bool { return tag == 1 }})
		all := g.Ranks()
		g.Kill(1, false)
		sends := []transport.Request{all[0].Send(0, 1, nil), all[0].Send(1, 0, nil)}
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		all[0].Abort(1, "the reason")
		for i, s := range sends {
			if err := s.Wait(ctx); !errors.Is(err, transport.ErrLost) {
				t.Errorf("send %d: %v", i, err)
			}
		}
	})
}

// A collective operation that fails uses its slices no more, although parts of it are still under way.
func TestFailureFreesSlices(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := ranks.NewGroup(3, ranks.Faults{Delay: time.Second, Poison: true})
		all := g.Ranks()
		data, part := []byte{1, 2, 3}, []byte{1}
		gathers := []transport.Request{
			all[0].Allgather(part, data, []int{1, 1, 1}),
			all[1].Allgather([]byte{2}, make([]byte, 3), []int{1, 1, 1}),
		}
		g.Kill(2, true)
		if err := gathers[0].Wait(t.Context()); !errors.Is(err, transport.ErrLost) {
			t.Fatal(err)
		}
		data[0], data[1], data[2], part[0] = 7, 8, 9, 10
		time.Sleep(time.Hour)
		if !bytes.Equal(data, []byte{7, 8, 9}) {
			t.Errorf("the slice has %v after the failure", data)
		}
		gathers[1].Wait(t.Context())
	})
}

func TestLocal(t *testing.T) {
	all := ranks.NewGroup(5, ranks.Faults{PerMachine: 2}).Ranks()
	for i, want := range [][2]int{{0, 2}, {1, 2}, {0, 2}, {1, 2}, {0, 1}} {
		if r, n := all[i].Local(); r != want[0] || n != want[1] {
			t.Errorf("rank %d: %d of %d, want %v", i, r, n, want)
		}
	}
}
