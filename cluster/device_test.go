package cluster

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"offload/cluster/internal/ranks"
	"offload/cpu"
	"offload/device"
	"offload/device/devicetest"
	"offload/device/reference"
	"offload/kernels"
	"offload/kernels/gravity"
	"offload/kernels/grid"
	"offload/kernels/multigrid"
)

// TestCompliance: the device of all ranks is one like any other, for programs whose ranks make the same calls.
func TestCompliance(t *testing.T) {
	all := kernels.All()
	few := []*device.Kernel{gravity.Force(device.Float32), grid.Laplacian(device.Float64), multigrid.Cycle(device.Float64), multigrid.Restrict()}
	for _, c := range []struct {
		ranks   int
		shares  []int
		kernels []*device.Kernel
		short   bool // also with -short
	}{
		{1, nil, few, false},
		{2, nil, few, false},
		{2, []int{1, 1}, all, false},
		{2, []int{0, 1}, few, false},
		{3, []int{3, 1, 2}, few, true},
		{5, []int{1, 1, 1, 1, 1}, few, false},
	} {
		if testing.Short() && !c.short {
			continue
		}
		t.Run(fmt.Sprintf("%d ranks %v", c.ranks, c.shares), func(t *testing.T) {
			ts := ranks.New(c.ranks)
			var all sync.WaitGroup
			for _, tr := range ts {
				all.Go(func() {
					t.Run(fmt.Sprint("rank ", tr.Rank()), func(t *testing.T) {
						ctx := context.Background()
						comm, err := newComm(ctx, tr)
						if err != nil {
							t.Fatal(err)
						}
						defer func() {
							if t.Failed() {
								comm.Abort(1, "the tests of a rank failed")
							}
							comm.Close(ctx)
						}()
						devicetest.RunAlike(t, func(ctx context.Context, o device.Options) (device.Device, error) {
							local, err := cpu.Open(ctx, device.Options{Workers: 1})
							if err != nil {
								return nil, err
							}
							d, err := Open(ctx, comm, local, Options{Kernels: o.Kernels, Shares: c.shares})
							if err != nil {
								return nil, err
							}
							return d, nil
						}, c.kernels...)
					})
				})
			}
			all.Wait()
		})
	}
}

// onRanks runs f on each of n ranks with a device of equal shares, and returns their errors.
func onRanks(t *testing.T, n int, f func(ctx context.Context, c *Comm, d *Device) error) []error {
	t.Helper()
	errs := make([]error, n)
	var all sync.WaitGroup
	for _, tr := range ranks.New(n) {
		all.Go(func() {
			ctx := context.Background()
			errs[tr.Rank()] = func() error {
				c, err := newComm(ctx, tr)
				if err != nil {
					return err
				}
				local, err := reference.Open(ctx, device.Options{})
				if err != nil {
					return err
				}
				d, err := Open(ctx, c, local, Options{Shares: slices.Repeat([]int{1}, n)})
				if err != nil {
					return err
				}
				if err := f(ctx, c, d); err != nil {
					c.Abort(1, err.Error()) // as a program does
					return err
				}
				return errors.Join(d.Close(), c.Close(ctx))
			}()
		})
	}
	all.Wait()
	return errs
}

// double is y = 2·x, with a fault at one row.
func double(fault int) *device.Kernel {
	return &device.Kernel{
		Name:   "double",
		Params: []device.Param{{Name: "x", Type: device.Float64, Access: device.ReadRows}, {Name: "y", Type: device.Float64, Access: device.WriteRows}},
		Contract: func(t *device.Tile) {
			x, y := device.View[float64](t, 0), device.View[float64](t, 1)
			for i := t.Rows.Lo; i < t.Rows.Hi; i++ {
				if i == fault {
					panic("a fault")
				}
				y[i] = 2 * x[i]
			}
		},
	}
}

