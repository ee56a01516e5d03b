package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"offload"
	"offload/cluster"
	"offload/device"
)

func newDevices() *cobra.Command {
	var format string
	cmd := &cobra.Command{
		Use:   "devices",
		Short: "List the devices of this machine, and why others are unavailable",
		Example: `  offload devices
  offload devices --format=json | jq .`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := oneOf("format", format, []string{"table", "json"}); err != nil {
				return err
			}
			var rows []deviceRow
			for _, e := range offload.Devices(cmd.Context(), device.Options{}) {
				rows = append(rows, rowOf(e))
			}
			if library, err := cluster.MPI(); err == nil {
				rows = append(rows, deviceRow{Device: mpiName, Available: true, Name: "the ranks of an MPI job", Driver: library, Class: string(device.Composite)})
			} else {
				rows = append(rows, deviceRow{Device: mpiName, Reason: err.Error()})
			}
			if err := cmd.Context().Err(); err != nil {
				return err
			}
			if format == "json" {
				enc := json.NewEncoder(cmd.OutOrStdout())
				enc.SetIndent("", "  ")
				return enc.Encode(rows)
			}
			return printDevices(cmd.OutOrStdout(), rows)
		},
	}
	cmd.Flags().StringVar(&format, "format", "table", "output: table, json")
	return cmd
}

// deviceRow describes one device.
type deviceRow struct {
	Device      string   `json:"device"`
	Available   bool     `json:"available"`
	Reason      string   `json:"reason,omitempty"` // why it is not available
	Name        string   `json:"name,omitempty"`
	Driver      string   `json:"driver,omitempty"`
	Class       string   `json:"class,omitempty"`
	Precisions  []string `json:"precisions,omitempty"`
	Math        string   `json:"math,omitempty"`
	Exact       []string `json:"exact,omitempty"` // kernels whose results equal their contract
	Workers     int      `json:"workers,omitempty"`
	MemoryBytes int64    `json:"memory_bytes,omitempty"`
	Variant     string   `json:"variant,omitempty"`
	Notes       []string `json:"notes,omitempty"` // for users
}

func rowOf(e offload.Entry) deviceRow {
	if e.Err != nil {
		return deviceRow{Device: e.Name, Reason: e.Err.Error()}
	}
	i := e.Info
	row := deviceRow{
		Device: e.Name, Available: true, Name: i.Name, Driver: i.Driver, Class: string(i.Class), Math: string(i.Math),
		Exact: i.Exact, Workers: i.Workers, MemoryBytes: i.Memory, Variant: i.Variant, Notes: i.Notes,
	}
	for _, p := range i.Precisions {
		row.Precisions = append(row.Precisions, p.String())
	}
	return row
}

// printDevices prints a table of the devices, and below it drivers, notes, and why
// devices are unavailable.
func printDevices(w io.Writer, rows []deviceRow) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "device\tclass\tname\tprecisions\tmath\tworkers\tmemory\tcode\texact kernels")
	for _, r := range rows {
		if r.Available {
			fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\t%d\t%s\t%s\t%s\n", r.Device, r.Class, r.Name,
				strings.Join(r.Precisions, " "), r.Math, r.Workers, gibibytes(r.MemoryBytes), r.Variant, strings.Join(r.Exact, " "))
		} else {
			fmt.Fprintf(t, "%s\t–\tunavailable, see below\t\t\t\t\t\t\n", r.Device)
		}
	}
	if err := t.Flush(); err != nil {
		return err
	}
	for _, r := range rows {
		for _, line := range r.details() {
			if _, err := fmt.Fprintln(w, line); err != nil {
				return err
			}
		}
	}
	return nil
}

// details returns the lines about a device below the table.
func (r deviceRow) details() []string {
	lines := strings.Split(r.Reason, "\n")
	if r.Available {
		lines = append([]string{r.Driver}, r.Notes...)
	}
	var details []string
	for i, line := range lines {
		switch {
		case line == "":
		case r.Available || i == 0 && strings.HasPrefix(line, r.Device):
			details = append(details, r.Device+": "+strings.TrimPrefix(line, r.Device+": "))
		default:
			details = append(details, "  "+line)
		}
	}
	return details
}

// gibibytes formats a size in GiB, or as – if it is unknown (0).
func gibibytes(bytes int64) string {
	if bytes == 0 {
		return "–"
	}
	return fmt.Sprintf("%.1f GiB", float64(bytes)/(1<<30))
}
