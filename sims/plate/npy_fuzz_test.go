package plate_test

import (
	"archive/zip"
	"bytes"
	"errors"
	"strings"
	"testing"

	"offload/device"
	"offload/sims/plate"
)

// encoded returns files of every type in every byte order.
func encoded() (files [][]byte) {
	for _, e := range elements {
		for sign, order := range byteOrders {
			files = append(files, npyOf(2, order, "{'descr': '"+sign+e.name+"', 'fortran_order': True, 'shape': (2, 3L)}", e.data))
		}
	}
	return files
}

func FuzzReadNPY(f *testing.F) {
	for _, file := range badFiles {
		f.Add(file)
	}
	for _, file := range encoded() {
		f.Add(file)
	}
	f.Fuzz(func(t *testing.T, file []byte) {
		for _, size := range []int64{int64(len(file)), -1} {
			field, err := plate.DecodeNPY[float64](bytes.NewReader(file), size)
			wantFieldOrFormat(t, field, err, len(file))
		}
		if field, err := decode[float32](file); err == nil {
			wantFieldOrFormat(t, field, err, len(file))
		}
	})
}

func FuzzReadNPZ(f *testing.F) {
	for _, file := range badArchives(f) {
		f.Add(file, "a")
	}
	for i, file := range encoded() {
		f.Add(archive(f, part{"a.npy", uint16(i % 2 * 8), file}), "")
	}
	f.Add(archive(f, part{"a.npy", zip.Deflate, one(1)}, part{"b.npy", zip.Store, one(2)}), "b")
	f.Fuzz(func(t *testing.T, file []byte, name string) {
		field, err := decodeNPZ[float64](file, name)
		wantFieldOrFormat(t, field, err, 1100*len(file))
	})
}

// wantFieldOrFormat checks the outcome of reading a file of at most that many bytes.
func wantFieldOrFormat[T device.Float](t *testing.T, f *plate.Field[T], err error, bytes int) {
	if err != nil {
		if !errors.Is(err, plate.ErrFormat) || strings.ContainsAny(err.Error(), "\n\r") {
			t.Fatalf("%q", err)
		}
		return
	}
	if f.Rows*f.Cols != len(f.T) || len(f.T) == 0 || len(f.T) > bytes {
		t.Fatalf("%d × %d points, %d values of %d bytes", f.Rows, f.Cols, len(f.T), bytes)
	}
	wantSameBack(t, f)
}

// wantSameBack checks that f survives being written and read.
func wantSameBack[T device.Float](t *testing.T, f *plate.Field[T]) {
	t.Helper()
	var npy, npz bytes.Buffer
	if err := errors.Join(plate.EncodeNPY(&npy, f), plate.EncodeNPZ(&npz, f)); err != nil {
		t.Fatal(err)
	}
	if back, err := decode[T](npy.Bytes()); err != nil || diff(back, f) != "" {
		t.Fatal(err)
	}
	if back, err := decodeNPZ[T](npz.Bytes(), ""); err != nil || diff(back, f) != "" {
		t.Fatal(err)
	}
}