// TestParted: ranks whose calls differ end with an error that names both calls, wherever that is noticed: in a wait, in a
// read, or at the end of the program.
func TestParted(t *testing.T) {
	const n = 64
	for _, c := range []struct {
		name string
		says []string
		run  func(ctx context.Context, rank int, d *Device, x, y device.Buffer) error
	}{
		{"another kernel", []string{"launch double", "launch other"}, func(ctx context.Context, rank int, d *Device, x, y device.Buffer) error {
			k := double(-1)
			if rank == 1 {
				k.Name = "other"
			}
			l := &device.Launch{Kernel: k, Args: []device.Arg{device.Vec(x), device.Vec(y)}, Rows: device.Range{Hi: n}}
			return errors.Join(d.Launch(ctx, l), y.Wait(ctx))
		}},
		{"other data", []string{"write, 0 to 64", "other data"}, func(ctx context.Context, rank int, d *Device, x, y device.Buffer) error {
			data := make([]float64, n)
			data[n-1] = float64(rank)
			return errors.Join(x.Write(ctx, 0, device.Of(data)), x.Read(ctx, 0, device.Of(data)))
		}},
		{"one more call", []string{"sync", "end of the program"}, func(ctx context.Context, rank int, d *Device, x, y device.Buffer) error {
			if rank == 1 {
				return nil
			}
			return d.Sync(ctx)
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			errs := onRanks(t, 3, func(ctx context.Context, comm *Comm, d *Device) error {
				x, err := device.Upload(ctx, d, make([]float64, n))
				if err != nil {
					return err
				}
				y, err := d.Alloc(device.Float64, n)
				if err != nil {
					return err
				}
				return c.run(ctx, comm.Rank(), d, x, y)
			})
			named := false
			for rank, err := range errs {
				if err == nil {
					t.Errorf("rank %d has no error", rank)
					continue
				}
				ok := true
				for _, text := range c.says {
					ok = ok && strings.Contains(err.Error(), text)
				}
				named = named || ok && errors.Is(err, ErrParted)
			}
			if !named {
				t.Errorf("no error names both calls: %v", errs)
			}
		})
	}
}

// TestFailureOnOneRank: what fails on one rank is an error of all ranks for the same elements, and so is what was computed
// from it; other elements are right, and the device goes on.
func TestFailureOnOneRank(t *testing.T) {
	const n = 60
	errs := onRanks(t, 3, func(ctx context.Context, c *Comm, d *Device) error {
		data := make([]float64, n)
		for i := range data {
			data[i] = float64(i)
		}
		x, err := device.Upload(ctx, d, data)
		if err != nil {
			return err
		}
		y, err1 := d.Alloc(device.Float64, n)
		z, err2 := d.Alloc(device.Float64, n)
		if err := errors.Join(err1, err2); err != nil {
			return err
		}
		launch := func(k *device.Kernel, from, to device.Buffer, lo, hi int) error {
			return d.Launch(ctx, &device.Launch{Kernel: k, Args: []device.Arg{device.Vec(from), device.Vec(to)}, Rows: device.Range{Lo: lo, Hi: hi}})
		}
		// Row 45 is rank 2's: its launch fails. The next one reads some of it.
		if err := errors.Join(launch(double(45), x, y, 30, n), launch(double(-1), y, z, 0, 40)); err != nil {
			return err
		}
		if err := x.Wait(ctx); err != nil {
			return fmt.Errorf("x: %w", err)
		}
		for _, r := range []struct {
			b      device.Buffer
			lo, hi int
			fails  bool
		}{{y, 0, 30, false}, {y, 29, 31, true}, {y, 50, n, true}, {z, 0, 40, true}, {z, 40, n, false}, {x, 0, n, false}} {
			err := r.b.Read(ctx, r.lo, device.Of(make([]float64, r.hi-r.lo)))
			if r.fails != errors.Is(err, device.ErrPanic) || !r.fails && err != nil {
				return fmt.Errorf("elements %d to %d: %v", r.lo, r.hi, err)
			}
			if far := (*RankError)(nil); r.fails && c.Rank() != 2 && (!errors.As(err, &far) || far.Rank != 2) {
				return fmt.Errorf("the error does not name rank 2: %v", err)
			}
		}
		if err := errors.Join(launch(double(-1), x, y, 0, n), launch(double(-1), y, z, 0, n)); err != nil {
			return err
		}
		got, err := device.Download[float64](ctx, z)
		if err != nil {
			return err
		}
		for i, v := range got {
			if v != float64(4*i) {
				return fmt.Errorf("z[%d] = %v", i, v)
			}
		}
		return nil
	})
	for rank, err := range errs {
		if err != nil {
			t.Errorf("rank %d: %v", rank, err)
		}
	}
}

// TestGather: rank 0 alone gets the elements.
func TestGather(t *testing.T) {
	const n = 1000
	errs := onRanks(t, 3, func(ctx context.Context, c *Comm, d *Device) error {
		x, err := device.Upload(ctx, d, slices.Repeat([]float64{1}, n))
		if err != nil {
			return err
		}
		y, err := d.Alloc(device.Float64, n)
		if err != nil {
			return err
		}
		l := &device.Launch{Kernel: double(-1), Args: []device.Arg{device.Vec(x), device.Vec(y)}, Rows: device.Range{Hi: n}}
		if err := d.Launch(ctx, l); err != nil {
			return err
		}
		var dst []float64
		if c.Rank() == 0 {
			dst = make([]float64, n-10)
		}
		if err := d.Gather(ctx, y, 10, n-10, device.Of(dst)); err != nil {
			return err
		}
		if c.Rank() == 0 && !slices.Equal(dst, slices.Repeat([]float64{2}, n-10)) {
			return fmt.Errorf("gathered %v", dst)
		}
		return nil
	})
	if err := errors.Join(errs...); err != nil {
		t.Error(err)
	}
}
