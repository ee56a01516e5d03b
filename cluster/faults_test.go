package cluster

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"offload/cluster/internal/ranks"
)

// trial is a group and what befalls it, all from a seed.
type trial struct {
	*rand.Rand
	ranks  int
	faults ranks.Faults
	event  int
	rank   int           // that it happens to
	after  time.Duration // from the start of the work
	notice bool          // the others notice a death
}

const (
	nothing = iota
	timeout
	death
	events
)

func newTrial(seed uint64) *trial {
	r := rand.New(rand.NewPCG(seed, 0))
	x := &trial{Rand: r, ranks: 1 + r.IntN(6), event: r.IntN(events), after: time.Duration(r.IntN(8000)) * time.Millisecond, notice: r.IntN(2) == 0}
	x.rank = r.IntN(x.ranks)
	x.faults = ranks.Faults{Seed: seed, Poison: r.IntN(2) == 0, Rendezvous: r.IntN(2) == 0}
	if r.IntN(3) > 0 {
		x.faults.Delay = time.Duration(1+r.IntN(500)) * time.Millisecond
	}
	return x
}

func (x *trial) String() string {
	return fmt.Sprintf("%d ranks, %+v, event %d of rank %d after %v (notice: %v)", x.ranks, x.faults, x.event, x.rank, x.after, x.notice)
}

// run runs work as every rank, and checks that it ends as it should: well, with the values that are wanted, or with the
// error that is wanted, alike on all ranks; if a rank dies, soon and with no other values. What work returns is compared
// as text.
func (x *trial) run(t *testing.T, want string, work func(ctx context.Context, c *Comm, pool TaskOption) (any, error)) {
	t.Helper()
	g := ranks.NewGroup(x.ranks, x.faults)
	got, took := make([]string, x.ranks), make([]time.Duration, x.ranks)
	errs := startIn(t, g, func(ctx context.Context, c *Comm, pool TaskOption) error {
		if err := c.Barrier(ctx); err != nil {
			return err
		}
		own, cancel := ctx, context.CancelFunc(func() {})
		if c.Rank() == x.rank {
			switch x.event {
			case timeout:
				own, cancel = context.WithTimeout(ctx, x.after)
			case death:
				time.AfterFunc(x.after, func() { g.Kill(x.rank, x.notice) })
			}
		}
		defer cancel()
		began := time.Now()
		values, err := work(own, c, pool)
		took[c.Rank()] = time.Since(began)
		if got[c.Rank()] = fmt.Sprint(values); err != nil {
			got[c.Rank()] = err.Error()
		}
		if x.event == death {
			return err
		}
		return c.Barrier(ctx) // which works
	})
	for rank, err := range errs {
		ok := got[rank] == want && err == nil
		switch x.event {
		case timeout:
			ok = got[rank] == got[0] && err == nil && (ok || got[rank] == fmt.Sprintf("ended by rank %d", x.rank))
		case death:
			ok = got[rank] == want || errors.Is(err, ErrTransport)
		}
		if !ok || took[rank] > 3*Silence {
			t.Errorf("%v: rank %d after %v: got %q, want %q, %v", x, rank, took[rank], got, want, err)
		}
	}
}

// ending is an error in few words: the item or processor that failed, or the rank whose context ended.
func (x *trial) ending(err error) error {
	var item *ItemError
	switch {
	case errors.As(err, &item) && errors.Is(err, errNo):
		return fmt.Errorf("failed: %d", item.Item)
	case x.event == timeout && errors.Is(err, context.DeadlineExceeded):
		return fmt.Errorf("ended by rank %d", x.rank)
	}
	return err
}

func trials() uint64 {
	if testing.Short() {
		return 60
	}
	return 1000
}

func TestMapInTrials(t *testing.T) {
	for seed := range trials() {
		x := newTrial(seed)
		items, chunk := x.IntN(60), x.IntN(6)
		times := make([]time.Duration, items)
		squares := make([]int, items)
		for i := range times {
			times[i], squares[i] = time.Duration(x.IntN(2000))*time.Millisecond, i*i
		}
		var failing []int
		want := fmt.Sprint(squares)
		if items > 0 && x.IntN(2) == 0 {
			for range 1 + x.IntN(4) {
				failing = append(failing, x.IntN(items))
			}
			want = fmt.Sprint("failed: ", slices.Min(failing))
		}
		x.run(t, want, func(ctx context.Context, c *Comm, pool TaskOption) (any, error) {
			got, err := Map(ctx, c, numbers(items), func(ctx context.Context, i int) (int, error) {
				select {
				case <-ctx.Done():
					return 0, ctx.Err()
				case <-time.After(times[i]):
				}
				if slices.Contains(failing, i) {
					return 0, errNo
				}
				return i * i, nil
			}, pool, Chunk(chunk), KnownErrors(errNo))
			return got, x.ending(err)
		})
	}
}

// fold returns a processor's next state and the processors to which it sends messages, from all that it sees.
func fold(state uint64, count int, messages []Received[uint64], total float64) (next uint64, to []int) {
	next = state*31 + uint64(total*1e6)
	for _, m := range messages {
		next = next*1000003 + uint64(m.From)*7 + m.Message
	}
	for i := range next % 4 {
		to = append(to, int(next>>(8*i+8)%uint64(count)))
	}
	return next, to
}

func TestSuperstepsInTrials(t *testing.T) {
	for seed := range trials() {
		x := newTrial(seed)
		count, steps := 1+x.IntN(12), 1+x.IntN(5)
		states := make([]uint64, count)
		total := 0.0
		in := make([][]Received[uint64], count)
		for range steps { // what the steps do, without ranks
			out, sum := make([][]Received[uint64], count), 0.0
			for p := range count {
				next, to := fold(states[p]+uint64(p), count, in[p], total)
				for i, q := range to {
					out[q] = append(out[q], Received[uint64]{p, next + uint64(i)})
				}
				for q := 0; q < count && next%5 == 0; q++ {
					out[q] = append(out[q], Received[uint64]{p, next})
				}
				states[p] = next
				sum += float64(next%1000) / 7
			}
			in, total = out, sum
		}
		x.run(t, fmt.Sprint(states, total), func(ctx context.Context, c *Comm, pool TaskOption) (any, error) {
			s, err := NewSupersteps[uint64, uint64](c, count, pool)
			if err != nil {
				return nil, err
			}
			for range steps {
				if err := s.Step(ctx, func(ctx context.Context, p *Processor[uint64, uint64]) error {
					time.Sleep(time.Duration(p.State%700) * time.Millisecond)
					next, to := fold(p.State+uint64(p.Number()), count, p.Messages(), p.Total(0))
					for i, q := range to {
						p.Put(q, next+uint64(i))
					}
					if next%5 == 0 {
						p.Broadcast(next)
					}
					p.State = next
					p.Add(0, float64(next%1000)/7)
					return nil
				}); err != nil {
					return nil, x.ending(err)
				}
			}
			got, err := Collect(ctx, s, func(p *Processor[uint64, uint64]) uint64 { return p.State })
			return fmt.Sprint(got, s.Total(0)), x.ending(err)
		})
	}
}
