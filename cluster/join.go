package cluster

import (
	"context"
	"errors"
	"fmt"

	"offload/cluster/internal/mpi"
	"offload/device"
)

// Join joins the MPI job that this process was started in, by mpirun or another launcher; without one it is the only rank.
// Programs need the build tag mpi, and an MPI library where they run. A process can join once. The error wraps
// device.ErrUnavailable if there is no MPI here.
func Join(ctx context.Context) (*Comm, error) {
	t, err := mpi.Open(ctx)
	if errors.Is(err, mpi.ErrUnavailable) {
		err = fmt.Errorf("%w: %w", device.ErrUnavailable, err)
	}
	if err != nil {
		return nil, err
	}
	return newComm(ctx, t)
}

// MPI returns the name and the version of the MPI library that Join would use. The error wraps device.ErrUnavailable if
// there is none.
func MPI() (string, error) {
	text, err := mpi.Describe()
	if err != nil {
		return "", fmt.Errorf("%w: %w", device.ErrUnavailable, err)
	}
	return text, nil
}
