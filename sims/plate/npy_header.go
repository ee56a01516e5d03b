package plate

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
)

// A NumPy file is the magic string, a version, the length of the header, the
// header (a Python dictionary as text, padded with spaces), and the data. See
// https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html.
const npyMagic = "\x93NUMPY"

// maxNpyHeader bounds the header in bytes; NumPy itself reads at most 10 000.
const maxNpyHeader = 1 << 16

// npyHeader is the header of an array.
type npyHeader struct {
	shape   []int
	fortran bool // the data are column by column
	element element
}

// points returns the number of values.
func (h npyHeader) points() int {
	points := 1
	for _, n := range h.shape {
		points *= n
	}
	return points
}

// dataSize returns the size of the data in bytes.
func (h npyHeader) dataSize() int64 { return int64(h.points()) * int64(h.element.size) }

// times returns a shape in the form 3 × 4.
func times(shape []int) string {
	return strings.ReplaceAll(strings.Trim(fmt.Sprint(shape), "[]"), " ", " × ")
}

// formatError returns an error that wraps ErrFormat.
func formatError(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrFormat, fmt.Sprintf(format, args...))
}

// readFull reads as many bytes as data holds. If the file has fewer, it returns a
// formatError about the part in which the file ends.
func readFull(r io.Reader, data []byte, part string) error {
	_, err := io.ReadFull(r, data)
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return formatError("it ends within %s", part)
	}
	return err
}

// readNpyHeader reads up to the data; n is the number of bytes read. The array must have
// one of these numbers of dimensions.
func readNpyHeader(r io.Reader, dims []int) (h npyHeader, n int64, err error) {
	var start [8]byte
	if err := readFull(r, start[:], "the first 8 bytes"); err != nil {
		return h, 0, err
	}
	if string(start[:6]) != npyMagic {
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
	if err := readFull(r, length[:size], "the header"); err != nil {
		return h, 0, err
	}
	bytes := binary.LittleEndian.Uint32(length[:])
	if bytes > maxNpyHeader {
		return h, 0, formatError("a header of %d bytes; at most %d are read", bytes, maxNpyHeader)
	}
	text := make([]byte, bytes)
	if err := readFull(r, text, "the header"); err != nil {
		return h, 0, err
	}
	if h, err = parseNpyHeader(string(text)); err == nil {
		err = checkShape(h.shape, dims)
	}
	return h, int64(len(start)+size) + int64(bytes), err
}

// checkShape returns an error for other numbers of dimensions than dims, and for a shape
// of no values or of more than maxPoints.
func checkShape(shape, dims []int) error {
	if !slices.Contains(dims, len(shape)) {
		wanted := strings.ReplaceAll(strings.Trim(fmt.Sprint(dims), "[]"), " ", "-D or ")
		return formatError("a %d-D array of shape (%.60s), not %s-D", len(shape), times(shape), wanted)
	}
	points := 1
	for _, n := range shape {
		if n < 1 || n > maxPoints/points {
			return formatError("a shape of %s", times(shape))
		}
		points *= n
	}
	return nil
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
			h.element = p.element()
		case "fortran_order":
			h.fortran = p.truth()
		case "shape":
			h.shape = p.shape()
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

// element reads the type of the elements.
func (p *npyParser) element() (e element) {
	p.accept("") // skips space
	if rest := p.rest; p.accept("[") || p.accept("(") {
		p.err = formatError("elements with several fields: %.40q", rest)
		return e
	}
	if descr := p.quoted(); p.err == nil {
		e, p.err = elementOf(descr)
	}
	return e
}

// shape reads a tuple.
func (p *npyParser) shape() (shape []int) {
	p.expect("(")
	for !p.accept(")") && p.err == nil {
		shape = append(shape, p.integer())
		if !p.accept(",") {
			p.expect(")")
			break
		}
	}
	return shape
}

// integer reads an integer. Python 2 wrote some with the suffix L.
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
	p.rest = strings.TrimPrefix(p.rest[end:], "L")
	return n
}
