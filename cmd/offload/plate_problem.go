package main

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"offload/device"
	"offload/sims/plate"
	"offload/sims/poisson"
)

// edgeFlag is the condition at one edge: a temperature, a file with one for each point, or
// another kind of edge.
type edgeFlag struct {
	text        string
	edge        poisson.Edge
	temperature float64
	profile     string // file; "" for none
}

// edgeKinds is the table of edges that are not held, by the first word of the flag.
var edgeKinds = []struct {
	name    string
	kind    poisson.EdgeKind
	numbers string // what follows the colon
	set     func(e *poisson.Edge, x []float64)
}{
	{"insulated", poisson.Insulated, "", nil},
	{"flux", poisson.Flux, "W/m²", func(e *poisson.Edge, x []float64) { e.Flux = x[0] }},
	{"convection", poisson.Convection, "W/(m²·K),ambient", func(e *poisson.Edge, x []float64) { e.Transfer, e.Ambient = x[0], x[1] }},
	{"periodic", poisson.Periodic, "", nil},
}

func (f *edgeFlag) Type() string { return "EDGE" }

func (f *edgeFlag) String() string { return f.text }

func (f *edgeFlag) Set(text string) error {
	set := edgeFlag{text: text}
	word, numbers, _ := strings.Cut(text, ":")
	if x, err := strconv.ParseFloat(text, 64); err == nil {
		set.temperature = x
		*f = set
		return nil
	}
	for _, k := range edgeKinds {
		if k.name != word {
			continue
		}
		x, err := numberList(numbers)
		if wanted := len(strings.FieldsFunc(k.numbers, func(r rune) bool { return r == ',' })); err != nil || len(x) != wanted {
			if wanted == 0 {
				return fmt.Errorf("write %s", k.name)
			}
			return fmt.Errorf("write %s:%s", k.name, k.numbers)
		}
		if set.edge.Kind = k.kind; k.set != nil {
			k.set(&set.edge, x)
		}
		*f = set
		return nil
	}
	if strings.HasSuffix(text, ".npy") || strings.Contains(text, ".npz") {
		set.profile = text
		*f = set
		return nil
	}
	var names []string
	if word != "" { // which all names begin with
		for _, k := range edgeKinds {
			names = append(names, k.name)
		}
	}
	return fmt.Errorf("write a temperature, a .npy file, insulated, flux:W/m², convection:W/(m²·K),ambient, or periodic%s", suggestion("", similarOf(names, word)))
}

func numberList(text string) ([]float64, error) {
	if text == "" {
		return nil, nil
	}
	var list []float64
	for word := range strings.SplitSeq(text, ",") {
		x, err := strconv.ParseFloat(word, 64)
		if err != nil {
			return nil, err
		}
		list = append(list, x)
	}
	return list, nil
}

// plateEdges are the flags of the four edges.
type plateEdges struct{ top, bottom, left, right edgeFlag }

func (e *plateEdges) flags(cmd *cobra.Command) {
	for _, x := range []struct {
		name string
		flag *edgeFlag
	}{{"top", &e.top}, {"bottom", &e.bottom}, {"left", &e.left}, {"right", &e.right}} {
		x.flag.text = "0"
		cmd.Flags().Var(x.flag, x.name, x.name+" edge: temperature, file.npy, insulated, flux:…, convection:…, periodic")
	}
}

// temperatures returns the temperatures of the edges that are held at one.
func (e *plateEdges) temperatures() plate.Edges {
	return plate.Edges{Top: e.top.temperature, Bottom: e.bottom.temperature, Left: e.left.temperature, Right: e.right.temperature}
}

// held reports whether all edges are held.
func (e *plateEdges) held() bool {
	for _, x := range []edgeFlag{e.top, e.bottom, e.left, e.right} {
		if x.edge.Kind != poisson.Fixed {
			return false
		}
	}
	return true
}

