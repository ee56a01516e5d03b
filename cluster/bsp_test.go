package cluster

import (
	"context"
	"errors"
	"fmt"
	"math"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"offload/cluster/internal/ranks"
	"offload/device"
)

// steps runs f as every rank with supersteps of count processors.
func steps[S, M any](t *testing.T, n, count int, faults ranks.Faults, f func(ctx context.Context, s *Supersteps[S, M]) error) []error {
	t.Helper()
	return start(t, n, faults, func(ctx context.Context, c *Comm, pool TaskOption) error {
		s, err := NewSupersteps[S, M](c, count, pool, KnownErrors(errNo))
		if err != nil {
			return err
		}
		defer s.Close()
		return f(ctx, s)
	})
}

func check(t *testing.T, errs []error) {
	t.Helper()
	for rank, err := range errs {
		if err != nil {
			t.Errorf("rank %d: %v", rank, err)
		}
	}
}

type letter struct {
	Text  string
	Parts []int
}

// Messages are found in the next step alone, in the order of senders and of sending.
func TestMessagesHaveOneOrder(t *testing.T) {
	everywhere(t, func(t *testing.T, n int, faults ranks.Faults) {
		for _, count := range []int{1, 2, 7, 40} {
			check(t, steps(t, n, count, faults, func(ctx context.Context, s *Supersteps[struct{}, letter]) error {
				for step := range 3 {
					if err := s.Step(ctx, func(ctx context.Context, p *Processor[struct{}, letter]) error {
						time.Sleep(time.Duration(p.Number()*7%5) * time.Millisecond)
						var want []Received[letter]
						for from := 0; from < count && step == 1; from++ {
							want = append(want, Received[letter]{from, letter{Text: fmt.Sprintf("%d to all", from)}})
							for i := range from % 3 {
								want = append(want, Received[letter]{from, letter{fmt.Sprintf("%d to %d", from, p.Number()), []int{i}}})
							}
						}
						if !reflect.DeepEqual(p.Messages(), want) {
							return fmt.Errorf("step %d: got %v, want %v", step, p.Messages(), want)
						}
						if step > 0 {
							return nil
						}
						p.Broadcast(letter{Text: fmt.Sprintf("%d to all", p.Number())})
						parts := []int{0}
						for to := p.Count() - 1; to >= 0; to-- {
							for i := range p.Number() % 3 {
								parts[0] = i // the message is that of the call
								p.Put(to, letter{fmt.Sprintf("%d to %d", p.Number(), to), parts})
							}
						}
						return nil
					}); err != nil {
						return err
					}
				}
				return nil
			}))
		}
	})
}

// Every receiver has a message of its own, wherever it is.
func TestMessagesAreNotShared(t *testing.T) {
	for _, n := range []int{1, 2} {
		check(t, steps(t, n, 4, ranks.Faults{}, func(ctx context.Context, s *Supersteps[int, []int]) error {
			err := s.Step(ctx, func(ctx context.Context, p *Processor[int, []int]) error {
				if p.Number() == 0 {
					p.Broadcast([]int{0})
				}
				return nil
			})
			if err != nil {
				return err
			}
			return s.Step(ctx, func(ctx context.Context, p *Processor[int, []int]) error {
				m := p.Messages()[0].Message
				if m[0]++; m[0] != 1 {
					return fmt.Errorf("it is %d", m[0])
				}
				return nil
			})
		}))
	}
}

