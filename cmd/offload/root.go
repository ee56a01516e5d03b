package main

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
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
	cmd.SetFlagErrorFunc(flagError)
	cmd.Version = version()
	cmd.SetVersionTemplate("{{.Version}}\n")
	cmd.PersistentFlags().BoolP("verbose", "v", false, "say on stderr what is chosen and why")
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
		return usagef("unknown word %q for %s%s; see %s --help", args[0], cmd.CommandPath(), suggestion("", similar(cmd, args[0])), cmd.CommandPath())
	}
	return nil
}

// flagError is a usage error that suggests flags for one that is mistyped.
func flagError(cmd *cobra.Command, err error) error {
	var unknown *pflag.NotExistError
	if errors.As(err, &unknown) && len(unknown.GetSpecifiedName()) > 1 {
		flags := &cobra.Command{} // cobra compares names of commands
		cmd.Flags().VisitAll(func(f *pflag.Flag) {
			flags.AddCommand(&cobra.Command{Use: f.Name, Run: func(*cobra.Command, []string) {}})
		})
		err = fmt.Errorf("%w%s", err, suggestion("--", similar(flags, unknown.GetSpecifiedName())))
	}
	return &usageError{err}
}

// similar are the names of commands below cmd that a mistyped one may stand for.
func similar(cmd *cobra.Command, name string) []string {
	cmd.SuggestionsMinimumDistance = 2
	return cmd.SuggestionsFor(name)
}

func suggestion(prefix string, names []string) string {
	if len(names) == 0 {
		return ""
	}
	return "; did you mean " + prefix + strings.Join(names, " or "+prefix) + "?"
}

// verbose reports whether the flag --verbose is set.
func verbose(cmd *cobra.Command) bool {
	v, _ := cmd.Flags().GetBool("verbose")
	return v
}
