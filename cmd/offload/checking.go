package main

import (
	"github.com/spf13/cobra"

	"offload/device"
	"offload/device/check"
)

// checking is the flag --check: what is watched for while a simulation runs.
type checking struct{ kind string }

func (c *checking) flag(cmd *cobra.Command) {
	cmd.Flags().StringVar(&c.kind, "check", "", "watch the results: finite (the first NaN or Inf), checksum (flipped bits), debug (kernels that break the rule of a launch; slow)")
}

// check refuses an unknown word.
func (c *checking) check(cmd *cobra.Command) error {
	if !cmd.Flags().Changed("check") {
		return nil
	}
	return oneOf("check", c.kind, []string{"finite", "checksum", "debug"})
}

// wrap is d with the checks that were asked for.
func (c *checking) wrap(d device.Device) device.Device {
	switch c.kind {
	case "finite":
		return check.Finite(d)
	case "checksum":
		return check.Checksum(d)
	case "debug":
		return check.Debug(d)
	}
	return d
}