// Sums have the bits of a loop over the processors, on any number of ranks.
func TestTotals(t *testing.T) {
	value := func(i int) float64 { return math.Ldexp(1+float64(i)/7, i*37%80-40) * float64(1-2*(i%2)) }
	everywhere(t, func(t *testing.T, n int, faults ranks.Faults) {
		for _, count := range []int{1, 3, 100} {
			want, few := 0.0, 0.0
			for i := range count {
				want += value(i)
				if i%3 == 2 {
					few += value(i) + 1
				}
			}
			check(t, steps(t, n, count, faults, func(ctx context.Context, s *Supersteps[struct{}, int]) error {
				err := s.Step(ctx, func(ctx context.Context, p *Processor[struct{}, int]) error {
					if p.Add(0, value(p.Number())); p.Number()%3 == 2 {
						p.Add(2, value(p.Number()))
						p.Add(2, 1)
					}
					return nil
				})
				if err != nil {
					return err
				}
				if s.Total(0) != want || s.Total(1) != 0 || s.Total(2) != few || s.Total(3) != 0 || s.Total(-1) != 0 {
					return fmt.Errorf("%d processors: %v, want %v and %v", count, s.totals, want, few)
				}
				err = s.Step(ctx, func(ctx context.Context, p *Processor[struct{}, int]) error {
					if p.Total(0) != want {
						return errNo
					}
					return nil
				})
				if err == nil && s.Total(0) != 0 {
					err = fmt.Errorf("a step without sums: %v", s.Total(0))
				}
				return err
			}))
		}
	})
}

func TestStatesStay(t *testing.T) {
	everywhere(t, func(t *testing.T, n int, faults ranks.Faults) {
		check(t, steps(t, n, 6, faults, func(ctx context.Context, s *Supersteps[int, int]) error {
			for range 4 {
				if err := s.Step(ctx, func(ctx context.Context, p *Processor[int, int]) error { p.State += p.Number(); return nil }); err != nil {
					return err
				}
			}
			got, err := Collect(ctx, s, func(p *Processor[int, int]) int { return p.State })
			if want := []int{0, 4, 8, 12, 16, 20}; err != nil || !slices.Equal(got, want) {
				return fmt.Errorf("%v, %w", got, err)
			}
			return nil
		}))
	})
}

// The error is that of the lowest processor that fails, on every rank, and remains.
func TestStepReturnsLowestError(t *testing.T) {
	for _, c := range []struct {
		name string
		fail func(p *Processor[int, any]) error
		want error
		text string
	}{
		{"error", func(*Processor[int, any]) error { return errNo }, errNo, "no"},
		{"panic", func(*Processor[int, any]) error { panic("boom") }, device.ErrPanic, "boom"},
		{"Goexit", func(*Processor[int, any]) error { runtime.Goexit(); return nil }, device.ErrPanic, "Goexit"},
		{"receiver", func(p *Processor[int, any]) error { p.Put(20, nil); return nil }, device.ErrInvalid, "processor 20 of 20"},
		{"no receiver", func(p *Processor[int, any]) error { p.Put(-1, nil); return nil }, device.ErrInvalid, "processor -1"},
		{"message", func(p *Processor[int, any]) error { p.Put(0, func() {}); return nil }, ErrEncoding, "func"},
		{"broadcast", func(p *Processor[int, any]) error { p.Broadcast(make(chan int)); return nil }, ErrEncoding, "chan"},
		{"sum", func(p *Processor[int, any]) error { p.Add(-1, 0); return nil }, device.ErrInvalid, "-1"},
	} {
		t.Run(c.name, func(t *testing.T) {
			everywhere(t, func(t *testing.T, n int, faults ranks.Faults) {
				errs := steps(t, n, 20, faults, func(ctx context.Context, s *Supersteps[int, any]) error {
					err := s.Step(ctx, func(ctx context.Context, p *Processor[int, any]) error {
						if i := p.Number(); i == 7 || i == 13 || i == 19 {
							time.Sleep(time.Duration(20-i) * time.Second)
							return c.fail(p)
						}
						return nil
					})
					if again := s.Step(ctx, func(ctx context.Context, p *Processor[int, any]) error { return nil }); again != err {
						return fmt.Errorf("first %w, then %w", err, again)
					}
					if _, again := Collect(ctx, s, func(p *Processor[int, any]) int { return 0 }); again != err {
						return fmt.Errorf("first %w, then %w", err, again)
					}
					return errors.Join(err, s.comm.Barrier(ctx))
				})
				for rank, err := range errs {
					if !errors.Is(err, c.want) || !strings.HasPrefix(err.Error(), "superstep 1: processor 7: ") || !strings.Contains(err.Error(), c.text) || err.Error() != errs[0].Error() {
						t.Errorf("rank %d: %v", rank, err)
					}
				}
			})
		})
	}
}

