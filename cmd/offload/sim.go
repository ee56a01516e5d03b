package main

import "github.com/spf13/cobra"

func newSim(schedule schedule) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "sim",
		Short: "Run a simulation: solar or plate",
		Example: `  offload sim solar --gr --until=2462502.5
  offload sim plate --n=257 --top=100 --tol=1e-10`,
		Args: noArgs,
		RunE: needSubcommand,
	}
	cmd.AddCommand(newSolar(schedule), newPlate(schedule))
	return cmd
}
