package main

import (
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"offload"
	"offload/cluster"
	"offload/device"
	"offload/kernels"
)

// mpiName is the device of all ranks of an MPI job; mpi:cpu names that of each rank.
const mpiName = "mpi"

// job is the MPI job of this process, once a command has joined it.
type job struct{ comm *cluster.Comm }

// jobKey is the key of the job in the context of commands.
type jobKey struct{}

// ranksOf returns the job of a command.
func ranksOf(cmd *cobra.Command) *job {
	j, _ := cmd.Context().Value(jobKey{}).(*job)
	return j
}

// ofRanks returns the name of each rank's device if name is that of a device of ranks.
func ofRanks(name string) (local string, ok bool) {
	word, local, given := strings.Cut(name, ":")
	if !given {
		local = offload.Auto
	}
	return local, word == mpiName
}

// joinRanks joins the job of a command with --device=mpi. Of the ranks, only rank 0 prints results and notes.
func joinRanks(cmd *cobra.Command, _ []string) error {
	flag := cmd.Flags().Lookup("device")
	if flag == nil {
		return nil
	}
	local, ok := ofRanks(flag.Value.String())
	if !ok {
		return nil
	}
	if name := cmd.Name(); name != "bench" && name != "verify" {
		return usagef("--device=%s: %s runs in one process; bench and verify run on the ranks of a job", flag.Value, cmd.CommandPath())
	}
	if _, nested := ofRanks(local); nested {
		return usagef("--device=%s: unknown device %q", flag.Value, local)
	}
	if err := offload.CheckName(local); err != nil {
		return usagef("--device=%s: %w", flag.Value, err)
	}
	j := ranksOf(cmd)
	var err error
	if j.comm, err = cluster.Join(cmd.Context()); err != nil {
		return err
	}
	if j.comm.Rank() != 0 {
		cmd.SetOut(&output{Writer: io.Discard})
		cmd.SetErr(io.Discard)
	}
	return nil
}

// open opens the device of all ranks, with that of this rank by name.
func (j *job) open(ctx context.Context, name string, o device.Options) (device.Device, error) {
	recorder := o.Recorder
	o.Recorder = nil
	local, err := j.comm.OpenLocal(ctx, name, o, offload.Open)
	if err != nil {
		return nil, err
	}
	d, err := cluster.Open(ctx, j.comm, local, cluster.Options{Kernels: kernels.All(), Recorder: recorder})
	if err != nil {
		return nil, err
	}
	return d, nil
}

// end ends the use of the job: in good order after a command without an error, else on all ranks at once.
func (j *job) end(ctx context.Context, err error) error {
	if j.comm == nil {
		return err
	}
	if err != nil {
		j.comm.Abort(exitCode(err), message(ctx, err))
		return err
	}
	if err := j.comm.Close(context.WithoutCancel(ctx)); err != nil {
		return fmt.Errorf("end of the MPI job: %w", err)
	}
	return nil
}
