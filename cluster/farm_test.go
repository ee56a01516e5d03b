package cluster

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"offload/cluster/internal/ranks"
	"offload/cpu"
	"offload/device"
)

// worlds are groups in which everything arrives.
var worlds = []ranks.Faults{
	{},
	{Seed: 1, Delay: 50 * time.Millisecond, Poison: true},
	{Seed: 2, Delay: 10 * time.Millisecond, Rendezvous: true},
}

// start runs f as every rank of a group, with a pool of one to three workers each, and returns what the ranks return.
func start(t *testing.T, n int, faults ranks.Faults, f func(ctx context.Context, c *Comm, pool TaskOption) error) []error {
	t.Helper()
	return startIn(t, ranks.NewGroup(n, faults), f)
}

func startIn(t *testing.T, g *ranks.Group, f func(ctx context.Context, c *Comm, pool TaskOption) error) []error {
	t.Helper()
	errs := make([]error, len(g.Ranks()))
	synctest.Test(t, func(t *testing.T) {
		var all sync.WaitGroup
		for i, r := range g.Ranks() {
			all.Go(func() {
				pool, err := cpu.NewPool(1 + i%3)
				if err != nil {
					t.Error(err)
					return
				}
				defer pool.Close()
				ctx := t.Context()
				c, err := newComm(ctx, r)
				if err != nil {
					errs[i] = err
					return
				}
				errs[i] = f(ctx, c, On(pool))
				if err := c.Close(ctx); err != nil && errs[i] == nil {
					errs[i] = err
				}
			})
		}
		all.Wait()
	})
	return errs
}

// everywhere runs f on 1, 2, 3, 5 and 17 ranks in each of the worlds.
func everywhere(t *testing.T, f func(t *testing.T, n int, faults ranks.Faults)) {
	for _, n := range []int{1, 2, 3, 5, 17} {
		for i, w := range worlds {
			t.Run(fmt.Sprintf("%d ranks, world %d", n, i), func(t *testing.T) { f(t, n, w) })
		}
	}
}

func numbers(n int) []int {
	all := make([]int, n)
	for i := range all {
		all[i] = i
	}
	return all
}

// The results are those of a loop, in its order, on every rank.
func TestMapIsALoop(t *testing.T) {
	everywhere(t, func(t *testing.T, n int, faults ranks.Faults) {
		for _, items := range []int{0, 1, 4, 100, 10_000} {
			if testing.Short() && items > 1000 {
				continue
			}
			for _, chunk := range []int{0, 7} {
				for i, err := range start(t, n, faults, func(ctx context.Context, c *Comm, pool TaskOption) error {
					got, err := Map(ctx, c, numbers(items), func(ctx context.Context, i int) (string, error) {
						if i%10 == 0 {
							time.Sleep(time.Duration(i*i%17) * time.Millisecond)
						}
						return fmt.Sprint(i * i), nil
					}, pool, Chunk(chunk))
					if err != nil {
						return err
					}
					if len(got) != items {
						return fmt.Errorf("%d results", len(got))
					}
					for i, s := range got {
						if s != fmt.Sprint(i*i) {
							return fmt.Errorf("result %d is %s", i, s)
						}
					}
					return nil
				}) {
					if err != nil {
						t.Errorf("%d items in chunks of %d: rank %d: %v", items, chunk, i, err)
					}
				}
			}
		}
	})
}

// All ranks do something if there is enough to do.
func TestMapUsesAllRanks(t *testing.T) {
	var mu sync.Mutex
	did := map[int]int{}
	start(t, 5, ranks.Faults{}, func(ctx context.Context, c *Comm, pool TaskOption) error {
		_, err := Map(ctx, c, numbers(100), func(ctx context.Context, i int) (struct{}, error) {
			time.Sleep(time.Second)
			mu.Lock()
			did[c.Rank()]++
			mu.Unlock()
			return struct{}{}, nil
		}, pool)
		return err
	})
	if len(did) != 5 {
		t.Errorf("items by rank: %v", did)
	}
}

