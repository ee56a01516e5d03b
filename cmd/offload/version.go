package main

import (
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"

	"offload"
)

func newVersion() *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Print the version and how this program was built",
		Args:  noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			_, err := fmt.Fprintln(cmd.OutOrStdout(), version())
			return err
		},
	}
}

func version() string {
	return fmt.Sprintf("offload %s %s %s/%s%s", offload.Version, runtime.Version(), runtime.GOOS, runtime.GOARCH, buildSettings())
}

// buildSettings are what influences the program beyond its source.
func buildSettings() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return ""
	}
	text := ""
	for _, s := range info.Settings {
		switch s.Key {
		case "GOAMD64", "GOARM64", "CGO_ENABLED", "-tags", "vcs.revision", "vcs.modified":
			text += " " + s.Key + "=" + s.Value
		}
	}
	return text
}
