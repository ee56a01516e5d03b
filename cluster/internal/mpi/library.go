//go:build mpi && linux

package mpi

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"unsafe"

	"github.com/ebitengine/purego"

	"offload/cluster/internal/transport"
)

// library is an MPI library in this process.
type library struct {
	abi
	file      string
	version   string // one line
	functions [functions]uintptr
}

// abi is what differs between libraries: the values of constants and handles, from their mpi.h.
type abi struct {
	world, byte, infoNull, errorsReturn uintptr
	anySource                           int
	serialized, shared                  int // MPI_THREAD_SERIALIZED, MPI_COMM_TYPE_SHARED
	source                              int // index of MPI_SOURCE in a status, as an array of int
}

// The functions in use.
const (
	mpiInitialized = iota
	mpiInitThread
	mpiFinalize
	mpiAbort
	mpiErrorString
	mpiCommRank
	mpiCommSize
	mpiCommIdup
	mpiCommFree
	mpiCommSplitType
	mpiCommSetErrhandler
	mpiIsend
	mpiIrecv
	mpiRecv
	mpiIprobe
	mpiTest
	mpiGetCount
	mpiIbarrier
	mpiIbcast
	mpiIgatherv
	mpiIallgatherv
	functions
)

var names = [functions]string{
	"Initialized", "Init_thread", "Finalize", "Abort", "Error_string", "Comm_rank", "Comm_size", "Comm_idup", "Comm_free",
	"Comm_split_type", "Comm_set_errhandler", "Isend", "Irecv", "Recv", "Iprobe", "Test", "Get_count", "Ibarrier", "Ibcast",
	"Igatherv", "Iallgatherv",
}

// mpich holds the values of MPICH 3 and 4, and of libraries with its ABI (src/include/mpi.h.in). Handles are numbers.
var mpich = abi{
	world: 0x44000000, byte: 0x4c00010d, infoNull: 0x1c000000, errorsReturn: 0x54000001,
	anySource: -2, serialized: 2, shared: 1, source: 2,
}

// standard holds the values of the ABI of MPI 5.0 (section 20).
var standard = abi{
	world: 0x101, byte: 0x247, infoNull: 0x130, errorsReturn: 0x142,
	anySource: -1, serialized: 2048, shared: 221, source: 0,
}

// openMPI returns the values of Open MPI 4 and 5 (ompi/include/mpi.h.in). Handles are addresses of its variables.
func openMPI(handle uintptr) (a abi, err error) {
	a = abi{anySource: -1, serialized: 2, shared: 0, source: 0}
	for name, to := range map[string]*uintptr{
		"ompi_mpi_comm_world": &a.world, "ompi_mpi_byte": &a.byte, "ompi_mpi_info_null": &a.infoNull, "ompi_mpi_errors_return": &a.errorsReturn,
	} {
		if *to, err = purego.Dlsym(handle, name); err != nil {
			return a, err
		}
	}
	return a, nil
}

// candidates returns the file names of libraries to try: that of the environment, or the usual ones, those of the launcher
// that started this process first.
func candidates() []string {
	if file := os.Getenv(Variable); file != "" {
		return []string{file}
	}
	open, mpich := []string{"libmpi.so.40"}, []string{"libmpich.so.12", "libmpi.so.12"}
	standard := []string{"libmpi_abi.so.1", "libmpi_abi.so.0"}
	first, second := open, mpich
	if os.Getenv("OMPI_COMM_WORLD_SIZE") == "" && (os.Getenv("PMI_RANK") != "" || os.Getenv("PMI_SIZE") != "") {
		first, second = mpich, open
	}
	return append(append(append([]string(nil), first...), second...), standard...)
}

// load opens the first library that is there.
func load() (*library, error) {
	var reasons []string
	for _, file := range candidates() {
		// Open MPI loads parts of its own, which look for its symbols among the global ones.
		handle, err := purego.Dlopen(file, purego.RTLD_NOW|purego.RTLD_GLOBAL)
		if err != nil {
			reasons = append(reasons, err.Error())
			continue
		}
		return newLibrary(file, handle)
	}
	return nil, fmt.Errorf("%w: %s", ErrUnavailable, strings.Join(reasons, "; "))
}

func newLibrary(file string, handle uintptr) (*library, error) {
	l := &library{file: file}
	version, err := purego.Dlsym(handle, "MPI_Get_library_version")
	if err != nil {
		return nil, fmt.Errorf("%w: %s: %w", ErrUnavailable, file, err)
	}
	text, n := make([]byte, 8192), new(int32) // MPI_MAX_LIBRARY_VERSION_STRING of MPICH, the largest
	purego.SyscallN(version, uintptr(unsafe.Pointer(&text[0])), uintptr(unsafe.Pointer(n)))
	full := string(text[:max(0, min(int(*n), len(text)))])
	_, standardErr := purego.Dlsym(handle, "MPI_Abi_get_version")
	switch {
	case standardErr == nil && strings.Contains(file, "mpi_abi"):
		l.abi = standard
	case strings.Contains(full, "Open MPI"):
		if l.abi, err = openMPI(handle); err != nil {
			return nil, fmt.Errorf("%w: %s: %w", ErrUnavailable, file, err)
		}
	case strings.Contains(full, "MPICH"), strings.Contains(full, "Intel(R) MPI"), strings.Contains(full, "MVAPICH"):
		l.abi = mpich
	default:
		return nil, fmt.Errorf("%w: %s is of an unknown kind: %.80q", ErrUnavailable, file, full)
	}
	l.version = oneLine(full)
	for i, name := range names {
		if l.functions[i], err = purego.Dlsym(handle, "MPI_"+name); err != nil {
			return nil, fmt.Errorf("%w: %s: %w", ErrUnavailable, file, err)
		}
	}
	return l, nil
}

// oneLine returns the name and the version of a library's description: Open MPI's has more after a comma, MPICH's is a
// list with tabs.
func oneLine(full string) string {
	line, _, _ := strings.Cut(full, "\n")
	line, _, _ = strings.Cut(strings.TrimRight(line, "\x00"), ",")
	return strings.TrimSpace(strings.Join(strings.Fields(strings.ReplaceAll(line, "Version:", " ")), " "))
}

// call calls a function, which returns an error code. Pointers among the arguments are to memory on the heap, which does
// not move, and that the caller keeps.
func (l *library) call(function int, args ...uintptr) error {
	code, _, _ := purego.SyscallN(l.functions[function], args...)
	if int32(code) == 0 { // MPI_SUCCESS
		return nil
	}
	return l.error(function, int32(code))
}

// error returns the library's text for an error code.
func (l *library) error(function int, code int32) error {
	text, n := make([]byte, 512), new(int32) // MPI_MAX_ERROR_STRING of MPICH, the largest
	purego.SyscallN(l.functions[mpiErrorString], uintptr(uint32(code)), uintptr(unsafe.Pointer(&text[0])), uintptr(unsafe.Pointer(n)))
	reason := strings.TrimSpace(string(text[:max(0, min(int(*n), len(text)))]))
	return fmt.Errorf("%w: MPI_%s: %s", transport.ErrTransport, names[function], reason)
}

// errFinished is the error of operations on a transport that is closed.
var errFinished = fmt.Errorf("%w: %w", transport.ErrTransport, errors.New("the use of MPI has ended, and cannot begin again in this process"))
