package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"offload"
	"offload/device"
)

// deviceFlag adds --device to cmd.
func deviceFlag(cmd *cobra.Command, name *string) {
	cmd.Flags().StringVar(name, "device", offload.Auto, "device: "+strings.Join(offload.Names(), ", ")+"; gpu:1 is the second GPU, hybrid:cpu+software names the parts")
}

// openDevice opens a device and says on stderr what a user should know of the
// choice.
func openDevice(cmd *cobra.Command, name string, o device.Options) (device.Device, error) {
	if err := offload.CheckName(name); err != nil {
		return nil, usagef("--device=%s: %w", name, err)
	}
	d, err := offload.Open(cmd.Context(), name, o)
	if err != nil {
		return nil, err
	}
	info := d.Info()
	if verbose(cmd) {
		for _, note := range info.Notes {
			fmt.Fprintln(cmd.ErrOrStderr(), "note:", note)
		}
		if name == offload.Auto {
			fmt.Fprintf(cmd.ErrOrStderr(), "note: auto: running on %s (%s, %d workers)\n", info.Backend, info.Name, info.Workers)
		}
	}
	if o.Math == device.Fast && info.Math == device.Exact {
		fmt.Fprintln(cmd.ErrOrStderr(), "note:", fastIsExact(info.Backend))
	}
	return d, nil
}

// fastIsExact is what there is to say of --math=fast on a device without it.
func fastIsExact(name string) string {
	return name + " computes exactly; --math=fast changes nothing there"
}

// precisionOf reads f32 or f64.
func precisionOf(name string) (device.Type, error) {
	for _, t := range []device.Type{device.Float32, device.Float64} {
		if t.String() == name {
			return t, nil
		}
	}
	return 0, usagef("--precision=%s: there are f32 and f64", name)
}

// oneOf refuses a flag's value that is not among the choices.
func oneOf(flag, value string, choices []string) error {
	if slices.Contains(choices, value) {
		return nil
	}
	return usagef("--%s=%s: there are %s", flag, value, strings.Join(choices, ", "))
}

// foldersExist finds out before long work whether its files will have a place.
func foldersExist(paths ...string) error {
	for _, path := range paths {
		if path == "" {
			continue
		}
		if _, err := os.Stat(filepath.Dir(path)); err != nil {
			return err
		}
	}
	return nil
}

// terminal is where progress is shown.
func terminal() *os.File { return os.Stderr }