// set sets the points of the held edges whose flags satisfy given, in a field: left and
// right, then bottom and top, to which the corners belong.
func setEdges[T device.Float](e *plateEdges, field *plate.Field[T], given func(flag string) bool) error {
	last := field.Rows - 1
	for _, x := range []struct {
		name string
		edge edgeFlag
		n    int
		at   func(k int) int // index of point k of the edge
	}{
		{"right", e.right, field.Rows, func(k int) int { return k*field.Cols + field.Cols - 1 }},
		{"left", e.left, field.Rows, func(k int) int { return k * field.Cols }},
		{"bottom", e.bottom, field.Cols, func(k int) int { return last*field.Cols + k }},
		{"top", e.top, field.Cols, func(k int) int { return k }},
	} {
		if x.edge.edge.Kind != poisson.Fixed || !given(x.name) {
			continue
		}
		value := func(int) T { return T(x.edge.temperature) }
		if x.edge.profile != "" {
			a, err := plate.ReadArray[T](x.edge.profile, 1)
			if err != nil {
				return &inputError{err}
			}
			if len(a.Values) != x.n {
				return &inputError{fmt.Errorf("%s: %d values for the %d points of the %s edge", x.edge.profile, len(a.Values), x.n, x.name)}
			}
			value = func(k int) T { return a.Values[k] }
		}
		for k := range x.n {
			field.T[x.at(k)] = value(k)
		}
	}
	return nil
}

// materials are the flags of sources, materials and points that are held.
type materials struct{ source, conductivity, fixed string }

// aluminiumK is the thermal conductivity of pure aluminium at room temperature in W/(m·K)
// (CRC Handbook of Chemistry and Physics).
const aluminiumK = 237

func (m *materials) flags(cmd *cobra.Command) {
	fl := cmd.Flags()
	fl.StringVar(&m.source, "source", "", "heat sources in W/m³: a number or a NumPy `file`")
	fl.StringVar(&m.conductivity, "conductivity", "", "thermal conductivity in W/(m·K): a number or a NumPy `file` (default aluminium, 237); points with 0 are holes")
	fl.StringVar(&m.fixed, "fixed", "", "temperatures of points that are held, NaN for the others, in a NumPy `file`")
}

// some reports whether any of the flags is set.
func (m *materials) some() bool { return m.source != "" || m.conductivity != "" || m.fixed != "" }

// problemOf returns the problem that the flags describe for field, in which it sets the
// points that are held.
func problemOf[T device.Float](f *plateFlags, field *plate.Field[T]) (*poisson.Problem, error) {
	p := &poisson.Problem{
		Rows: field.Rows, Cols: field.Cols, Dx: f.dx, Dy: f.dy, K: aluminiumK,
		Top: f.edges.top.edge, Bottom: f.edges.bottom.edge, Left: f.edges.left.edge, Right: f.edges.right.edge,
	}
	var err error
	if k, number := numberOf(f.materials.conductivity); number {
		p.K = k
		if !(k > 0) {
			return nil, usagef("--conductivity=%g must be positive", k)
		}
	} else if f.materials.conductivity != "" {
		p.K = 0
		p.Conductivity, err = mapOf(f.materials.conductivity, field.Rows, field.Cols)
		if err != nil {
			return nil, err
		}
	}
	if q, number := numberOf(f.materials.source); number {
		p.Source = make([]float64, len(field.T))
		for i := range p.Source {
			p.Source[i] = q
		}
	} else if f.materials.source != "" {
		if p.Source, err = mapOf(f.materials.source, field.Rows, field.Cols); err != nil {
			return nil, err
		}
	}
	if f.materials.fixed == "" {
		return p, nil
	}
	values, err := mapOf(f.materials.fixed, field.Rows, field.Cols)
	if err != nil {
		return nil, err
	}
	p.Held = make([]bool, len(values))
	for i, v := range values {
		if p.Held[i] = !math.IsNaN(v); p.Held[i] {
			field.T[i] = T(v)
		}
	}
	return p, nil
}

// numberOf returns the number that a flag's text is, if it is one.
func numberOf(text string) (x float64, ok bool) {
	x, err := strconv.ParseFloat(text, 64)
	return x, err == nil
}

// mapOf reads a matrix of the plate's shape.
func mapOf(path string, rows, cols int) ([]float64, error) {
	a, err := plate.ReadArray[float64](path, 2)
	if err != nil {
		return nil, &inputError{err}
	}
	if a.Shape[0] != rows || a.Shape[1] != cols {
		return nil, &inputError{fmt.Errorf("%s: %d × %d values for a plate of %d × %d points", path, a.Shape[0], a.Shape[1], rows, cols)}
	}
	return a.Values, nil
}
