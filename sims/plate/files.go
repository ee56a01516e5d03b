package plate

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"offload/device"
	"offload/internal/atomicfile"
)

// Read reads a field from an .npy file, see DecodeNPY, or from an .npz file, see
// DecodeNPZ. Among several arrays in an .npz file the path chooses one by its name:
// "plate.npz:temperature". Which of the formats a file has is seen from its content.
func Read[T device.Float](path string) (*Field[T], error) {
	return fieldOf(ReadArray[T](path, 2))
}

// ReadArray is like Read for arrays with one of these numbers of dimensions: 0 for a
// single number, 1 for a profile, 2 for a map.
func ReadArray[T device.Float](path string, dims ...int) (*Array[T], error) {
	return readFile(path, dims, number[T])
}

// ReadMask is like ReadArray but returns for each value whether it is not zero.
func ReadMask(path string, dims ...int) (*Array[bool], error) {
	return readFile(path, dims, truth)
}

func readFile[V device.Float | bool](path string, dims []int, convert converter[V]) (*Array[V], error) {
	for _, d := range dims {
		if d < 0 || d > 2 {
			return nil, device.Invalidf("arrays of %d dimensions; at most 2 are read", d)
		}
	}
	name, member := splitPath(path)
	file, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	a, err := decodeFile(file, member, dims, convert)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return a, nil
}

// splitPath splits "file.npz:array" into the two names. Other paths have no second one.
func splitPath(path string) (file, array string) {
	const ending = ".npz"
	if before, after, ok := strings.Cut(path, ending+":"); ok {
		return before + ending, after
	}
	return path, ""
}

func decodeFile[V device.Float | bool](file *os.File, array string, dims []int, convert converter[V]) (*Array[V], error) {
	info, err := file.Stat()
	if err != nil {
		return nil, err
	}
	size := int64(-1) // unknown
	if info.Mode().IsRegular() {
		size = info.Size()
		if isZIP(file) {
			return decodeMember(file, size, array, dims, convert)
		}
	}
	if array != "" {
		return nil, formatError("it is not an archive")
	}
	return decodeArray(file, size, size, dims, convert)
}

// isZIP reports whether a file begins as a ZIP archive does, an empty one too.
func isZIP(r io.ReaderAt) bool {
	var start [4]byte
	_, err := r.ReadAt(start[:], 0)
	return err == nil && (string(start[:]) == "PK\x03\x04" || string(start[:]) == "PK\x05\x06")
}

// WriteOptions is what files say about a field beside its values. The zero value is for
// spacings of 1.
type WriteOptions struct {
	Dx, Dy float64 // distance between columns and between rows, in m; only .vti has them
}

// Write writes f to a file in the format of its name's ending: .npy (EncodeNPY), .npz
// (EncodeNPZ) or .vti (EncodeVTI). It replaces the file as a whole; after an error the
// file is as it was before. The error wraps device.ErrInvalid for another ending.
func Write[T device.Float](path string, f *Field[T], o WriteOptions) error {
	if err := CheckName(path); err != nil {
		return err
	}
	return atomicfile.Write(path, func(w io.Writer) error {
		switch filepath.Ext(path) {
		case ".npz":
			return EncodeNPZ(w, f)
		case ".vti":
			return EncodeVTI(w, f, o)
		}
		return EncodeNPY(w, f)
	})
}

// CheckName returns an error that wraps device.ErrInvalid unless Write has a format for
// the ending of path.
func CheckName(path string) error {
	switch filepath.Ext(path) {
	case ".npy", ".npz", ".vti":
		return nil
	}
	return device.Invalidf("%s: the name must end in .npy, .npz or .vti", path)
}
