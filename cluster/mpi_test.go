//go:build mpi

package cluster

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"offload/cluster/internal/transport/transporttest"
	"offload/cpu"
	"offload/device"
	"offload/device/devicetest"
	"offload/device/reference"
	"offload/kernels"
	"offload/kernels/gravity"
	"offload/kernels/grid"
	"offload/kernels/multigrid"
)

// The tests in this file run in each process of an MPI job, which ci/mpi starts; without one they are skipped.

func join(t *testing.T) *Comm {
	t.Helper()
	if os.Getenv("OFFLOAD_MPI_JOB") == "" {
		t.Skip("not started by ci/mpi")
	}
	c, err := Join(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if want := os.Getenv("OFFLOAD_MPI_JOB"); want != "any" && !strings.Contains(c.Library(), want) {
		t.Fatalf("the library is %s, not %s", c.Library(), want)
	}
	return c
}

// TestMPI: all that a device of ranks does, on MPI. It is one test, because a process can join once.
func TestMPI(t *testing.T) {
	c := join(t)
	ctx := context.Background()
	defer func() {
		if t.Failed() {
			c.Abort(1, "the tests of a rank failed")
		}
		if err := c.Close(ctx); err != nil {
			t.Error(err)
		}
	}()
	t.Run("transport", func(t *testing.T) {
		ctx, cancel := context.WithTimeout(ctx, 2*time.Minute)
		defer cancel()
		if err := transporttest.Check(ctx, c.transport); err != nil {
			t.Fatal(err)
		}
	})
	t.Run("panics stay panics", func(t *testing.T) {
		err := device.Guard("a fault", func() error {
			var nothing *int
			*nothing = 1
			return nil
		})
		if !errors.Is(err, device.ErrPanic) {
			t.Fatalf("a nil pointer is %v", err)
		}
	})
	t.Run("messages", func(t *testing.T) { testMessages(t, c) })
	t.Run("tasks", func(t *testing.T) { testTasks(t, c) })
	t.Run("device", func(t *testing.T) {
		tested := kernels.All()
		if testing.Short() {
			tested = []*device.Kernel{gravity.Force(device.Float32), grid.Laplacian(device.Float64), multigrid.Cycle(device.Float64)}
		}
		devicetest.RunAlike(t, func(ctx context.Context, o device.Options) (device.Device, error) {
			local, err := cpu.Open(ctx, device.Options{Workers: 1})
			if err != nil {
				return nil, err
			}
			shares := make([]int, c.Size())
			for i := range shares {
				shares[i] = i + 1
			}
			d, err := Open(ctx, c, local, Options{Kernels: o.Kernels, Shares: shares})
			if err != nil {
				return nil, err
			}
			return d, nil
		}, tested...)
	})
}

// testTasks: maps and supersteps, with results that are long and errors.
func testTasks(t *testing.T, c *Comm) {
	ctx := context.Background()
	items := make([]int, 300)
	for i := range items {
		items[i] = i
	}
	for _, size := range []int{1, 10_000} {
		got, err := Map(ctx, c, items, func(_ context.Context, i int) ([]int, error) { return slices.Repeat([]int{i}, size), nil })
		if err != nil {
			t.Fatal(err)
		}
		for i, x := range got {
			if len(x) != size || x[0] != i || x[size-1] != i {
				t.Fatalf("result %d has %d numbers: %v…", i, len(x), x[0])
			}
		}
	}
	_, err := Map(ctx, c, items, func(_ context.Context, i int) (int, error) {
		if i > 200 {
			return 0, fmt.Errorf("%w: %d", device.ErrInvalid, i)
		}
		return i, nil
	})
	var failed *ItemError
	if !errors.As(err, &failed) || failed.Item != 201 || !errors.Is(err, device.ErrInvalid) {
		t.Fatalf("the error of item 201: %v", err)
	}
	s, err := NewSupersteps[int, []int](c, 7)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for step := range 20 {
		err := s.Step(ctx, func(_ context.Context, p *Processor[int, []int]) error {
			for _, m := range p.Messages() {
				p.State += m.From * len(m.Message)
			}
			p.Add(0, 1/float64(1+p.Number()))
			p.Broadcast(make([]int, 5000*step))
			p.Put(0, []int{1})
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	states, err := Collect(ctx, s, func(p *Processor[int, []int]) int { return p.State })
	n := 21 * 5000 * (18 * 19 / 2)
	if want := []int{n + 19*21, n, n, n, n, n, n}; err != nil || !slices.Equal(states, want) {
		t.Fatalf("states %v, want %v: %v", states, want, err)
	}
}

// testMessages sends messages of many sizes around the ranks, and gathers parts of different lengths.
func testMessages(t *testing.T, c *Comm) {
	ctx, n, me := context.Background(), c.Size(), c.Rank()
	text := func(rank, size int) []byte {
		b := make([]byte, size)
		for i := range b {
			b[i] = byte(31*rank + i)
		}
		return b
	}
	for _, size := range []int{0, 1, 7, 1000, 1 << 16, 3 << 20} {
		got := make([]byte, size)
		sent := c.transport.Send((me+1)%n, 3, text(me, size))
		if err := c.Recv(ctx, (me+n-1)%n, 3, got); err != nil {
			t.Fatal(err)
		}
		if err := sent.Wait(ctx); err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got, text((me+n-1)%n, size)) {
			t.Fatalf("a message of %d bytes has other bytes", size)
		}
		counts, all := make([]int, n), []byte(nil)
		for rank := range counts {
			counts[rank] = rank * size / 3
			all = append(all, text(rank, counts[rank])...)
		}
		got = make([]byte, len(all))
		if err := c.Allgather(ctx, text(me, counts[me]), got, counts); err != nil || !bytes.Equal(got, all) {
			t.Fatalf("allgather of %v bytes: %v", counts, err)
		}
		clear(got)
		if err := c.Gather(ctx, n-1, text(me, counts[me]), got, counts); err != nil || me == n-1 && !bytes.Equal(got, all) {
			t.Fatalf("gather of %v bytes: %v", counts, err)
		}
		got = make([]byte, size)
		if me == 0 {
			copy(got, text(9, size))
		}
		if err := c.Bcast(ctx, 0, got); err != nil || !bytes.Equal(got, text(9, size)) {
			t.Fatalf("broadcast of %d bytes: %v", size, err)
		}
	}
}

// TestMPIKilled: where a rank is killed while others wait for it, the job ends. The test itself does not return.
func TestMPIKilled(t *testing.T) {
	c := join(t)
	if os.Getenv("OFFLOAD_MPI_KILL") == "" {
		t.Skip("not started by ci/mpi")
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if err := c.Barrier(ctx); err != nil {
		t.Fatal(err)
	}
	if c.Rank() == c.Size()-1 {
		self, err := os.FindProcess(os.Getpid())
		if err != nil {
			t.Fatal(err)
		}
		self.Kill()
	}
	err := c.Barrier(ctx)
	c.Abort(1, fmt.Sprint("the job went on without a rank: ", err))
}

// TestMPIMany: many ranks on few cores start, exchange data on a device and by messages, and end.
func TestMPIMany(t *testing.T) {
	c := join(t)
	ctx := context.Background()
	n := c.Size()
	local, err := reference.Open(ctx, device.Options{})
	if err != nil {
		t.Fatal(err)
	}
	d, err := Open(ctx, c, local, Options{Shares: slices.Repeat([]int{1}, n)})
	if err != nil {
		t.Fatal(err)
	}
	for _, call := range grid.Laplacian(device.Float64).Examples(130) {
		if err := call.Verify(ctx, d); err != nil {
			t.Error(err)
		}
	}
	if err := d.Close(); err != nil {
		t.Error(err)
	}
	if t.Failed() {
		c.Abort(1, "a result differs")
	}
	if err := c.Close(ctx); err != nil {
		t.Error(err)
	}
}

// TestMPIExchange prints how long two ranks take to send each other a message, for ci/peers/mpi.
func TestMPIExchange(t *testing.T) {
	c := join(t)
	ctx := context.Background()
	for _, n := range []int{8, 1024, 65536, 1 << 20} {
		if c.Size() != 2 {
			break
		}
		out, in, best := make([]byte, n), make([]byte, n), time.Hour
		for range 20 {
			const times = 200
			start := time.Now()
			for range times {
				sent, received := c.transport.Send(1-c.Rank(), 5, out), c.transport.Recv(1-c.Rank(), 5, in)
				if err := errors.Join(received.Wait(ctx), sent.Wait(ctx)); err != nil {
					t.Fatal(err)
				}
			}
			best = min(best, time.Since(start)/times)
		}
		if c.Rank() == 0 {
			fmt.Printf("go  %8d bytes %9.2f us\n", n, float64(best.Nanoseconds())/1e3)
		}
	}
	if err := c.Close(ctx); err != nil {
		t.Error(err)
	}
}
