package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"offload/internal/fused"
)

func newVet() *cobra.Command {
	var tags string
	cmd := &cobra.Command{
		Use:   "vet [PACKAGES]",
		Short: "Find code in kernels whose results depend on the processor",
		Long: `Find products in kernels that the compiler may fuse with a sum. Go may round
x*y + z once instead of twice, and does so on arm64 and with GOAMD64=v3, where the
result then differs. Write float64(x*y) + z, which is rounded twice everywhere; an
assignment, t := x*y, does not help. To round only once, write math.FMA.

vet examines the functions that take a *device.Tile, and the functions of the same
module that they call, tests included. PACKAGES are patterns as for the go command,
which must be installed; the default is the package in the current folder. The exit
code is 1 if there is such a product.

Most functions of package math, such as Exp, also differ between processors. The
exceptions are Sqrt, FMA, and functions that round to integers or select. vet does not
report them.`,
		Example: `  offload vet
  offload vet ./...
  offload vet --tags=gl ./kernels/...`,
		RunE: func(cmd *cobra.Command, patterns []string) error { return vet(cmd, tags, patterns) },
	}
	cmd.Flags().StringVar(&tags, "tags", "", "comma-separated list of build tags")
	return cmd
}

func vet(cmd *cobra.Command, tags string, patterns []string) error {
	found, kernels, err := fused.Check(cmd.Context(), "", tags, patterns...)
	if errors.Is(err, fused.ErrNoPackages) {
		return &usageError{err}
	}
	if err != nil {
		return err
	}
	for _, f := range found {
		if _, err := fmt.Fprintf(cmd.OutOrStdout(), "%s:%d:%d: %s\n", nearby(f.Pos.Filename), f.Pos.Line, f.Pos.Column, f.Message); err != nil {
			return err
		}
	}
	if kernels == 0 {
		fmt.Fprintln(cmd.ErrOrStderr(), "note: no function of these packages takes a *device.Tile")
	}
	if n := len(found); n > 0 {
		return fmt.Errorf("products that may be fused: %d", n)
	}
	return nil
}

// nearby returns a path relative to the current folder, if it is below that.
func nearby(path string) string {
	here, err := os.Getwd()
	if err != nil {
		return path
	}
	if short, err := filepath.Rel(here, path); err == nil && !strings.HasPrefix(short, "..") {
		return short
	}
	return path
}