func TestCollectFails(t *testing.T) {
	for rank, err := range steps(t, 3, 7, ranks.Faults{}, func(ctx context.Context, s *Supersteps[int, int]) error {
		if _, err := Collect(ctx, s, func(p *Processor[int, int]) func() { return nil }); !errors.Is(err, ErrEncoding) {
			return fmt.Errorf("functions: %w", err)
		}
		_, err := Collect(ctx, s, func(p *Processor[int, int]) int { return 1 / (p.Number() - 4) })
		return err
	}) {
		if !errors.Is(err, device.ErrPanic) || !strings.Contains(err.Error(), "processor 4") {
			t.Errorf("rank %d: %v", rank, err)
		}
	}
}

// A context that ends on one rank ends the step on all, and the group is as before.
func TestStepEndsWithContextOfOneRank(t *testing.T) {
	everywhere(t, func(t *testing.T, n int, faults ranks.Faults) {
		for _, after := range []time.Duration{0, time.Second} {
			for rank, err := range steps(t, n, 4, faults, func(ctx context.Context, s *Supersteps[int, int]) error {
				own := ctx
				if s.comm.Rank() == 0 {
					var cancel context.CancelFunc
					own, cancel = context.WithTimeout(ctx, after)
					defer cancel()
				}
				err := s.Step(own, func(ctx context.Context, p *Processor[int, int]) error {
					select {
					case <-ctx.Done():
					case <-time.After(2 * time.Second):
					}
					return ctx.Err()
				})
				return errors.Join(err, s.comm.Barrier(ctx))
			}) {
				if want := "superstep 1 ended by rank 0: context deadline exceeded"; !errors.Is(err, context.DeadlineExceeded) || err.Error() != want {
					t.Errorf("rank %d: %v, want %s", rank, err, want)
				}
			}
		}
	})
}

// A rank that dies is an error of all others in a bounded time.
func TestStepLosesRank(t *testing.T) {
	for dead := range 3 {
		for _, after := range []time.Duration{0, time.Second, 2500 * time.Millisecond} {
			g := ranks.NewGroup(3, ranks.Faults{Seed: 5, Delay: 100 * time.Millisecond})
			errs := startIn(t, g, func(ctx context.Context, c *Comm, pool TaskOption) error {
				s, err := NewSupersteps[int, int](c, 9, pool)
				if err != nil {
					return err
				}
				if c.Rank() == dead {
					time.AfterFunc(after, func() { g.Kill(dead, false) })
				}
				began := time.Now()
				for err == nil && time.Since(began) < time.Minute {
					err = s.Step(ctx, func(ctx context.Context, p *Processor[int, int]) error {
						time.Sleep(300 * time.Millisecond)
						p.Broadcast(1)
						return nil
					})
				}
				if took := time.Since(began); took > 2*Silence {
					t.Errorf("rank %d: it took %v", c.Rank(), took)
				}
				return err
			})
			for rank, err := range errs {
				if !errors.Is(err, ErrLost) {
					t.Errorf("rank %d dies after %v: rank %d: %v", dead, after, rank, err)
				}
			}
		}
	}
}

func TestSuperstepsRefuse(t *testing.T) {
	err := Run(t.Context(), 1, func(ctx context.Context, c *Comm) error {
		_, err := NewSupersteps[int, chan int](c, 1)
		_, none := NewSupersteps[int, int](c, 0)
		if !errors.Is(err, ErrEncoding) || !errors.Is(none, device.ErrInvalid) {
			return fmt.Errorf("%w, %w", err, none)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}
