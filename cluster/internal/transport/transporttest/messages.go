package transporttest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"offload/cluster/internal/transport"
)

// messages: those of a rank with a tag are received in the order in which they were sent, whatever the order in which
// other ones are, and by receives in the order in which they were started.
func messages(ctx context.Context, r transport.Transport) error {
	me, n := r.Rank(), r.Size()
	tags := []int{0, 1, transport.MaxTag}
	sizes := []int{0, 1, 7, 1, 1000, 0, 1<<13 + 1, 64}
	var sends []transport.Request
	var sent []memory
	for to := range n {
		for _, tag := range tags {
			for i, size := range sizes {
				m := newMemoryOf(text(size, me, to, tag, i))
				sent = append(sent, m)
				sends = append(sends, r.Send(to, tag, m.data))
			}
		}
	}
	for from := n - 1; from >= 0; from-- {
		for t := len(tags) - 1; t >= 0; t-- {
			var receives []transport.Request
			var got []memory
			for _, size := range sizes {
				m := newMemory(size)
				got = append(got, m)
				receives = append(receives, r.Recv(from, tags[t], m.data))
			}
			if err := waitAll(ctx, receives); err != nil {
				return fmt.Errorf("receive from rank %d with tag %d: %w", from, tags[t], err)
			}
			for i, size := range sizes {
				if err := got[i].holds(text(size, from, me, tags[t], i)); err != nil {
					return fmt.Errorf("message %d of rank %d with tag %d: %w", i, from, tags[t], err)
				}
			}
		}
	}
	if err := waitAll(ctx, sends); err != nil {
		return fmt.Errorf("send: %w", err)
	}
	k := 0
	for to := range n {
		for _, tag := range tags {
			for i, size := range sizes {
				if err := sent[k].holds(text(size, me, to, tag, i)); err != nil {
					return fmt.Errorf("the slice of a send: %w", err)
				}
				k++
			}
		}
	}
	return nil
}

// reuse: once a send is complete, its slice is free, even if nothing has received the message.
func reuse(ctx context.Context, r transport.Transport) error {
	me, n := r.Rank(), r.Size()
	for _, size := range []int{1, 100, 1 << 18} {
		data := text(size, me)
		send := r.Send((me+1)%n, 2, data)
		err := waitSoon(ctx, send)
		if err == nil {
			clear(data)
		} else if !ended(err) {
			return err
		}
		got, from := newMemory(size), (me+n-1)%n
		if err := r.Recv(from, 2, got.data).Wait(ctx); err != nil {
			return err
		}
		if err := got.holds(text(size, from)); err != nil {
			return fmt.Errorf("a message of rank %d: %w", from, err)
		}
		if ended(err) {
			if err := send.Wait(ctx); err != nil {
				return fmt.Errorf("second wait: %w", err)
			}
		}
	}
	return nil
}

// lengths: a message of another length is an error of its receive alone, which stays in its slice. The messages that are
// too long are short ones: Open MPI 4.1 writes those of more than some kilobytes whole, beyond the slice.
func lengths(ctx context.Context, r transport.Transport) error {
	me, n := r.Rank(), r.Size()
	to, from := (me+1)%n, (me+n-1)%n
	for _, c := range []struct{ sent, expected int }{{3, 2}, {2, 3}, {0, 1}, {1, 0}, {5, 1 << 17}, {500, 5}} {
		wrong, right := r.Send(to, 3, text(c.sent, me)), r.Send(to, 3, text(c.expected, me))
		got := newMemory(c.expected)
		if err := r.Recv(from, 3, got.data).Wait(ctx); !errors.Is(err, transport.ErrTransport) {
			return fmt.Errorf("%d bytes where %d are expected: %v", c.sent, c.expected, err)
		}
		if err := got.guarded(); err != nil {
			return fmt.Errorf("%d bytes where %d are expected: %w", c.sent, c.expected, err)
		}
		if err := r.Recv(from, 3, got.data).Wait(ctx); err != nil {
			return fmt.Errorf("after a message of another length: %w", err)
		}
		if err := got.holds(text(c.expected, from)); err != nil {
			return fmt.Errorf("after a message of another length: %w", err)
		}
		if err := wrong.Wait(ctx); err != nil && !errors.Is(err, transport.ErrTransport) { // it may fail
			return err
		}
		if err := right.Wait(ctx); err != nil {
			return err
		}
	}
	return nil
}