func TestMapAtRoot(t *testing.T) {
	for i, err := range start(t, 3, ranks.Faults{}, func(ctx context.Context, c *Comm, pool TaskOption) error {
		got, err := Map(ctx, c, numbers(9), func(ctx context.Context, i int) (int, error) { return -i, nil }, pool, AtRoot())
		if err == nil && (c.Rank() == 0 && !slices.Equal(got, []int{0, -1, -2, -3, -4, -5, -6, -7, -8}) || c.Rank() != 0 && got != nil) {
			err = fmt.Errorf("got %v", got)
		}
		return err
	}) {
		if err != nil {
			t.Errorf("rank %d: %v", i, err)
		}
	}
}

// One map after another, with point-to-point messages between them: nothing of a map is left behind.
func TestMapsInTurn(t *testing.T) {
	everywhere(t, func(t *testing.T, n int, faults ranks.Faults) {
		for i, err := range start(t, n, faults, func(ctx context.Context, c *Comm, pool TaskOption) error {
			for round := range 3 {
				_, err := Map(ctx, c, numbers(20), func(ctx context.Context, i int) (int, error) {
					if round == 1 && i > 3 {
						return 0, errNo
					}
					return i, nil
				}, pool, KnownErrors(errNo))
				if want := map[int]error{1: errNo}[round]; !errors.Is(err, want) {
					return fmt.Errorf("round %d: %w, want %w", round, err, want)
				}
				if err := c.Barrier(ctx); err != nil {
					return err
				}
			}
			return nil
		}) {
			if err != nil {
				t.Errorf("rank %d: %v", i, err)
			}
		}
	})
}

var errNo = errors.New("no")

// The error is that of the first item that fails, whenever it does, and the same on every rank.
func TestMapReturnsFirstError(t *testing.T) {
	for _, c := range []struct {
		name string
		fail func() error
		want error
		text string
	}{
		{"error", func() error { return fmt.Errorf("far: %w", errNo) }, errNo, "far: no"},
		{"panic", func() error { panic("boom") }, device.ErrPanic, "panic: boom"},
		{"panic with an error", func() error { panic(errNo) }, errNo, "panic: no"},
		{"Goexit", func() error { runtime.Goexit(); return nil }, device.ErrPanic, "runtime.Goexit was called"},
		{"canceled", func() error { return context.Canceled }, context.Canceled, "context canceled"},
	} {
		t.Run(c.name, func(t *testing.T) {
			everywhere(t, func(t *testing.T, n int, faults ranks.Faults) {
				for _, failing := range [][]int{{0}, {99}, {41, 5, 70}, {98, 97, 50}} {
					errs := start(t, n, faults, func(ctx context.Context, comm *Comm, pool TaskOption) error {
						_, err := Map(ctx, comm, numbers(100), func(ctx context.Context, i int) (int, error) {
							// The first of those that fail does so last.
							if at := slices.Index(failing, i); at >= 0 {
								time.Sleep(time.Duration(2*len(failing)-i/10) * time.Second)
								return 0, c.fail()
							}
							time.Sleep(time.Millisecond)
							return i, nil
						}, pool, KnownErrors(errNo))
						return err
					})
					for rank, err := range errs {
						var item *ItemError
						if !errors.As(err, &item) || item.Item != slices.Min(failing) || !errors.Is(err, c.want) ||
							!strings.Contains(err.Error(), c.text) || err.Error() != errs[0].Error() {
							t.Errorf("items %v fail: rank %d: %v", failing, rank, err)
						} else if (len(item.Stack) > 0) != errors.Is(err, device.ErrPanic) {
							t.Errorf("items %v fail: rank %d: a stack of %d bytes", failing, rank, len(item.Stack))
						}
					}
				}
			})
		})
	}
}

// After an error, later items that run are cancelled.
func TestMapCancelsLaterItems(t *testing.T) {
	began := time.Time{}
	for rank, err := range start(t, 3, ranks.Faults{}, func(ctx context.Context, c *Comm, pool TaskOption) error {
		if c.Rank() == 0 {
			began = time.Now()
		}
		_, err := Map(ctx, c, numbers(6), func(ctx context.Context, i int) (int, error) {
			if i == 0 {
				time.Sleep(time.Second)
				return 0, errNo
			}
			<-ctx.Done()
			return 0, ctx.Err()
		}, pool, KnownErrors(errNo), Chunk(1))
		if took := time.Since(began); took > 2*time.Second {
			t.Errorf("it took %v", took)
		}
		return err
	}) {
		if !errors.Is(err, errNo) {
			t.Errorf("rank %d: %v", rank, err)
		}
	}
}

