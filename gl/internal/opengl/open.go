//go:build gl && cgo

package opengl

import (
	"errors"
	"fmt"
	"os"

	"offload/gl/internal/driver"
)

// Open makes a context current on the calling thread and returns its driver. The
// goroutine must be locked to the thread, and all methods of the driver, Close
// included, must be called on it.
//
// The context is that of a software rasteriser if software is set, and of a GPU
// otherwise. Index selects one of those, from 0, among the targets of the first
// provider that has any. The notes are the errors of earlier attempts. The error of
// Open wraps driver.ErrNoContext and has one line for each attempt.
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
		s.fail(ProviderVariable, fmt.Errorf("no provider %q", only))
	}
	return nil, nil, fmt.Errorf("%w\n%w", driver.ErrNoContext, errors.Join(s.errs...))
}

// search is the search for the index-th context of one kind.
type search struct {
	software bool
	index    int
	found    int // contexts of that kind of the current provider
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

// try searches the provider's targets. It returns nil if none matches.
func (s *search) try(p provider) driver.Driver {
	for _, t := range p.targets {
		if d := s.open(t); d != nil {
			return d
		}
	}
	if s.found > 0 {
		s.fail(p.name, fmt.Errorf("no %s %d; there are %d", s.kind(), s.index, s.found))
	}
	return nil
}

func (s *search) kind() string {
	if s.software {
		return "software device"
	}
	return "GPU"
}

// open opens t. It returns nil, and closes t again, unless t is the one sought.
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
		s.fail(t.name, fmt.Errorf("%s is not a software rasteriser", d.info.Renderer))
	case s.found == s.index:
		return d
	default:
		s.found++
	}
	c.Close()
	return nil
}

var errSoftware = errors.New("a software rasteriser, not a GPU")
