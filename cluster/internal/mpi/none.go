//go:build !mpi || !linux

package mpi

import (
	"context"
	"fmt"

	"offload/cluster/internal/transport"
)

// Open returns an error: this program was built without MPI.
func Open(context.Context) (transport.Transport, error) { return nil, errNone() }

// Describe returns an error: this program was built without MPI.
func Describe() (string, error) { return "", errNone() }

func errNone() error {
	return fmt.Errorf("%w: built without MPI, which -tags mpi adds on Linux", ErrUnavailable)
}
