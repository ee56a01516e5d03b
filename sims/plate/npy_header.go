package plate

import (
	"encoding/binary"
	"fmt"
	"io"
	"strconv"
	"strings"

	"offload/device"
)

// A NumPy file is the magic string, a version, the length of the header, the
// header (a Python dictionary as text, padded with spaces), and the data. See
// https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html.
const npyMagic = "\x93NUMPY"

// maxNpyHeader bounds the header in bytes; NumPy itself reads at most 10 000.
const maxNpyHeader = 1 << 16

// npyHeader is the header of a matrix.
type npyHeader struct {
	rows, cols int
	fortran    bool        // the data are column by column
	typ        device.Type // Float32 or Float64, little-endian
}

// npyType returns the type of a NumPy type string, if a Field can be read from it.
func npyType(descr string) (device.Type, error) {
	switch descr {
	case "<f4":
		return device.Float32, nil
	case "<f8":
		return device.Float64, nil
	case ">f4", ">f8":
		return 0, formatError("big-endian data (%s); convert with a.astype('<%s')", descr, descr[1:])
	}
	return 0, formatError("elements of type %.20q, not '<f4' or '<f8'", descr)
}

// dataSize returns the size of the data in bytes.
func (h npyHeader) dataSize() int64 {
	return int64(h.rows) * int64(h.cols) * int64(h.typ.Size())
}

// formatError returns an error that wraps ErrFormat.
func formatError(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrFormat, fmt.Sprintf(format, args...))
}

// readNpyHeader reads up to the data; n is the number of bytes read.
func readNpyHeader(r io.Reader) (h npyHeader, n int64, err error) {
	var start [8]byte
	if _, err := io.ReadFull(r, start[:]); err != nil || string(start[:6]) != npyMagic {
		return h, 0, formatError("it does not begin with the magic string")
	}
	size := 2
	switch start[6] {
	case 1:
	case 2, 3:
		size = 4
	default:
		return h, 0, formatError("version %d.%d", start[6], start[7])
	}
	var length [4]byte
	if _, err := io.ReadFull(r, length[:size]); err != nil {
		return h, 0, formatError("it ends within the header")
	}
	bytes := binary.LittleEndian.Uint32(length[:])
	if bytes > maxNpyHeader {
		return h, 0, formatError("a header of %d bytes; at most %d are read", bytes, maxNpyHeader)
	}
	text := make([]byte, bytes)
	if _, err := io.ReadFull(r, text); err != nil {
		return h, 0, formatError("it ends within the header")
	}
	h, err = parseNpyHeader(string(text))
	return h, int64(len(start)+size) + int64(bytes), err
}

// parseNpyHeader parses the dictionary, with its three keys in any order.
func parseNpyHeader(text string) (h npyHeader, err error) {
	p := npyParser{rest: text}
	seen := map[string]bool{}
	p.expect("{")
	for !p.accept("}") && p.err == nil {
		key := p.quoted()
		p.expect(":")
		if seen[key] {
			return h, formatError("the header has %.20q twice", key)
		}
		seen[key] = true
		switch key {
		case "descr":
			if descr := p.quoted(); p.err == nil {
				h.typ, p.err = npyType(descr)
			}
		case "fortran_order":
			h.fortran = p.truth()
		case "shape":
			h.rows, h.cols = p.shape()
		default:
			p.fail()
		}
		if !p.accept(",") {
			p.expect("}")
			break
		}
	}
	if p.err == nil && (len(seen) != 3 || strings.TrimSpace(p.rest) != "") {
		p.fail()
	}
	return h, p.err
}

// npyParser reads the tokens of the header; after an error it reads nothing.
type npyParser struct {
	rest string
	err  error
}

func (p *npyParser) fail() {
	if p.err == nil {
		p.err = formatError("malformed header at %.30q", p.rest)
	}
}

// accept reads the token if it is next, and reports whether it was.
func (p *npyParser) accept(token string) bool {
	p.rest = strings.TrimLeft(p.rest, " \t\r\n")
	rest, ok := strings.CutPrefix(p.rest, token)
	if ok && p.err == nil {
		p.rest = rest
	}
	return ok && p.err == nil
}

func (p *npyParser) expect(token string) {
	if !p.accept(token) {
		p.fail()
	}
}

// quoted reads a string without escapes.
func (p *npyParser) quoted() string {
	for _, quote := range []string{"'", `"`} {
		if p.accept(quote) {
			s, rest, ok := strings.Cut(p.rest, quote)
			if ok {
				p.rest = rest
				return s
			}
		}
	}
	p.fail()
	return ""
}

func (p *npyParser) truth() bool {
	if p.accept("True") {
		return true
	}
	p.expect("False")
	return false
}

// shape reads a tuple. It fails unless that is the shape of a matrix within maxPoints.
func (p *npyParser) shape() (rows, cols int) {
	var shape []int
	p.expect("(")
	for !p.accept(")") && p.err == nil && len(shape) < 64 {
		shape = append(shape, p.integer())
		if !p.accept(",") {
			p.expect(")")
			break
		}
	}
	switch {
	case p.err != nil:
	case len(shape) != 2:
		p.err = formatError("an array of %d dimensions, not 2", len(shape))
	case shape[0] < 1 || shape[1] < 1 || shape[0] > maxPoints/shape[1]:
		p.err = formatError("a shape of %d × %d", shape[0], shape[1])
	default:
		return shape[0], shape[1]
	}
	return 0, 0
}

func (p *npyParser) integer() int {
	p.accept("") // skips space
	end := 0
	for end < len(p.rest) && (p.rest[end] == '-' || '0' <= p.rest[end] && p.rest[end] <= '9') {
		end++
	}
	n, err := strconv.Atoi(p.rest[:end])
	if err != nil {
		p.fail()
		return 0
	}
	p.rest = p.rest[end:]
	return n
}
