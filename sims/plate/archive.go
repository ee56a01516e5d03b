package plate

import (
	"encoding/json"
	"fmt"
	"slices"

	"offload/archive"
	"offload/device"
	"offload/sims/poisson"
)

// ArchiveKind is the kind of the archives of plates.
const ArchiveKind = "plate"

// The methods of a Plan.
const (
	MethodMultigrid     = "multigrid"
	MethodJacobi        = "jacobi"
	MethodExplicit      = "explicit"
	MethodCrankNicolson = "crank-nicolson"
	MethodEuler         = "euler"
)

// Plan is what a run is to do, beside the field that it starts from. The numbers of other methods than its own are 0.
type Plan struct {
	Precision string // of the field: "f32" or "f64"
	Method    string
	Problem   poisson.Problem

	Tol                   float64 // of Steady and poisson.Solve
	MaxSweeps, MaxCycles  int
	Time, Dt, Diffusivity float64 // of Transient and Implicit
	Capacity              float64 // of Implicit, in J/(m³·K)
	Capacities            []float64
	Every                 float64 // between frames: cycles, sweeps or seconds
}

// Unit returns the unit of the times of the plan's frames.
func (p *Plan) Unit() string {
	switch p.Method {
	case MethodMultigrid:
		return "cycles"
	case MethodJacobi:
		return "sweeps"
	}
	return "s"
}

// maps returns the matrices of the plan by name.
func (p *Plan) maps() map[string]*[]float64 {
	return map[string]*[]float64{"conductivity": &p.Problem.Conductivity, "source": &p.Problem.Source, "capacity": &p.Capacities}
}

// Archive returns the description of an archive of the plan. Version is that of the program.
func (p *Plan) Archive(version string, inputs []archive.Input) (archive.Run, error) {
	run := archive.Run{Kind: ArchiveKind, Unit: p.Unit(), Version: version, Inputs: inputs}
	rest, shape := *p, []int{p.Problem.Rows, p.Problem.Cols}
	for _, name := range []string{"capacity", "conductivity", "source"} {
		m := rest.maps()[name]
		if *m != nil {
			run.Fields = append(run.Fields, archive.Field{Name: name, Shape: shape, Data: device.Of(*m)})
		}
		*m = nil
	}
	if held := p.Problem.Held; held != nil {
		bits := make([]uint32, len(held))
		for i := range held {
			if held[i] {
				bits[i] = 1
			}
		}
		run.Fields = append(run.Fields, archive.Field{Name: "held", Shape: shape, Data: device.Of(bits)})
		rest.Problem.Held = nil
	}
	var err error
	run.Options, err = json.Marshal(&rest)
	return run, err
}

// ReadPlan is the inverse of Plan.Archive. The error wraps device.ErrInvalid if run is not one of a plate.
func ReadPlan(run archive.Run) (*Plan, error) {
	if run.Kind != ArchiveKind {
		return nil, device.Invalidf("the archive is of the kind %q, not %q", run.Kind, ArchiveKind)
	}
	p := &Plan{}
	if err := json.Unmarshal(run.Options, p); err != nil {
		return nil, fmt.Errorf("%w: %w", device.ErrInvalid, err)
	}
	for _, f := range run.Fields {
		if m := p.maps()[f.Name]; m != nil && f.Data.Type() == device.Float64 {
			*m = device.As[float64](f.Data)
		} else if f.Name == "held" && f.Data.Type() == device.Uint32 {
			for _, bit := range device.As[uint32](f.Data) {
				p.Problem.Held = append(p.Problem.Held, bit != 0)
			}
		}
	}
	methods := []string{MethodMultigrid, MethodJacobi, MethodExplicit, MethodCrankNicolson, MethodEuler}
	if !slices.Contains(methods, p.Method) {
		return nil, device.Invalidf("the archive is of the method %.40q", p.Method)
	}
	return p, nil
}

// temperature is the name of the field in frames. Those of a poisson.State follow it, as vector0 and so on.
const temperature = "temperature"

// Frame returns f and the state of a run at a time, in the unit of its plan, as a frame of an archive: a SteadyState, a
// TransientResult, an ImplicitResult or a *poisson.State.
func Frame[T device.Float](f *Field[T], time float64, step int, state any) (*archive.Frame, error) {
	text, err := json.Marshal(state)
	frame := &archive.Frame{
		Header: archive.Header{Time: time, Step: int64(step), State: text},
		Fields: []archive.Field{{Name: temperature, Shape: []int{f.Rows, f.Cols}, Data: device.Of(f.T)}},
	}
	if s, ok := state.(*poisson.State); ok {
		for i, v := range s.Vectors {
			frame.Fields = append(frame.Fields, archive.Field{Name: fmt.Sprintf("vector%d", i), Shape: []int{v.Len()}, Data: v})
		}
	}
	return frame, err
}

// ReadFrame sets state, a pointer to what Frame was given, and returns the field.
func ReadFrame[T device.Float](frame *archive.Frame, state any) (*Field[T], error) {
	if err := json.Unmarshal(frame.State, state); err != nil {
		return nil, fmt.Errorf("%w: state of frame %d: %w", device.ErrInvalid, frame.Number, err)
	}
	data, err := frame.Field(temperature, device.TypeOf[T]())
	if err != nil {
		return nil, err
	}
	shape := frame.Fields[0].Shape
	if len(shape) != 2 || frame.Fields[0].Name != temperature {
		return nil, device.Invalidf("frame %d has no field of rows and columns", frame.Number)
	}
	if s, ok := state.(*poisson.State); ok {
		for _, v := range frame.Fields[1:] {
			s.Vectors = append(s.Vectors, v.Data)
		}
	}
	return &Field[T]{shape[0], shape[1], device.As[T](data)}, nil
}
