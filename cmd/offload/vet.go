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
		Short: "Find what gives kernels of your own other bits on another processor",
		Long: `Find products in the code of kernels that a compiler may fuse with a sum. Go allows
x*y + z to be rounded once instead of twice, and does so on arm64 and with
GOAMD64=v3: the bits are others there. Write float64(x*y) + z, which is rounded
twice everywhere; an assignment, t := x*y, does not help. Where one rounding is
wanted, write math.FMA.

Looked at are the functions that take a *device.Tile, and what they call in their
own module, also in tests. Packages are named as for the go command, which has to be
installed; without any, it is the one in the current folder. Exit code 1 if there is
such a product.

Functions of package math other than Sqrt, FMA, and those that round to integers or
choose, such as Exp, have other bits on another processor, too; vet does not look
for them.`,
		Example: `  offload vet
  offload vet ./...
  offload vet --tags=gl ./kernels/...`,
		RunE: func(cmd *cobra.Command, patterns []string) error { return vet(cmd, tags, patterns) },
	}
	cmd.Flags().StringVar(&tags, "tags", "", "build tags, between commas")
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

// nearby is a path from the current folder on, if it is in that.
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
