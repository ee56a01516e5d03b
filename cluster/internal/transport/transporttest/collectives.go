package transporttest

import (
	"context"
	"fmt"
	"slices"

	"offload/cluster/internal/transport"
)

// broadcast: all have root's data.
func broadcast(ctx context.Context, r transport.Transport) error {
	for root := range r.Size() {
		for _, size := range []int{0, 1, 1000, 1<<16 + 1} {
			want, m := text(size, root), newMemory(size)
			if r.Rank() == root {
				copy(m.data, want)
			}
			if err := r.Bcast(root, m.data).Wait(ctx); err != nil {
				return fmt.Errorf("%d bytes of rank %d: %w", size, root, err)
			}
			if err := m.holds(want); err != nil {
				return fmt.Errorf("%d bytes of rank %d: %w", size, root, err)
			}
		}
	}
	return nil
}

// parts returns the lengths of the parts of all ranks, some of which are empty, and all of them together.
func parts(n, size int) (counts []int, all []byte) {
	for rank := range n {
		count := (rank%4 + 1) * size
		if rank%3 == 1 {
			count = 0
		}
		counts = append(counts, count)
		all = append(all, text(count, rank, size)...)
	}
	return counts, all
}

// gather: root has all parts, and the others pass nothing for them.
func gather(ctx context.Context, r transport.Transport) error {
	n := r.Size()
	for root := range n {
		for _, size := range []int{0, 1, 100, 1<<14 + 1} {
			counts, want := parts(n, size)
			part := newMemoryOf(text(counts[r.Rank()], r.Rank(), size))
			var err error
			if r.Rank() == root {
				all := newMemory(len(want))
				if err = r.Gather(root, part.data, all.data, counts).Wait(ctx); err == nil {
					err = all.holds(want)
				}
			} else {
				err = r.Gather(root, part.data, nil, nil).Wait(ctx)
			}
			if err == nil {
				err = part.holds(text(len(part.data), r.Rank(), size))
			}
			if err != nil {
				return fmt.Errorf("%v bytes at rank %d: %w", counts, root, err)
			}
		}
	}
	return nil
}

// allgather: every rank has all parts.
func allgather(ctx context.Context, r transport.Transport) error {
	n := r.Size()
	for _, size := range []int{0, 1, 100, 1<<14 + 1} {
		counts, want := parts(n, size)
		part, all := newMemoryOf(text(counts[r.Rank()], r.Rank(), size)), newMemory(len(want))
		if err := r.Allgather(part.data, all.data, counts).Wait(ctx); err != nil {
			return fmt.Errorf("%v bytes: %w", counts, err)
		}
		if err := all.holds(want); err != nil {
			return fmt.Errorf("%v bytes: %w", counts, err)
		}
		if err := part.holds(text(len(part.data), r.Rank(), size)); err != nil {
			return fmt.Errorf("a part of %v bytes: %w", counts, err)
		}
	}
	return nil
}

// together: several operations may be under way, and be waited for in any order.
func together(ctx context.Context, r transport.Transport) error {
	me, n := r.Rank(), r.Size()
	counts, want := parts(n, 50)
	part := text(counts[me], me, 50)
	var under []transport.Request
	var casts, alls, got []memory
	for i := range 5 {
		cast, all, message := newMemory(200), newMemory(len(want)), newMemory(30)
		if me == i%n {
			copy(cast.data, text(200, i))
		}
		under = append(under,
			r.Bcast(i%n, cast.data),
			r.Send((me+1)%n, 0, text(30, me, i)),
			r.Allgather(part, all.data, counts),
			r.Barrier(),
			r.Recv((me+n-1)%n, 0, message.data))
		casts, alls, got = append(casts, cast), append(alls, all), append(got, message)
	}
	if me%2 == 1 {
		slices.Reverse(under)
	}
	if err := waitAll(ctx, under); err != nil {
		return err
	}
	for i := range casts {
		if err := casts[i].holds(text(200, i)); err != nil {
			return fmt.Errorf("broadcast %d: %w", i, err)
		}
		if err := alls[i].holds(want); err != nil {
			return fmt.Errorf("allgather %d: %w", i, err)
		}
		if err := got[i].holds(text(30, (me+n-1)%n, i)); err != nil {
			return fmt.Errorf("message %d: %w", i, err)
		}
	}
	return nil
}