// A context that ends on one rank ends the map on all, whether that rank has something to do or not, and the group is
// as before.
func TestMapEndsWithContextOfOneRank(t *testing.T) {
	everywhere(t, func(t *testing.T, n int, faults ranks.Faults) {
		for _, items := range []int{1, 1000} {
			for _, after := range []time.Duration{0, time.Second} {
				errs := start(t, n, faults, func(ctx context.Context, c *Comm, pool TaskOption) error {
					own := ctx
					if c.Rank() == c.Size()-1 {
						var cancel context.CancelFunc
						own, cancel = context.WithTimeout(ctx, after)
						defer cancel()
					}
					began := time.Now()
					_, err := Map(own, c, numbers(items), func(ctx context.Context, i int) (int, error) {
						select {
						case <-ctx.Done():
							return 0, ctx.Err()
						case <-time.After(time.Hour):
							return i, nil
						}
					}, pool)
					if took := time.Since(began); took > after+2*time.Second {
						t.Errorf("rank %d: it took %v", c.Rank(), took)
					}
					return errors.Join(err, c.Barrier(ctx))
				})
				for rank, err := range errs {
					if want := fmt.Sprintf("map ended by rank %d: context deadline exceeded", n-1); !errors.Is(err, context.DeadlineExceeded) || err.Error() != want {
						t.Errorf("%d items, after %v: rank %d: %v, want %s", items, after, rank, err, want)
					}
				}
			}
		}
	})
}

// A task that ignores its context keeps the others waiting for a while only.
func TestMapLeavesDeafTask(t *testing.T) {
	errs := start(t, 3, ranks.Faults{}, func(ctx context.Context, c *Comm, pool TaskOption) error {
		own, cancel := ctx, func() {}
		if c.Rank() == 1 {
			own, cancel = context.WithTimeout(ctx, time.Second)
		}
		defer cancel()
		began := time.Now()
		_, err := Map(own, c, numbers(1), func(ctx context.Context, i int) (int, error) {
			time.Sleep(time.Hour)
			return 0, nil
		}, pool)
		if took := time.Since(began); c.Rank() != 0 && took > Silence {
			t.Errorf("rank %d waited for %v", c.Rank(), took)
		}
		return err
	})
	for rank, err := range errs {
		if err == nil || rank != 1 && !strings.Contains(err.Error(), "rank 1 has left") || !strings.Contains(err.Error(), "deadline exceeded") && rank != 1 {
			t.Errorf("rank %d: %v", rank, err)
		}
	}
}

// A context may end at any moment: then the map has ended well on all ranks or on none, and another one works.
func TestMapEndsAlike(t *testing.T) {
	for after := time.Duration(0); after < 400*time.Millisecond; after += 5 * time.Millisecond {
		var mu sync.Mutex
		ended := map[string]int{}
		check(t, start(t, 3, ranks.Faults{Seed: 7, Delay: 30 * time.Millisecond}, func(ctx context.Context, c *Comm, pool TaskOption) error {
			own := ctx
			if c.Rank() == 2 {
				var cancel context.CancelFunc
				own, cancel = context.WithTimeout(ctx, after)
				defer cancel()
			}
			square := func(ctx context.Context, i int) (int, error) { return i * i, nil }
			_, err := Map(own, c, numbers(9), square, pool)
			mu.Lock()
			ended[fmt.Sprint(err)]++
			mu.Unlock()
			got, err := Map(ctx, c, numbers(4), square, pool)
			if err == nil && !slices.Equal(got, []int{0, 1, 4, 9}) {
				err = fmt.Errorf("got %v", got)
			}
			return err
		}))
		if len(ended) != 1 {
			t.Errorf("after %v: %v", after, ended)
		}
	}
}

