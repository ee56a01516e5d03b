// Package mpi is the transport on MPI. Programs built with the tag mpi open the library when they run: they need neither a
// C compiler nor headers, and one program runs with Open MPI, MPICH and libraries with the ABI of MPI 5.
package mpi

import "errors"

// ErrUnavailable is wrapped by the errors of Open and Describe where there is no MPI.
var ErrUnavailable = errors.New("MPI unavailable")

// Variable is the environment variable with the file name of the library to open instead of the usual ones.
const Variable = "OFFLOAD_MPI"