// late: operations that need a rank are not complete before it has started them. Until then waits end with their contexts,
// and operations go on.
func late(ctx context.Context, r transport.Transport) error {
	me, n := r.Rank(), r.Size()
	counts, want := parts(n, 10)
	for _, missing := range []int{0, n - 1} {
		for _, c := range []struct {
			name  string
			start func(m memory) []transport.Request
			want  []byte
		}{
			{"message", func(m memory) []transport.Request {
				under := []transport.Request{r.Recv(missing, 9, m.data)}
				for to := 0; to < n && me == missing; to++ {
					under = append(under, r.Send(to, 9, text(10)))
				}
				return under
			}, text(10)},
			{"barrier", func(memory) []transport.Request { return []transport.Request{r.Barrier()} }, nil},
			{"broadcast", func(m memory) []transport.Request {
				if me == missing {
					copy(m.data, text(100))
				}
				return []transport.Request{r.Bcast(missing, m.data)}
			}, text(100)},
			{"allgather", func(m memory) []transport.Request {
				return []transport.Request{r.Allgather(text(counts[me], me, 10), m.data, counts)}
			}, want},
		} {
			m := newMemory(len(c.want))
			if err := meet(ctx, r, missing, func() []transport.Request { return c.start(m) }); err != nil {
				return fmt.Errorf("%s of rank %d: %w", c.name, missing, err)
			}
			if err := m.holds(c.want); err != nil {
				return fmt.Errorf("%s of rank %d: %w", c.name, missing, err)
			}
		}
	}
	return nil
}

// meet has a rank start operations after the others have waited for theirs in vain.
func meet(ctx context.Context, r transport.Transport, missing int, start func() []transport.Request) error {
	const tag = 10
	if r.Rank() == missing {
		for from := range r.Size() {
			if from != missing {
				if err := r.Recv(from, tag, nil).Wait(ctx); err != nil {
					return err
				}
			}
		}
		return waitAll(ctx, start())
	}
	under := start()
	for range 2 {
		if err := waitSoon(ctx, under[0]); !ended(err) {
			return fmt.Errorf("without that rank: %v", err)
		}
	}
	if err := r.Send(missing, tag, nil).Wait(ctx); err != nil {
		return err
	}
	return waitAll(ctx, under)
}

// duplicates: operations of different transports do not meet, and one is closed without the others.
func duplicates(ctx context.Context, r transport.Transport) error {
	me, n := r.Rank(), r.Size()
	first, err := r.Dup(ctx)
	if err != nil {
		return err
	}
	second, err := first.Dup(ctx)
	if err != nil {
		return err
	}
	all := []transport.Transport{r, first, second}
	for i, t := range all {
		if t.Rank() != me || t.Size() != n {
			return fmt.Errorf("transport %d has number %d of %d", i, t.Rank(), t.Size())
		}
	}
	var under []transport.Request
	var casts, got []memory
	for i := range all {
		if me%2 == 1 { // in another order than the neighbours
			i = len(all) - 1 - i
		}
		cast := newMemory(20)
		if me == 0 {
			copy(cast.data, text(20, i))
		}
		under = append(under, all[i].Bcast(0, cast.data), all[i].Barrier(), all[i].Send((me+1)%n, 0, text(10, me, i)))
		casts = append(casts, cast)
	}
	for i := len(all) - 1; i >= 0; i-- {
		message := newMemory(10)
		under = append(under, all[i].Recv((me+n-1)%n, 0, message.data))
		got = append(got, message)
	}
	if err := waitAll(ctx, under); err != nil {
		return err
	}
	for k := range all {
		i := k
		if me%2 == 1 {
			i = len(all) - 1 - k
		}
		if err := casts[k].holds(text(20, i)); err != nil {
			return fmt.Errorf("broadcast of transport %d: %w", i, err)
		}
		i = len(all) - 1 - k
		if err := got[k].holds(text(10, (me+n-1)%n, i)); err != nil {
			return fmt.Errorf("message of transport %d: %w", i, err)
		}
	}
	if err := apart(ctx, r, first); err != nil {
		return err
	}
	for i, t := range all[1:] {
		if err := t.Close(ctx); err != nil {
			return fmt.Errorf("close of transport %d: %w", i+1, err)
		}
		for _, open := range all[i+2:] {
			if err := open.Barrier().Wait(ctx); err != nil {
				return fmt.Errorf("after the close of another: %w", err)
			}
		}
	}
	return r.Barrier().Wait(ctx)
}

// apart: TryRecv of a copy does not find the messages of its original.
func apart(ctx context.Context, r, copied transport.Transport) error {
	const tag = 11
	send := r.Send((r.Rank()+1)%r.Size(), tag, nil)
	for found := false; ; {
		if from, _, err := copied.TryRecv(tag, nil); from != -1 || err != nil {
			return fmt.Errorf("a copy has a message of rank %d: %v", from, err)
		}
		if found {
			return send.Wait(ctx)
		}
		from, _, err := r.TryRecv(tag, nil)
		if found = from >= 0; err == nil && !found {
			err = pause(ctx)
		}
		if err != nil {
			return err
		}
	}
}