// A rank that dies is an error of all others in a bounded time, at any moment of the map, with or without notice.
func TestMapLosesRank(t *testing.T) {
	for _, n := range []int{2, 3, 5} {
		for dead := range n {
			for _, noticed := range []bool{false, true} {
				for _, after := range []time.Duration{0, 300 * time.Millisecond, 3 * time.Second} {
					t.Run(fmt.Sprintf("%d of %d after %v, noticed %v", dead, n, after, noticed), func(t *testing.T) {
						g := ranks.NewGroup(n, ranks.Faults{})
						errs := startIn(t, g, func(ctx context.Context, c *Comm, pool TaskOption) error {
							if c.Rank() == dead {
								time.AfterFunc(after, func() { g.Kill(dead, noticed) })
							}
							began := time.Now()
							_, err := Map(ctx, c, numbers(1000), func(ctx context.Context, i int) (int, error) {
								time.Sleep(100 * time.Millisecond)
								return i, nil
							}, pool)
							if took := time.Since(began); took > 2*Silence {
								t.Errorf("rank %d: it took %v", c.Rank(), took)
							}
							return err
						})
						for rank, err := range errs {
							if !errors.Is(err, ErrTransport) || rank != dead && !errors.Is(err, ErrLost) {
								t.Errorf("rank %d: %v", rank, err)
							}
						}
					})
				}
			}
		}
	}
}

// The error is that of the death, not of what this rank has cancelled because of it.
func TestMapNamesDeath(t *testing.T) {
	for after := time.Duration(0); after < 2*time.Second; after += 5 * time.Millisecond {
		g := ranks.NewGroup(5, ranks.Faults{Seed: 1, Delay: 300 * time.Millisecond})
		errs := startIn(t, g, func(ctx context.Context, c *Comm, pool TaskOption) error {
			if err := c.Barrier(ctx); err != nil {
				return err
			}
			if c.Rank() == 0 {
				time.AfterFunc(after, func() { g.Kill(0, true) })
			}
			_, err := Map(ctx, c, numbers(8), func(ctx context.Context, i int) (int, error) { return i, nil }, pool, Chunk(2))
			return err
		})
		for rank, err := range errs {
			if err != nil && !errors.Is(err, ErrTransport) {
				t.Errorf("rank 0 dies after %v: rank %d: %v", after, rank, err)
			}
		}
	}
}

// A message that is lost ends the map: the ranks never wait for each other for good.
func TestMapLosesMessage(t *testing.T) {
	for _, tag := range []int{tagOrders, tagReports} {
		for lost := range 3 {
			errs := start(t, 2, ranks.Faults{Lost: func(from, to, with, n int) bool { return with == tag && n == lost }},
				func(ctx context.Context, c *Comm, pool TaskOption) error {
					ctx, cancel := context.WithTimeout(ctx, time.Minute)
					defer cancel()
					_, err := Map(ctx, c, numbers(10), func(ctx context.Context, i int) (int, error) { return i, nil }, pool)
					return err
				})
			for rank, err := range errs {
				if err == nil {
					t.Errorf("message %d with tag %d is lost: rank %d has no error", lost, tag, rank)
				}
			}
		}
	}
}

// A task's subtasks run on the pool of its rank.
func TestMapWithSubtasks(t *testing.T) {
	for rank, err := range start(t, 2, ranks.Faults{}, func(ctx context.Context, c *Comm, _ TaskOption) error {
		pool, err := cpu.NewPool(1)
		if err != nil {
			return err
		}
		defer pool.Close()
		got, err := Map(ctx, c, numbers(20), func(ctx context.Context, i int) (int, error) {
			parts, err := cpu.Map(ctx, pool, numbers(i), func(ctx context.Context, j int) (int, error) { return j, nil })
			sum := 0
			for _, x := range parts {
				sum += x
			}
			return sum, err
		}, On(pool))
		if err == nil && got[19] != 171 {
			err = fmt.Errorf("got %v", got)
		}
		return err
	}) {
		if err != nil {
			t.Errorf("rank %d: %v", rank, err)
		}
	}
}

// A map may be made by a task of the pool that computes its items.
func TestMapInTask(t *testing.T) {
	for rank, err := range start(t, 3, ranks.Faults{}, func(ctx context.Context, c *Comm, _ TaskOption) error {
		pool, err := cpu.NewPool(1)
		if err != nil {
			return err
		}
		defer pool.Close()
		_, err = cpu.Submit(ctx, pool, func(ctx context.Context) ([]int, error) {
			var running, most atomic.Int32
			subtask := func(context.Context) (int, error) {
				for n := running.Add(1); n > most.Load(); {
					most.Store(n)
				}
				time.Sleep(time.Millisecond)
				running.Add(-1)
				return 0, nil
			}
			got, err := Map(ctx, c, numbers(20), func(ctx context.Context, i int) (int, error) {
				one, other := cpu.Submit(ctx, pool, subtask), cpu.Submit(ctx, pool, subtask)
				return i, errors.Join(one.Wait(ctx), other.Wait(ctx))
			}, On(pool))
			if most.Load() > 1 {
				t.Errorf("%d tasks at once with one worker", most.Load())
			}
			return got, err
		}).Get(ctx)
		return err
	}) {
		if err != nil {
			t.Errorf("rank %d: %v", rank, err)
		}
	}
}

