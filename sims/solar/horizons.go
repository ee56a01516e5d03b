package solar

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"
)

// Vector tables of JPL Horizons, as its manual describes them (https://ssd.jpl.nasa.gov/horizons/manual.html, "Vector
// tables"): a page about the object, a header of lines "name : value", the names of the columns, and the states between
// $$SOE and $$EOE, either separated by commas (CSV_FORMAT=YES) or with labels, three lines for each date.

// isHorizons reports whether a text that begins with start is a table of Horizons, or the answer of its service that
// contains one.
func isHorizons(start []byte) bool {
	return bytes.Contains(start, []byte("$$SOE")) || bytes.Contains(start, []byte("Target body name:")) ||
		bytes.HasPrefix(bytes.TrimLeft(start, " *\r\n"), []byte("JDTDB")) || isAnswer(start)
}

// isAnswer reports whether the text is JSON.
func isAnswer(start []byte) bool { return bytes.HasPrefix(bytes.TrimSpace(start), []byte("{")) }

// readHorizons reads the tables of a text.
func readHorizons(r io.Reader) ([]record, error) {
	text, err := io.ReadAll(r)
	if err != nil {
		return nil, fmt.Errorf("read table: %w", err)
	}
	if isAnswer(text) {
		var answer struct{ Result, Error string }
		if err := json.Unmarshal(text, &answer); err != nil || answer.Result == "" {
			if err == nil && answer.Error != "" {
				return nil, fmt.Errorf("%w: Horizons answered with an error: %.200q", ErrInput, answer.Error)
			}
			return nil, fmt.Errorf("%w: this is JSON, but not of Horizons: there is no text named result", ErrInput)
		}
		text = []byte(answer.Result)
	}
	h := horizons{}
	for line := range strings.Lines(string(text)) {
		h.line++
		if err := h.read(strings.TrimSpace(line)); err != nil {
			return nil, err
		}
	}
	if h.inside {
		return nil, h.fault("$$EOE", "is missing; the table is incomplete")
	}
	if len(h.all) == 0 || h.object != (target{}) {
		return nil, h.fault("$$SOE", "is missing; the text is not a vector table of Horizons, or an error of it")
	}
	return h.all, nil
}

// horizons reads tables line by line.
type horizons struct {
	all    []record
	line   int
	inside bool // between $$SOE and $$EOE
	horizonsHeader
	labelled horizonsState
}

// horizonsHeader is what the header says of a table.
type horizonsHeader struct {
	object        target
	gm            float64 // km³/s², of the page about the object; 0 if that has none
	centre        target
	length, speed *unit
	frame         Frame
	refused       string   // what the table has that no state can be read from
	columns       []string // of a table with commas
	previous      string   // the last line that has text
}

// horizonsState is a state of a labelled table, as far as it has been read.
type horizonsState struct {
	jd   float64
	line int
	have int // numbers
	v    [6]float64
}

func (h *horizons) fault(column, text string) error { return faultAt(h.line, column, text) }

// read reads the next line.
func (h *horizons) read(line string) error {
	switch {
	case line == "$$SOE":
		h.inside = true
		return h.ready()
	case line == "$$EOE":
		if err := h.complete(); err != nil {
			return err
		}
		h.inside, h.horizonsHeader = false, horizonsHeader{}
		return nil
	case h.inside && line == "":
		return nil
	case h.inside && h.columns != nil:
		return h.separated(line)
	case h.inside:
		return h.labels(line)
	}
	return h.header(line)
}

// pageGM finds GM in the page about an object, which has several spellings: "GM (km^3/s^2) = ", "GM, km^3/s^2 = ",
// "GM (planet) km^3/s^2 = " and, for asteroids and comets, "GM= ".
var pageGM = regexp.MustCompile(`(?:^|\s)GM,?\s*(?:\(planet\)\s*)?,?(?:\(?km\^3/s\^2\)?)?\s*=\s*([0-9][0-9.]*(?:[EeDd][+-]?\d+)?)`)

