package main

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"offload/device"
	"offload/internal/bench"
	"offload/sims/plate"
	"offload/sims/solar"
)

// toStdout is the value of --out for stdout.
const toStdout = "-"

// reporting is the flag --format of simulations: the format of the report.
type reporting struct{ format string }

func (r *reporting) flag(cmd *cobra.Command) {
	cmd.Flags().StringVar(&r.format, "format", "text", "report format: text, json (one object)")
}

func (r *reporting) check() error { return oneOf("format", r.format, []string{"text", "json"}) }

// report is the report of a simulation, printed as text or encoded as JSON.
type report interface{ text(w io.Writer) error }

// print prints the report: on stdout, or on stderr if stdout receives the data.
func (r *reporting) print(cmd *cobra.Command, out string, found report) error {
	w := cmd.OutOrStdout()
	if out == toStdout {
		w = cmd.ErrOrStderr()
	}
	if r.format == "json" {
		return json.NewEncoder(w).Encode(found)
	}
	return found.text(w)
}

// refuseTerminal returns a usage error if binary data would go to a terminal.
func refuseTerminal(cmd *cobra.Command, path string) error {
	o, _ := cmd.OutOrStdout().(*output)
	if f, ok := o.Writer.(*os.File); path == toStdout && ok && term.IsTerminal(int(f.Fd())) {
		return usagef("--out=-: the field is binary; redirect stdout to a file or a pipe")
	}
	return nil
}

// place is where a simulation ran.
type place struct {
	Device     string `json:"device"`
	DeviceName string `json:"device_name"`
	Precision  string `json:"precision"`
	Math       string `json:"math"`
}

func placeOf(i device.Info, t device.Type) place {
	return place{i.Backend, i.Name, t.String(), string(i.Math)}
}

func (p place) String() string {
	return fmt.Sprintf("%s (%s, %s, %s)", p.Device, p.DeviceName, p.Precision, p.Math)
}

// real is a number that may be NaN or infinite, which JSON encodes as null.
type real float64

func (x real) MarshalJSON() ([]byte, error) {
	if math.IsNaN(float64(x)) || math.IsInf(float64(x), 0) {
		return []byte("null"), nil
	}
	return json.Marshal(float64(x))
}

// solarReport is the report of an integration.
type solarReport struct {
	place
	Integrator           string         `json:"integrator"`
	Relativity           bool           `json:"relativity"`
	Model                string         `json:"model,omitempty"`
	FromJD               float64        `json:"from_jd"`
	ToJD                 float64        `json:"to_jd"`
	Steps                int            `json:"steps"`
	Evaluations          int            `json:"evaluations"`
	Seconds              float64        `json:"seconds"`
	EnergyError          real           `json:"energy_error"` // relative
	Doubtful             bool           `json:"doubtful"`     // the energy has changed too much for the states to mean much
	AngularMomentumError real           `json:"angular_momentum_error"`
	BarycentreDrift      real           `json:"barycentre_drift_au"`
	DE405                []distance     `json:"distance_from_de405,omitempty"`
	Elements             []orbitReport  `json:"elements,omitempty"`
	Archive              *archiveReport `json:"archive,omitempty"`
	*eventsReport
	*particlesReport
}

// distance is the distance of a body from its position in the ephemeris.
type distance struct {
	Body string `json:"body"`
	KM   real   `json:"km"`
}

// compare adds the distances from DE405, if there is data for the date.
func (r *solarReport) compare(s solar.Snapshot) error {
	snapshots, err := solar.Reference()
	if err != nil {
		return err
	}
	for _, ref := range snapshots {
		if ref.JD != s.JD {
			continue
		}
		differences, err := solar.Compare(s, ref)
		if err != nil {
			return err
		}
		for _, d := range differences {
			r.DE405 = append(r.DE405, distance{d.Name, real(d.KM)})
		}
	}
	return nil
}

