package sched

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"offload/device"
)

// Alive says from inside Run that a step is done: the device is not silent. Outside of
// Run it does nothing.
func Alive(ctx context.Context) {
	if t, ok := ctx.Value(turnKey{}).(*turn); ok {
		t.beats.Add(1)
	}
}

// Observe says from inside Run how long a launch like l took, with the wait for its
// end. The predictions follow. Outside of Run it does nothing.
func Observe(ctx context.Context, l *device.Launch, took time.Duration) {
	if t, ok := ctx.Value(turnKey{}).(*turn); ok {
		t.c.profile().observe(l.Kernel.Name, amount(device.CostOf(l)), took)
	}
}

// refuse takes note that the device cannot run these kernels.
func (c *candidate) refuse(on *opened, kernels []*device.Kernel, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, k := range kernels {
		on.refused[k] = err
	}
}

// proofShare is the part of a device's time that known answers may take.
const proofShare = 20

// recheck has the device give the known answers of the kernels, if it did not lately.
func (c *candidate) recheck(ctx context.Context, on *opened, kernels []*device.Kernel) error {
	for _, k := range kernels {
		c.mu.Lock()
		last := on.checked[k]
		c.mu.Unlock()
		if time.Since(last.at) <= min(c.s.opts.Recheck, proofShare*last.took) {
			continue
		}
		if err := c.prove(ctx, on, k); err != nil {
			return err
		}
	}
	return nil
}

// prove has the device give the known answers of k.
func (c *candidate) prove(ctx context.Context, on *opened, k *device.Kernel) error {
	start := time.Now()
	if err := known(ctx, on.dev, []*device.Kernel{k}); err != nil {
		return err
	}
	end := time.Now()
	c.mu.Lock()
	defer c.mu.Unlock()
	on.checked[k] = proof{end, end.Sub(start)}
	return nil
}

// known compares the kernels' examples on d with their contracts, and on each of its
// parts if it has any. A part that is not exact for a kernel has no share of it.
func known(ctx context.Context, d device.Device, kernels []*device.Kernel) error {
	for _, p := range d.Parts() {
		exact := slices.DeleteFunc(slices.Clone(kernels), func(k *device.Kernel) bool { return !p.Info().IsExact(k.Name) })
		if err := known(ctx, p, exact); err != nil {
			return err
		}
	}
	for _, k := range kernels {
		if k.Examples == nil {
			continue
		}
		err := device.Verify(ctx, d, k, device.ProbeSize)
		var diff *device.Difference
		if errors.As(err, &diff) {
			return fmt.Errorf("%w: %w", ErrWrong, err)
		}
		if err != nil {
			return err
		}
	}
	return nil
}