// header reads a line outside of the states.
func (h *horizons) header(line string) error {
	if strings.HasPrefix(line, "***") || line == "" {
		return nil
	}
	h.previous = line
	if m := pageGM.FindStringSubmatch(line); m != nil && h.object == (target{}) && h.gm == 0 {
		gm, err := parseFortran(m[1])
		if err != nil {
			return h.fault("GM", fmt.Sprintf("%.40q is not a number", m[1]))
		}
		h.gm = gm
	}
	name, value, ok := strings.Cut(line, ":")
	if !ok {
		return nil
	}
	value, _, _ = strings.Cut(value, "{")
	value = strings.TrimSpace(value)
	switch strings.TrimSpace(name) {
	case "Target body name":
		if h.object != (target{}) {
			return h.fault("$$SOE", fmt.Sprintf("is missing: the table of %s has no states", h.object))
		}
		h.object.name, h.object.id = targetOf(value)
	case "Center body name":
		h.centre.name, h.centre.id = targetOf(value)
	case "Center-site name":
		if value != "BODY CENTER" && value != "BODYCENTRIC" {
			h.refused = "the centre is the site " + value + " on a body; take the body's centre, as CENTER='500@0'"
		}
	case "Output units":
		return h.units(value)
	case "Output type":
		if !strings.Contains(strings.ToUpper(value), "GEOMETRIC") {
			h.refused = "the states are not geometric but " + value + "; take VEC_CORR='NONE'"
		}
	case "Reference frame", "Coordinate systm":
		h.axes(value)
	case "Start time":
		if !strings.HasSuffix(value, "TDB") && !strings.HasSuffix(value, "CT") {
			h.refused = "dates are not of TDB; take TIME_TYPE='TDB'"
		}
	}
	return nil
}

// units reads the line "Output units".
func (h *horizons) units(value string) error {
	value, _, _ = strings.Cut(value, ",")
	lengths := map[string]unit{"AU": {"au", AU / horizonsAU}, "KM": {"km", AU}}
	distance, time, _ := strings.Cut(strings.TrimSpace(value), "-")
	u, ok := lengths[distance]
	if !ok || time != "D" && time != "S" {
		return h.fault("Output units", fmt.Sprintf("%.40q is none of AU-D, KM-D and KM-S", value))
	}
	v := u
	if time == "S" {
		v.per /= SecondsPerDay
	}
	h.length, h.speed = &u, &v
	return nil
}

// axes reads the frame. Older tables have two lines: the frame of the axes, and the plane.
func (h *horizons) axes(value string) {
	lower := strings.ToLower(value)
	switch {
	case strings.Contains(lower, "1950"), strings.Contains(lower, "fk4"), strings.Contains(lower, "body"):
		h.refused = "the frame is " + value + "; take REF_SYSTEM='ICRF', and REF_PLANE='FRAME' or 'ECLIPTIC'"
	case strings.HasPrefix(lower, "ecliptic"):
		h.frame = Ecliptic
	case strings.Contains(lower, "icrf"), strings.Contains(lower, "j2000"), strings.Contains(lower, "mean equator and equinox of reference epoch"):
		if h.frame == "" {
			h.frame = ICRF
		}
	default:
		h.refused = "the frame is " + value + ", which is not known"
	}
}

// ready checks at $$SOE that the header has said all that states need.
func (h *horizons) ready() error {
	columns := h.previous
	switch {
	case h.object == (target{}):
		return h.fault("$$SOE", "the header with the name of the body, its units and its frame is missing before the states; keep all that Horizons writes")
	case h.length == nil:
		return h.fault("$$SOE", "the header has no line Output units, as those of vector tables have; take EPHEM_TYPE='VECTORS'")
	case h.frame == "" && h.refused == "":
		return h.fault("$$SOE", "the header has no line Reference frame")
	case h.refused != "":
		return h.fault("$$SOE", h.refused)
	}
	if strings.Contains(columns, ",") {
		for field := range strings.SplitSeq(columns, ",") {
			h.columns = append(h.columns, strings.TrimSpace(field))
		}
		for _, name := range []string{"JDTDB", "X", "Y", "Z", "VX", "VY", "VZ"} {
			if h.column(name) < 0 {
				return h.fault("$$SOE", "the table has no column "+name+"; take VEC_TABLE='2'")
			}
		}
	}
	return nil
}

func (h *horizons) column(name string) int {
	for i, c := range h.columns {
		if c == name {
			return i
		}
	}
	return -1
}

// separated reads a row of a table with commas.
func (h *horizons) separated(line string) error {
	in := csv.NewReader(strings.NewReader(line))
	in.LazyQuotes, in.TrimLeadingSpace = true, true
	fields, err := in.Read()
	if err != nil {
		return h.fault("JDTDB", "the row cannot be split at commas")
	}
	s := horizonsState{line: h.line, have: 6}
	for i, name := range []string{"JDTDB", "X", "Y", "Z", "VX", "VY", "VZ"} {
		at := h.column(name)
		if at >= len(fields) {
			return h.fault(name, fmt.Sprintf("the row has %d fields where the header has %d", len(fields), len(h.columns)))
		}
		x, err := h.number(name, fields[at])
		if err != nil {
			return err
		}
		if i == 0 {
			s.jd = x
		} else {
			s.v[i-1] = x
		}
	}
	return h.add(s)
}

