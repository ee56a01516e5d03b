//go:build gl && cgo

package opengl

import (
	"errors"
	"fmt"
	"os"

	"offload/gl/internal/driver"
)

// Open makes a context current on the calling thread, to which the goroutine must
// be locked, and returns its driver; all calls of the driver, Close included, belong
// to that thread.
//
// It is the context of a rasteriser on the host's cores, if software is set, or else
// of a GPU; index counts those, from 0, of the first provider that has any. The notes
// say what failed before. The error wraps driver.ErrNoContext, with one line for each
// attempt.
func Open(software bool, index int) (driver.Driver, []string, error) {
	s := search{software: software, index: index}
	only := os.Getenv(ProviderVariable)
	list, err := providers()
	if err != nil {
		s.errs = append(s.errs, err)
	}
	for _, p := range list {
		if only != "" && only != p.name {
			continue
		}
		s.found = 0
		if d := s.try(p); d != nil {
			return d, s.notes(), nil
		}
		if s.found > 0 {
			break
		}
	}
	if len(s.errs) == 0 {
		s.fail(ProviderVariable, fmt.Errorf("there is no provider called %q", only))
	}
	return nil, nil, fmt.Errorf("%w\n%w", driver.ErrNoContext, errors.Join(s.errs...))
}

// search is for the index-th context of one kind.
type search struct {
	software bool
	index    int
	found    int // of that kind, by the provider that is being tried
	errs     []error
}

func (s *search) fail(name string, err error) {
	s.errs = append(s.errs, fmt.Errorf("%s: %w", name, err))
}

func (s *search) notes() []string {
	var notes []string
	for _, err := range s.errs {
		notes = append(notes, err.Error())
	}
	return notes
}

// try looks among the provider's contexts; nil if it is not there.
func (s *search) try(p provider) driver.Driver {
	for _, t := range p.targets {
		if d := s.open(t); d != nil {
			return d
		}
	}
	if s.found > 0 {
		s.fail(p.name, fmt.Errorf("there is no %s %d; there are %d", s.kind(), s.index, s.found))
	}
	return nil
}

func (s *search) kind() string {
	if s.software {
		return "software device"
	}
	return "GPU"
}

// open opens t if it may be what is sought, and closes it again if it is not.
func (s *search) open(t target) driver.Driver {
	if t.software && !s.software {
		s.fail(t.name, errSoftware)
		return nil
	}
	c, err := t.open()
	if err != nil {
		s.fail(t.name, err)
		return nil
	}
	d, err := newContext(c, t)
	switch {
	case err != nil:
		s.fail(t.name, err)
	case d.info.Software && !s.software:
		s.fail(t.name, fmt.Errorf("%s: %w", d.info.Renderer, errSoftware))
	case !d.info.Software && s.software:
		s.fail(t.name, fmt.Errorf("%s is no rasteriser on the host's cores", d.info.Renderer))
	case s.found == s.index:
		return d
	default:
		s.found++
	}
	c.Close()
	return nil
}

var errSoftware = errors.New("a rasteriser on the host's cores, no GPU")
