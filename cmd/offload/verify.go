package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"offload"
	"offload/cpu"
	"offload/device"
	"offload/kernels"
)

func newVerify() *cobra.Command {
	var name, format string
	cmd := &cobra.Command{
		Use:   "verify",
		Short: "Compare the results of all kernels with their contracts, bit for bit",
		Long: `Run every kernel at awkward sizes on every available device, with every form of host
code, and compare the results with the kernel's contract bit for bit. Print equal or
the first difference for each kernel. The exit code is 1 if there is a difference.`,
		Example: `  offload verify
  offload verify --device=cpu --format=json`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := oneOf("format", format, []string{"table", "json"}); err != nil {
				return err
			}
			return verify(cmd, name, format)
		},
	}
	cmd.Flags().StringVar(&name, "device", "", "device: "+strings.Join(offload.Names(), ", ")+" (default all available devices)")
	cmd.Flags().StringVar(&format, "format", "table", "output: table, json (one object per line)")
	return cmd
}

// target is a device to verify, in one of its forms.
type target struct{ name, variant string }

func verify(cmd *cobra.Command, name, format string) error {
	ctx, stop := context.WithCancel(cmd.Context())
	defer stop()
	v := verification{out: cmd.OutOrStdout(), json: format == "json", stop: stop}
	for _, t := range targetsOf(name) {
		d, err := openDevice(cmd, t.name, device.Options{Variant: t.variant})
		if name == "" && errors.Is(err, device.ErrUnavailable) {
			fmt.Fprintln(cmd.ErrOrStderr(), "note:", missing(cmd, t.name, err))
			continue
		}
		if err != nil {
			return err
		}
		err = offload.Verify(ctx, d, offload.VerifySizes(), v.report)
		d.Close()
		if err != nil {
			return cmp.Or(v.err, err)
		}
	}
	if v.different > 0 {
		return fmt.Errorf("%d of %d comparisons found a difference", v.different, v.done)
	}
	return nil
}

// targetsOf returns the devices that a name selects, the cpu in every form.
func targetsOf(name string) []target {
	var targets []target
	names := []string{name}
	if name == "" {
		names = offload.Names()[1:]
	}
	for _, n := range names {
		if n != "cpu" {
			targets = append(targets, target{name: n})
			continue
		}
		for _, variant := range cpu.Variants(kernels.All()) {
			targets = append(targets, target{n, variant})
		}
	}
	return targets
}

// verification prints and counts outcomes. It stops when it cannot print.
type verification struct {
	out             io.Writer
	json            bool
	stop            context.CancelFunc
	err             error // of printing
	done, different int
}

func (v *verification) report(c offload.Check) {
	v.done++
	result := "equal"
	if c.Err != nil {
		v.different++
		result = c.Err.Error()
	}
	if v.json {
		v.err = json.NewEncoder(v.out).Encode(map[string]any{
			"device": c.Device, "variant": c.Variant, "kernel": c.Kernel, "calls": c.Calls,
			"equal": c.Err == nil, "difference": difference(c.Err),
		})
	} else {
		_, v.err = fmt.Fprintf(v.out, "%-10s %-9s %-14s %4d calls  %s\n", c.Device, c.Variant, c.Kernel, c.Calls, result)
	}
	if v.err != nil {
		v.stop()
	}
}

// difference returns the first difference for JSON, or nil.
func difference(err error) any {
	var d *device.Difference
	if !errors.As(err, &d) {
		return nil
	}
	return map[string]any{
		"example": d.Label, "parameter": d.Param, "index": d.Index,
		"got_bits": fmt.Sprintf("%#x", d.Got), "contract_bits": fmt.Sprintf("%#x", d.Want),
	}
}
