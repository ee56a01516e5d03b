package plate

import (
	"archive/zip"
	"errors"
	"fmt"
	"io"
	"math"
	"strings"
	"time"

	"offload/device"
)

// An .npz file is a ZIP archive of .npy files, each named for its array. See
// https://numpy.org/doc/stable/reference/generated/numpy.savez.html.

// npzName is the name of the array in the archives of EncodeNPZ.
const npzName = "temperature"

// DecodeNPZ reads a field from an archive of size bytes, as numpy.savez and
// numpy.savez_compressed write it: the array of that name, or the only one if name is
// empty. Otherwise it is like DecodeNPY. It allocates memory in proportion to the bytes
// that the array has when it is not compressed, up to a thousand times size.
func DecodeNPZ[T device.Float](r io.ReaderAt, size int64, name string) (*Field[T], error) {
	return fieldOf(decodeMember(r, size, name, []int{2}, number[T]))
}

// decodeMember reads an array from an archive.
func decodeMember[V device.Float | bool](r io.ReaderAt, size int64, name string, dims []int, convert converter[V]) (*Array[V], error) {
	in := &faultReader{ReaderAt: r}
	a, err := decodeZIP(in, size, name, dims, convert)
	switch {
	case in.fault != nil:
		return nil, in.fault
	case err != nil && !errors.Is(err, ErrFormat): // of the archive or its compression
		return nil, formatError("%v", err)
	}
	return a, err
}

// faultReader keeps the error of a read within the file that failed. It tells a broken
// disk from a broken archive.
type faultReader struct {
	io.ReaderAt
	fault error
}

func (r *faultReader) ReadAt(p []byte, offset int64) (int, error) {
	if offset < 0 { // an offset that the archive states
		return 0, zip.ErrFormat
	}
	n, err := r.ReaderAt.ReadAt(p, offset)
	if err != nil && err != io.EOF {
		r.fault = err
	}
	return n, err
}

func decodeZIP[V device.Float | bool](r io.ReaderAt, size int64, name string, dims []int, convert converter[V]) (*Array[V], error) {
	archive, err := zip.NewReader(r, size)
	if err != nil {
		return nil, err
	}
	member, err := findArray(archive.File, name)
	if err != nil {
		return nil, err
	}
	data, err := member.Open()
	if err != nil {
		return nil, err
	}
	defer data.Close()
	const ratio = 1032 // the largest of deflate; the size in the archive may be a lie
	bytes := int64(min(member.UncompressedSize64, math.MaxInt64))
	return decodeArray(data, bytes, min(bytes, ratio*size), dims, convert)
}

// findArray returns the file of an array, or the file of the only array if name is
// empty. As in Python, the last of several files with a name counts.
func findArray(files []*zip.File, name string) (*zip.File, error) {
	byName := map[string]*zip.File{}
	var names []string
	for _, f := range files {
		if array, ok := strings.CutSuffix(f.Name, ".npy"); ok {
			if byName[array] == nil {
				names = append(names, array)
			}
			byName[array] = f
		}
	}
	if name == "" && len(names) == 1 {
		name = names[0]
	}
	f := byName[strings.TrimSuffix(name, ".npy")]
	switch {
	case f != nil:
		return f, nil
	case len(names) == 0:
		return nil, formatError("an archive without arrays")
	case name == "":
		return nil, formatError("an archive of several arrays; choose one with :NAME at the end of the path, of %s", list(names))
	}
	return nil, formatError("an archive without an array %.40q, but with %s", name, list(names))
}

// list returns the first names, quoted.
func list(names []string) string {
	const most = 12
	var b strings.Builder
	for i, name := range names[:min(len(names), most)] {
		if i > 0 {
			b.WriteString(", ")
		}
		fmt.Fprintf(&b, "%.40q", name)
	}
	if len(names) > most {
		fmt.Fprintf(&b, " and %d more", len(names)-most)
	}
	return b.String()
}

// EncodeNPZ writes f to a stream as an archive for numpy.load, with one array,
// "temperature", which is not compressed. The bytes depend only on f.
func EncodeNPZ[T device.Float](w io.Writer, f *Field[T]) error {
	archive := zip.NewWriter(w)
	member, err := archive.CreateHeader(&zip.FileHeader{
		Name:     npzName + ".npy",
		Modified: time.Date(1980, 1, 1, 0, 0, 0, 0, time.UTC), // the first that ZIP can hold, as in NumPy
	})
	if err != nil {
		return err
	}
	if err := EncodeNPY(member, f); err != nil {
		return err
	}
	return archive.Close()
}
