package solar

import (
	"encoding/json"
	"fmt"

	"offload/archive"
	"offload/device"
)

// ArchiveKind is the kind of the archives of this package's simulations.
const ArchiveKind = "solar"

// Plan is what a simulation is to do, from the start to the end.
type Plan struct {
	System  *System // at the start
	Options Options
	Until   float64 // Julian date
	Every   float64 // days between samples; 0 is none
}

// Bodies returns the system with the bodies that the model of the options adds: those of the field and of checkpoints.
func (p *Plan) Bodies() (*System, error) {
	_, full, err := p.Options.correction(p.System)
	return full, err
}

// Archive returns the description of an archive of the plan. Version is that of the program.
func (p *Plan) Archive(version string, inputs []archive.Input) (archive.Run, error) {
	text, err := json.Marshal(p)
	return archive.Run{Kind: ArchiveKind, Unit: "JD (TDB)", Version: version, Options: text, Inputs: inputs}, err
}

// ReadPlan is the inverse of Plan.Archive. The error wraps ErrInput if run is not one of a simulation of this package.
func ReadPlan(run archive.Run) (*Plan, error) {
	if run.Kind != ArchiveKind {
		return nil, fmt.Errorf("%w: the archive is of the kind %q, not %q", ErrInput, run.Kind, ArchiveKind)
	}
	p := &Plan{}
	if err := json.Unmarshal(run.Options, p); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrInput, err)
	}
	return p, p.System.Validate()
}

// Frame returns the checkpoint as a frame of an archive. Its time is the Julian date; epoch is that of the System. The
// fields position, velocity (au, au/day) and their low parts have a row for each body; integrator and invariants are for
// Restore.
func (c *Checkpoint) Frame(epoch float64) (*archive.Frame, error) {
	date := c.date(epoch)
	rest := *c
	rest.X, rest.XLow, rest.V, rest.VLow, rest.Integrator, rest.Start = nil, nil, nil, nil, nil, nil
	text, err := json.Marshal(&rest)
	f := &archive.Frame{Header: archive.Header{Time: date.JD, TimeLow: date.Low, Step: int64(c.Steps), State: text}}
	for _, v := range c.arrays() {
		shape := []int{len(*v.data)}
		if v.perBody {
			shape = []int{len(*v.data) / 3, 3}
		}
		f.Fields = append(f.Fields, archive.Field{Name: v.name, Shape: shape, Data: device.Of(*v.data)})
	}
	return f, err
}

// ReadFrame is the inverse of Checkpoint.Frame.
func ReadFrame(f *archive.Frame) (*Checkpoint, error) {
	c := &Checkpoint{}
	if err := json.Unmarshal(f.State, c); err != nil {
		return nil, fmt.Errorf("%w: state of frame %d: %w", ErrInput, f.Number, err)
	}
	for _, v := range c.arrays() {
		data, err := f.Field(v.name, device.Float64)
		if err != nil {
			return nil, err
		}
		*v.data = device.As[float64](data)
	}
	return c, nil
}

// array is an array of a checkpoint.
type array struct {
	name    string
	data    *[]float64
	perBody bool // three numbers for each body
}

func (c *Checkpoint) arrays() []array {
	return []array{
		{"position", &c.X, true}, {"position_low", &c.XLow, true}, {"velocity", &c.V, true}, {"velocity_low", &c.VLow, true},
		{"integrator", &c.Integrator, false}, {"invariants", &c.Start, false},
	}
}