func TestMapRefuses(t *testing.T) {
	err := Run(t.Context(), 2, func(ctx context.Context, c *Comm) error {
		_, err := Map(ctx, c, numbers(3), func(ctx context.Context, i int) (chan int, error) {
			t.Error("work began")
			return nil, nil
		})
		if !errors.Is(err, ErrEncoding) {
			return fmt.Errorf("channels: %w", err)
		}
		if _, err := Map[int, int](ctx, c, nil, nil); !errors.Is(err, device.ErrInvalid) {
			return fmt.Errorf("no function: %w", err)
		}
		// Values of interfaces are seen too late: that is an error of the item.
		_, err = Map(ctx, c, numbers(3), func(ctx context.Context, i int) (any, error) { return []any{1, make(chan int)}[i%2], nil })
		var item *ItemError
		if !errors.As(err, &item) || item.Item != 1 || !errors.Is(err, ErrEncoding) {
			return fmt.Errorf("a channel as an interface: %w", err)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

// Ranks that make different calls instead of a map learn of it.
func TestMapParts(t *testing.T) {
	for rank, err := range start(t, 3, ranks.Faults{}, func(ctx context.Context, c *Comm, pool TaskOption) error {
		if c.Rank() == 1 {
			return c.Barrier(ctx)
		}
		_, err := Map(ctx, c, numbers(5), func(ctx context.Context, i int) (int, error) { return i, nil }, pool)
		return err
	}) {
		if !errors.Is(err, ErrTransport) && !errors.Is(err, ErrParted) {
			t.Errorf("rank %d: %v", rank, err)
		}
	}
	for rank, err := range start(t, 3, ranks.Faults{}, func(ctx context.Context, c *Comm, pool TaskOption) error {
		_, err := Map(ctx, c, numbers(5+c.Rank()/2), func(ctx context.Context, i int) (int, error) {
			time.Sleep(time.Minute)
			return i, nil
		}, pool)
		return err
	}) {
		if !errors.Is(err, ErrTransport) && !errors.Is(err, ErrParted) {
			t.Errorf("other items: rank %d: %v", rank, err)
		}
	}
	for rank, err := range start(t, 3, ranks.Faults{}, func(ctx context.Context, c *Comm, pool TaskOption) error {
		_, err := Map(ctx, c, numbers(5), func(ctx context.Context, i int) (int, error) {
			time.Sleep(time.Minute)
			return i, nil
		}, pool, Chunk(1+c.Rank()))
		return err
	}) {
		if !errors.Is(err, ErrTransport) && !errors.Is(err, ErrParted) {
			t.Errorf("other chunks: rank %d: %v", rank, err)
		}
	}
}

// Run returns the error of the rank that failed first, which ends the others.
func TestRun(t *testing.T) {
	for name, c := range map[string]struct {
		fail func() error
		want error
	}{
		"error":  {func() error { return errNo }, errNo},
		"panic":  {func() error { panic(errNo) }, errNo},
		"Goexit": {func() error { runtime.Goexit(); return nil }, device.ErrPanic},
	} {
		synctest.Test(t, func(t *testing.T) {
			err := Run(t.Context(), 3, func(ctx context.Context, comm *Comm) error {
				if comm.Rank() == 1 {
					time.Sleep(time.Second)
					return c.fail()
				}
				if err := comm.Recv(ctx, 1, 0, make([]byte, 1)); !errors.Is(err, ErrLost) {
					t.Errorf("%s: rank %d: %v", name, comm.Rank(), err)
				}
				return nil
			})
			if !errors.Is(err, c.want) {
				t.Errorf("%s: %v", name, err)
			}
		})
	}
	if err := Run(t.Context(), 0, nil); !errors.Is(err, device.ErrInvalid) {
		t.Errorf("no ranks: %v", err)
	}
}