func (h *horizons) number(name, cell string) (float64, error) {
	cell = strings.TrimSpace(cell)
	x, err := parseFortran(cell)
	if err != nil || x-x != 0 {
		return 0, h.fault(name, fmt.Sprintf("%.40q is not a finite number", cell))
	}
	return x, nil
}

var label = regexp.MustCompile(`\b(VX|VY|VZ|X|Y|Z)\s*=\s*(\S+)`)

// labels reads a line of a table without commas: a date, "2451545.0 = A.D. 2000-Jan-01 12:00:00.0000 TDB", or numbers,
// which VEC_LABELS='NO' leaves without their names.
func (h *horizons) labels(line string) error {
	s := &h.labelled
	if jd, rest, ok := strings.Cut(line, "="); ok && (strings.Contains(rest, "A.D.") || strings.Contains(rest, "B.C.")) {
		if err := h.complete(); err != nil {
			return err
		}
		date, err := h.number("JDTDB", jd)
		*s = horizonsState{jd: date, line: h.line}
		return err
	}
	if s.line == 0 {
		return h.fault("JDTDB", "a date, such as 2451545.0 = A.D. 2000-Jan-01 12:00:00.0000 TDB, is missing before the state")
	}
	if !strings.Contains(line, "=") {
		if s.have == 6 {
			return nil // light time, range and its rate
		}
		for cell := range strings.FieldsSeq(line) {
			if s.have == 6 {
				return h.fault("VZ", "more than three numbers in the line")
			}
			x, err := h.number([]string{"X", "Y", "Z", "VX", "VY", "VZ"}[s.have], cell)
			if err != nil {
				return err
			}
			s.v[s.have] = x
			s.have++
		}
		return nil
	}
	for _, m := range label.FindAllStringSubmatch(line, -1) {
		if s.have >= 6 || m[1] != [6]string{"X", "Y", "Z", "VX", "VY", "VZ"}[s.have] {
			return h.fault(m[1], "is out of order")
		}
		x, err := h.number(m[1], m[2])
		if err != nil {
			return err
		}
		s.v[s.have] = x
		s.have++
	}
	return nil
}

// complete adds the state of a labelled table that has been read.
func (h *horizons) complete() error {
	s := h.labelled
	h.labelled = horizonsState{}
	if s.line == 0 {
		return nil
	}
	if s.have != 6 {
		return h.fault("VX", fmt.Sprintf("the state at JD %s has %d of 6 numbers; take VEC_TABLE='2'", formatJD(s.jd), s.have))
	}
	return h.add(s)
}

// add adds a state to the records.
func (h *horizons) add(s horizonsState) error {
	r := record{jd: s.jd, id: h.object.id, centre: h.centre, line: s.line}
	if r.Name = h.object.name; nameFault(r.Name) != "" {
		return h.fault("Target body name", nameFault(r.Name))
	}
	if !validJD(s.jd) {
		return h.fault("JDTDB", fmt.Sprintf("%g is not a Julian date within ±%g", s.jd, MaxJD))
	}
	for k := range 3 {
		r.X[k], r.V[k] = h.length.value(s.v[k]), h.speed.value(s.v[3+k])
	}
	if !finite(r.X[:]) || !finite(r.V[:]) {
		return h.fault("X", "the state is out of range")
	}
	if h.frame == Ecliptic {
		r.X, r.V = toEquator(r.X), toEquator(r.V)
	}
	// The page about a barycentre is that of the planet, without the moons.
	if barycentre := r.id >= 1 && r.id <= 9; h.gm > 0 && !barycentre {
		r.GM, r.gm = massive.units()[1].value(h.gm), true
	}
	h.all = append(h.all, r)
	return nil
}

// targetOf splits the name of a target at JPL, such as "Mars (499)", into name and number. The number is 0 where the
// parentheses have something else, such as the designation of an asteroid.
func targetOf(text string) (name string, id int) {
	text = strings.TrimSpace(text)
	i := strings.LastIndexByte(text, '(')
	if i <= 0 || !strings.HasSuffix(text, ")") {
		return text, 0
	}
	id, err := strconv.Atoi(text[i+1 : len(text)-1])
	if err != nil {
		id = 0
	}
	return strings.TrimSpace(text[:i]), id
}
