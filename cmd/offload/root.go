package main

import (
	"github.com/spf13/cobra"
)

func newRoot(schedule schedule) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "offload",
		Short: "Numerical kernels on the GPU or the CPU, with the same bits",
		Long: `offload runs numerical kernels on whichever device there is, a GPU or a pool of
CPU workers, and gives the same bits on either.

Exit codes: 0 done, 1 failed, 2 wrong usage, 3 device unavailable.`,
		Example: `  offload devices
  offload bench --device=cpu
  offload verify
  offload tune
  offload vet ./...
  offload sim solar --gr --until=2462502.5
  offload sim plate --n=257 --top=100 --plot=plate.png`,
		SilenceUsage:  true,
		SilenceErrors: true,
		Args:          noArgs,
		RunE:          needSubcommand,
	}
	cmd.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return &usageError{err} })
	cmd.CompletionOptions.HiddenDefaultCmd = true
	cmd.AddCommand(newDevices(), newBench(schedule), newSim(schedule), newVerify(), newTune(schedule), newTrace(), newVet(), newVersion())
	return cmd
}

// needSubcommand is what a command does that is only a group of others.
func needSubcommand(cmd *cobra.Command, _ []string) error {
	if err := cmd.Help(); err != nil {
		return err
	}
	return usagef("%s needs a command", cmd.CommandPath())
}

// noArgs refuses words that are no flags.
func noArgs(cmd *cobra.Command, args []string) error {
	if len(args) > 0 {
		return usagef("unknown word %q for %s; see %s --help", args[0], cmd.CommandPath(), cmd.CommandPath())
	}
	return nil
}