func (r *solarReport) text(w io.Writer) error {
	energy := "energy"
	switch {
	case r.Model != "":
		energy = "energy of points (which the model's forces do not conserve)"
	case r.Relativity:
		energy = "Newtonian energy (which the 1PN term does not conserve)"
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s from JD %.4f to %.4f on %v: %d steps, %d evaluations, %.3g s\n"+
		"relative change: %s %.2e, angular momentum %.2e; barycentre drift %.2e au\n",
		r.Integrator, r.FromJD, r.ToJD, r.place, r.Steps, r.Evaluations, r.Seconds,
		energy, float64(r.EnergyError), float64(r.AngularMomentumError), float64(r.BarycentreDrift))
	if len(r.DE405) > 0 {
		fmt.Fprintln(&b, "distance from DE405:")
	}
	for _, d := range r.DE405 {
		fmt.Fprintf(&b, "  %-8s %10.3f km\n", d.Body, float64(d.KM))
	}
	writeOrbits(&b, r.Elements)
	r.eventsReport.text(&b)
	r.particlesReport.text(&b)
	if r.Archive != nil {
		fmt.Fprintf(&b, "%d frames in %s\n", r.Archive.Frames, r.Archive.File)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// plateReport is the report of a run of the plate, either steady or transient.
type plateReport struct {
	place
	Rows    int     `json:"rows"`
	Cols    int     `json:"cols"`
	Seconds float64 `json:"seconds"`
	*steadyReport
	*cyclesReport
	*multigridReport
	*jacobiReport
	*timeReport
	*explicitReport
	*implicitReport
	Centre  real   `json:"centre"`
	Lowest  real   `json:"lowest"`
	Highest real   `json:"highest"`
	Digest  string `json:"digest"` // SHA-256 of the field, little-endian

	Archive *archiveReport `json:"archive,omitempty"`
}

type steadyReport struct {
	Solver    string `json:"solver"`
	Residual  real   `json:"residual"`
	Error     real   `json:"estimated_error"`
	Converged bool   `json:"converged"`
}

// cyclesReport has the cycles of all solutions by multigrid.
type cyclesReport struct {
	Cycles int `json:"cycles"`
}

type multigridReport struct {
	Relative real `json:"relative_residual"`
	Factor   real `json:"convergence_factor"`
	Outside  real `json:"outside_range"` // by how much points are colder or hotter than possible
}

type jacobiReport struct {
	Sweeps int  `json:"sweeps"`
	Norm2  real `json:"residual_2_norm"`
}

type timeReport struct {
	Scheme string  `json:"scheme"`
	Steps  int     `json:"steps"`
	Dt     float64 `json:"dt_s"`
	Time   float64 `json:"time_s"`
}

type explicitReport struct {
	Change real `json:"last_change"`
}

// implicitReport has the heat in J for each metre of thickness.
type implicitReport struct {
	Stored    real `json:"heat_stored"`
	Edges     real `json:"heat_from_edges"`
	Held      real `json:"heat_from_held_points"`
	Sources   real `json:"heat_from_sources"`
	Imbalance real `json:"heat_imbalance"` // relative
}

// measure adds the shape and temperatures of the field to the report.
func measure[T device.Float](r *plateReport, f *plate.Field[T]) {
	lowest, highest := f.Extremes()
	r.Rows, r.Cols = f.Rows, f.Cols
	r.Centre, r.Lowest, r.Highest = real(f.At(f.Rows/2, f.Cols/2)), real(lowest), real(highest)
	r.Digest = bench.Digest(device.Of(f.T))
}

func (r *plateReport) text(w io.Writer) error {
	outcome := ""
	switch {
	case r.multigridReport != nil:
		outcome = fmt.Sprintf("%d cycles, residual %.3g (relative %.2g, factor %.2g a cycle), estimated error %.2g",
			r.Cycles, float64(r.Residual), float64(r.Relative), float64(r.Factor), float64(r.Error))
	case r.jacobiReport != nil:
		outcome = fmt.Sprintf("%d sweeps, residual %.3g (max norm), %.3g (2-norm), estimated error %.2g",
			r.Sweeps, float64(r.Residual), float64(r.Norm2), float64(r.Error))
	case r.explicitReport != nil:
		outcome = fmt.Sprintf("%d steps of %.4g s to %.6g s; last change %.3g", r.Steps, r.Dt, r.Time, float64(r.Change))
	case r.implicitReport != nil:
		outcome = fmt.Sprintf("%d steps of %.4g s to %.6g s (%s), %d cycles\nheat in J/m: stored %.6g; from edges %.6g, held points %.6g, sources %.6g; relative imbalance %.1e",
			r.Steps, r.Dt, r.Time, r.Scheme, r.Cycles, float64(r.Stored), float64(r.Edges), float64(r.Held), float64(r.Sources), float64(r.Imbalance))
	}
	_, err := fmt.Fprintf(w, "%d × %d points on %v, %.3g s\n%s\ncentre %.6f, lowest %.6g, highest %.6g\n",
		r.Rows, r.Cols, r.place, r.Seconds, outcome, float64(r.Centre), float64(r.Lowest), float64(r.Highest))
	if err == nil && r.Archive != nil {
		_, err = fmt.Fprintf(w, "%d frames in %s\n", r.Archive.Frames, r.Archive.File)
	}
	return err
}
