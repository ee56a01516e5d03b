// Package archive keeps the frames of a run in one file, from which the run goes on after its process has ended, and
// which other programs read.
//
// A frame is the state of a run at one time: numbers, a text of the run's own in JSON, and fields, which are arrays. Each
// frame is written whole or not at all, also when the process is killed, and carries a SHA-256 of all that is in it.
//
// The file is a database of SQLite (https://sqlite.org/fileformat2.html), which Python's standard library reads, in
// write-ahead mode while a run writes to it:
//
//	run(kind, unit, version, options, inputs, digest)   one row; options and inputs are JSON
//	frame(number, time, time_low, step, state, digest)  number counts from 0; state is JSON
//	data(frame, field, band, name, type, shape, bytes)  fields, in bands of up to 64 MiB; frame −1 has those of the run
//
// A field's type is f32, f64, i32 or u32, its shape has the lengths of its dimensions, as in "100,3", and its bytes are
// little-endian and in row-major order. docs/archive.md has the form of the digests and a program that checks them.
package archive

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"offload/device"
)

// Run describes what the frames of an archive belong to.
type Run struct {
	Kind    string          // of simulation, such as "plate"
	Unit    string          // of the frames' times
	Version string          // of the program that began the run
	Options json.RawMessage // of the run
	Inputs  []Input
	Fields  []Field // that all frames have in common
}

// Input is a file from which a run was made.
type Input struct {
	Name   string `json:"name"`
	SHA256 string `json:"sha256"` // hexadecimal
}

// Header is a frame without its fields.
type Header struct {
	Number  int     // from 0
	Time    float64 // in Run.Unit
	TimeLow float64 // added to Time, for times that need more digits
	Step    int64
	State   json.RawMessage // of the run, beside its fields
	Digest  string          // SHA-256, hexadecimal
}

// Frame is the state of a run at one time. Number and Digest are set by the Writer.
type Frame struct {
	Header
	Fields []Field
}

// Field is an array with a name.
type Field struct {
	Name  string
	Shape []int
	Data  device.Slice
}

// Field returns the data of the named field. The error wraps ErrDamaged if the frame has none of that name and type.
func (f *Frame) Field(name string, t device.Type) (device.Slice, error) {
	return find(f.Fields, name, t)
}

// Field returns the data of the named field of the run, like Frame.Field.
func (r *Run) Field(name string, t device.Type) (device.Slice, error) { return find(r.Fields, name, t) }

func find(fields []Field, name string, t device.Type) (device.Slice, error) {
	i := slices.IndexFunc(fields, func(f Field) bool { return f.Name == name && f.Data.Type() == t })
	if i < 0 {
		return device.Slice{}, fmt.Errorf("%w: no field %q of type %v", ErrDamaged, name, t)
	}
	return fields[i].Data, nil
}

// The errors that the functions of this package wrap, beside those of the operating system.
var (
	ErrFormat  = errors.New("not an archive that this version reads")
	ErrDamaged = errors.New("the archive is damaged")
	ErrBusy    = errors.New("the archive is in use by another run")
	ErrFull    = errors.New("no space is left for the archive")
	ErrInvalid = errors.New("invalid frame")
	ErrClosed  = errors.New("the archive is closed")
)

const (
	application = 0x6f66666c // of SQLite's application_id: "offl"
	format      = 1          // of SQLite's user_version
	bandBytes   = 64 << 20
	maxName     = 255
)

// check returns an error that wraps ErrInvalid if a frame or run cannot be written.
func check(state json.RawMessage, fields []Field) error {
	if len(state) > 0 && !(json.Valid(state) && utf8.Valid(state)) {
		return fmt.Errorf("%w: its state is not JSON in UTF-8", ErrInvalid)
	}
	for i, f := range fields {
		n := 1
		for _, d := range f.Shape {
			if d < 0 || d > 0 && n > math.MaxInt/d {
				return fmt.Errorf("%w: field %q has the shape %v", ErrInvalid, f.Name, f.Shape)
			}
			n *= d
		}
		if n != f.Data.Len() || f.Data.Type().Size() == 0 {
			return fmt.Errorf("%w: field %q has %d elements of type %v in the shape %v", ErrInvalid, f.Name, f.Data.Len(), f.Data.Type(), f.Shape)
		}
		if f.Name == "" || len(f.Name) > maxName || strings.ContainsRune(f.Name, 0) || !utf8.ValidString(f.Name) {
			return fmt.Errorf("%w: a field is named %.40q", ErrInvalid, f.Name)
		}
		if slices.ContainsFunc(fields[:i], func(g Field) bool { return g.Name == f.Name }) {
			return fmt.Errorf("%w: two fields are named %q", ErrInvalid, f.Name)
		}
	}
	return nil
}

// shapeText returns a shape as it is stored.
func shapeText(shape []int) string {
	words := make([]string, len(shape))
	for i, n := range shape {
		words[i] = strconv.Itoa(n)
	}
	return strings.Join(words, ",")
}

// parseShape is the inverse of shapeText. It returns the number of elements, too.
func parseShape(text string) (shape []int, n int, err error) {
	n = 1
	if text == "" {
		return nil, n, nil
	}
	for word := range strings.SplitSeq(text, ",") {
		d, err := strconv.Atoi(word)
		if err != nil || d < 0 || d > 0 && n > math.MaxInt/d {
			return nil, 0, fmt.Errorf("%w: shape %.40q", ErrDamaged, text)
		}
		shape, n = append(shape, d), n*d
	}
	return shape, n, nil
}

// parseType is the inverse of Type.String.
func parseType(text string) (device.Type, error) {
	for _, t := range []device.Type{device.Float32, device.Float64, device.Int32, device.Uint32} {
		if t.String() == text {
			return t, nil
		}
	}
	return 0, fmt.Errorf("%w: type %.40q", ErrDamaged, text)
}
