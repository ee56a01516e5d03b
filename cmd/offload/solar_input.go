package main

import (
	"errors"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"offload/sims/solar"
)

// solarInput holds the flags of sim solar for what is integrated, until when, and what is reported.
type solarInput struct {
	files                      []string
	epoch, units, frame, until string
	elements                   bool
}

func (in *solarInput) flags(cmd *cobra.Command) {
	fl := cmd.Flags()
	fl.StringSliceVar(&in.files, "bodies", nil, "`file` of bodies, or several (default the solar system at J2000)")
	fl.StringVar(&in.epoch, "epoch", "", "`date` of the bodies, first or last, where files have several")
	fl.StringVar(&in.units, "units", "", "units of columns that name none: au-d, km-s, si")
	fl.StringVar(&in.frame, "frame", "", "frame of files that name none: icrf, ecliptic")
	fl.BoolVar(&in.elements, "elements", false, "report the orbits at the end: semi-major axes, eccentricities, ...")
	fl.StringVar(&in.until, "until", "+30y", "`date` to integrate to, such as 2050-01-01, JD 2462502.5, -100d")
}

// check returns a usage error for flags that are invalid.
func (in *solarInput) check() error {
	if in.units != "" {
		var names []string
		for _, u := range solar.AllUnits() {
			names = append(names, string(u))
		}
		if err := oneOf("units", in.units, names); err != nil {
			return err
		}
	}
	if in.frame != "" {
		if err := oneOf("frame", in.frame, []string{string(solar.ICRF), string(solar.Ecliptic)}); err != nil {
			return err
		}
	}
	if len(in.files) == 0 && in.epoch+in.units+in.frame != "" {
		return usagef("--epoch, --units and --frame require --bodies")
	}
	if _, err := in.options(); err != nil {
		return err
	}
	_, err := in.end(0)
	return err
}

// standard reports whether the bodies are those that come with the program.
func (in *solarInput) standard() bool { return len(in.files) == 0 }

func (in *solarInput) options() (solar.ReadOptions, error) {
	o := solar.ReadOptions{Units: solar.Units(in.units), Frame: solar.Frame(in.frame)}
	switch strings.ToLower(in.epoch) {
	case "":
	case "first":
		o.Epoch = solar.FirstDate
	case "last":
		o.Epoch = solar.LastDate
	default:
		d, err := solar.ParseDate(in.epoch)
		if err != nil {
			return o, usagef("--epoch: %w", err)
		}
		o.Epoch, o.Date = solar.ChosenDate, d.JD
	}
	return o, nil
}

// system reads the bodies.
func (in *solarInput) system(model string) (*solar.System, error) {
	switch {
	case in.standard() && model == "de":
		return solar.DE405()
	case in.standard():
		return solar.J2000()
	}
	o, err := in.options()
	if err != nil {
		return nil, err
	}
	var sources []solar.Source
	for _, name := range in.files {
		file, err := os.Open(name)
		if err != nil {
			return nil, err
		}
		defer file.Close()
		sources = append(sources, solar.Source{Name: name, Reader: file})
	}
	sys, err := solar.ReadSystem(o, sources...)
	if errors.Is(err, solar.ErrInput) {
		err = &inputError{err}
	}
	return sys, err
}

// end returns the Julian date of --until for bodies of that epoch.
func (in *solarInput) end(epoch float64) (float64, error) {
	d, err := solar.ParseEnd(in.until, solar.Date{JD: epoch})
	if err != nil {
		return 0, usagef("--until: %w", err)
	}
	return d.JD, nil
}