// tries: TryRecv finds what has arrived with its tag, from any rank, in the order of each sender.
func tries(ctx context.Context, r transport.Transport) error {
	const tag, other, none = 5, 6, 7
	me, n := r.Rank(), r.Size()
	size := func(from, i int) int { return 3*from + 2*i }
	var sends []transport.Request
	for to := range n {
		for i := range 3 {
			sends = append(sends, r.Send(to, tag, text(size(me, i), me, to, i)))
		}
		sends = append(sends, r.Send(to, other, []byte{byte(me)}))
	}
	had := make([]int, n) // messages of each rank
	for total := 0; total < 3*n; {
		got := newMemory(3*n + 10)
		from, length, err := r.TryRecv(tag, got.data)
		switch {
		case err != nil:
			return err
		case from == -1:
			if err := pause(ctx); err != nil {
				return fmt.Errorf("%d of %d messages have arrived: %w", total, 3*n, err)
			}
			continue
		case from < 0 || from >= n || had[from] == 3:
			return fmt.Errorf("message %d of rank %d", total, from)
		}
		i := had[from]
		if length != size(from, i) {
			return fmt.Errorf("message %d of rank %d has %d bytes, not %d", i, from, length, size(from, i))
		}
		head := memory{got.data[:length], got.whole}
		if err := head.holds(text(length, from, me, i)); err != nil {
			return fmt.Errorf("message %d of rank %d: %w", i, from, err)
		}
		had[from]++
		total++
	}
	for _, t := range []int{tag, none} {
		if from, _, err := r.TryRecv(t, make([]byte, 100)); from != -1 || err != nil {
			return fmt.Errorf("a message with tag %d of rank %d that was not sent: %v", t, from, err)
		}
	}
	for from := range n {
		got := newMemory(1)
		if err := r.Recv(from, other, got.data).Wait(ctx); err != nil {
			return err
		}
		if err := got.holds([]byte{byte(from)}); err != nil {
			return fmt.Errorf("a message with another tag: %w", err)
		}
	}
	if err := waitAll(ctx, sends); err != nil {
		return err
	}
	return tooLong(ctx, r)
}

// tooLong: a message that is too long for TryRecv is an error, and stays.
func tooLong(ctx context.Context, r transport.Transport) error {
	const tag = 8
	send := r.Send(r.Rank(), tag, text(9))
	got := newMemory(4)
	for {
		_, _, err := r.TryRecv(tag, got.data)
		if errors.Is(err, transport.ErrTransport) {
			break
		}
		if err == nil {
			err = pause(ctx)
		}
		if err != nil {
			return fmt.Errorf("a message of 9 bytes where at most 4 are expected: %w", err)
		}
	}
	if err := got.guarded(); err != nil {
		return fmt.Errorf("a message that is too long: %w", err)
	}
	got = newMemory(9)
	if err := r.Recv(r.Rank(), tag, got.data).Wait(ctx); err != nil {
		return fmt.Errorf("a message that was too long before: %w", err)
	}
	if err := got.holds(text(9)); err != nil {
		return err
	}
	return send.Wait(ctx)
}

// pause waits a moment for messages to arrive.
func pause(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(time.Millisecond):
		return nil
	}
}

// goroutines: any number of them may use a transport.
func goroutines(ctx context.Context, r transport.Transport) error {
	const workers, rounds = 6, 10
	me, n := r.Rank(), r.Size()
	errs := make([]error, workers)
	var group sync.WaitGroup
	for tag := range workers {
		group.Go(func() {
			errs[tag] = func() error {
				for i := range rounds {
					to, from := (me+tag)%n, (me+n-tag%n)%n
					send, got := r.Send(to, tag, text(100*i, me, tag)), newMemory(100*i)
					if err := r.Recv(from, tag, got.data).Wait(ctx); err != nil {
						return err
					}
					if err := send.Wait(ctx); err != nil {
						return err
					}
					if err := got.holds(text(100*i, from, tag)); err != nil {
						return fmt.Errorf("message %d of rank %d with tag %d: %w", i, from, tag, err)
					}
				}
				return nil
			}()
		})
	}
	group.Wait()
	return errors.Join(errs...)
}
