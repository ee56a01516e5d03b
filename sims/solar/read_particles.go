package solar

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"strings"

	"github.com/sbinet/npyio/npy"
)

// Limits on tables of particles.
const (
	MaxParticles     = 100_000_000
	maxParticleBytes = 1 << 36
)

// ParticleTable holds the states of particles, bodies without mass and name: x, y, z (au), vx, vy and vz (au/day) of one
// after the other.
type ParticleTable struct {
	XV    []float64
	JD    float64 // date (TDB), if Dated
	Dated bool
}

// Len returns the number of particles.
func (p *ParticleTable) Len() int { return len(p.XV) / 6 }

// ReadParticles reads the states of particles: a table with separators as for ReadSystem, of which only the columns of
// position and velocity are required, and jd_tdb gives the date if it is there; or a NumPy file with an N×6 array of
// float32 or float64, in au and au/day unless the options have units. Where a table has several dates, rows of the last
// one must follow each other. Errors wrap ErrInput, and give line and column, or the particle.
func ReadParticles(r io.Reader, o ReadOptions) (*ParticleTable, error) {
	in := bounded(r, maxParticleBytes)
	var p *ParticleTable
	var err error
	if start, _ := in.Peek(len(npy.Magic)); bytes.Equal(start, npy.Magic[:]) {
		p, err = readParticleArray(in, o.Units)
	} else {
		p, err = readParticleTable(in, o)
	}
	if err != nil {
		return nil, err
	}
	if o.Frame == Ecliptic {
		for xv := p.XV; len(xv) > 0; xv = xv[6:] {
			x, v := toEquator([3]float64(xv)), toEquator([3]float64(xv[3:]))
			copy(xv, x[:])
			copy(xv[3:], v[:])
		}
		if !finite(p.XV) {
			return nil, fmt.Errorf("%w: a position or velocity is out of range", ErrInput)
		}
	}
	return p, nil
}

// readParticleTable reads a table with separators.
func readParticleTable(in *bufio.Reader, o ReadOptions) (*ParticleTable, error) {
	t, err := openTable(in, strings.TrimPrefix(stateColumns, "jd_tdb,body,"))
	if err != nil {
		return nil, err
	}
	jpl := t.has("targetname")
	x, v, err := t.vectors(o.Units, jpl)
	if err != nil {
		return nil, err
	}
	p := &ParticleTable{}
	var date column
	for _, name := range []string{"jd_tdb", "datetime_jd"} {
		if p.Dated = p.Dated || t.has(name); !t.has(name) || date.name != "" {
			continue
		}
		if date, err = t.want(name); err != nil {
			return nil, err
		}
	}
	if !p.Dated && o.Epoch != OnlyDate {
		return nil, t.fault("jd_tdb", "is missing; without it no date can be chosen")
	}
	choice := dateChoice{o: o}
	for {
		err := t.next()
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, err
		}
		if p.Dated {
			jd, err := t.number(date)
			if err != nil {
				return nil, err
			}
			keep, err := choice.keep(p, jd)
			if err != nil {
				return nil, fmt.Errorf("%w: line %d, column %s: %w", ErrInput, t.line, date.name, err)
			}
			if !keep {
				continue
			}
		}
		for _, c := range [6]column{x[0], x[1], x[2], v[0], v[1], v[2]} {
			value, err := t.number(c)
			if err != nil {
				return nil, err
			}
			p.XV = append(p.XV, value)
		}
		if p.Len() > MaxParticles {
			return nil, t.fault(x[0].name, fmt.Sprintf("more than %d particles", MaxParticles))
		}
	}
	if p.Len() == 0 && choice.seen != nil && o.Epoch == ChosenDate {
		return nil, fmt.Errorf("%w: no state is of JD %s", ErrInput, formatJD(o.Date))
	}
	if p.Len() == 0 {
		return nil, t.fault(x[0].name, "no particles follow the header")
	}
	return p, nil
}

// dateChoice keeps the particles of the date that the options choose while a table is read.
type dateChoice struct {
	o    ReadOptions
	seen map[float64]bool
}

// keep reports whether a particle of the date jd is kept. It may drop those of an earlier date.
func (c *dateChoice) keep(p *ParticleTable, jd float64) (bool, error) {
	if !validJD(jd) {
		return false, fmt.Errorf("%g is not a Julian date within ±%g", jd, MaxJD)
	}
	if c.seen == nil {
		c.seen = map[float64]bool{jd: true}
		p.JD = jd
	}
	if c.o.Epoch == ChosenDate {
		if math.Abs(jd-c.o.Date) > sameDate {
			return false, nil
		}
		p.JD = jd
		return true, nil
	}
	if jd == p.JD {
		return true, nil
	}
	switch c.o.Epoch {
	case FirstDate:
		return false, nil
	case LastDate:
		if c.seen[jd] {
			return false, fmt.Errorf("rows of JD %s do not follow each other", formatJD(jd))
		}
		c.seen[jd] = true
		p.JD, p.XV = jd, p.XV[:0]
		return true, nil
	}
	return false, fmt.Errorf("%w, as JD %s and %s; choose one", ErrDates, formatJD(p.JD), formatJD(jd))
}

// readParticleArray reads a NumPy file.
func readParticleArray(in *bufio.Reader, units Units) (*ParticleTable, error) {
	header, err := npyHeader(in)
	if err != nil {
		return nil, err
	}
	shape := header.Descr.Shape
	if len(shape) != 2 || shape[1] != 6 || shape[0] < 1 || shape[0] > MaxParticles {
		return nil, fmt.Errorf("%w: an array of shape %v; particles have N×6 with N from 1 to %d", ErrInput, shape, MaxParticles)
	}
	var order binary.ByteOrder = binary.LittleEndian
	if strings.HasPrefix(header.Descr.Type, ">") {
		order = binary.BigEndian
	}
	size := 8
	switch strings.TrimLeft(header.Descr.Type, "<>=") {
	case "f8":
	case "f4":
		size = 4
	default:
		return nil, fmt.Errorf("%w: an array of type %.20q; particles have f8 or f4", ErrInput, header.Descr.Type)
	}
	var per [6]unit
	for k := range per {
		d := length
		if k >= 3 {
			d = speed
		}
		bare, err := units.bare(d)
		if err != nil {
			return nil, err
		}
		if per[k] = d.units()[0]; bare != nil {
			per[k] = *bare
		}
	}
	n := shape[0]
	p := &ParticleTable{XV: make([]float64, 0, min(6*n, 1<<16))}
	var chunk [6 * 8 * 512]byte
	for len(p.XV) < 6*n {
		data := chunk[:min((6*n-len(p.XV))*size, len(chunk))]
		if _, err := io.ReadFull(in, data); err == io.EOF || err == io.ErrUnexpectedEOF {
			return nil, fmt.Errorf("%w: the array ends within its %d particles", ErrInput, n)
		} else if err != nil {
			return nil, fmt.Errorf("read particles: %w", err)
		}
		for ; len(data) > 0; data = data[size:] {
			if size == 4 {
				p.XV = append(p.XV, float64(math.Float32frombits(order.Uint32(data))))
			} else {
				p.XV = append(p.XV, math.Float64frombits(order.Uint64(data)))
			}
		}
	}
	if _, err := in.ReadByte(); err == nil {
		return nil, fmt.Errorf("%w: extra data follow the %d particles", ErrInput, n)
	}
	if header.Descr.Fortran {
		columns := p.XV
		p.XV = make([]float64, len(columns))
		for i := range columns {
			p.XV[i%n*6+i/n] = columns[i]
		}
	}
	for i, x := range p.XV {
		if p.XV[i] = per[i%6].value(x); p.XV[i]-p.XV[i] != 0 {
			return nil, fmt.Errorf("%w: particle %d: its state is not finite", ErrInput, i/6)
		}
	}
	return p, nil
}

// npyHeader reads the header of a NumPy file. The library panics at some headers that are malformed.
func npyHeader(in *bufio.Reader) (h npy.Header, err error) {
	malformed := fmt.Errorf("%w: the header of the NumPy file is malformed", ErrInput)
	start, _ := in.Peek(12)
	if len(start) < 12 || start[6] == 2 && binary.LittleEndian.Uint32(start[8:]) > peeked {
		return h, malformed
	}
	defer func() {
		if recover() != nil {
			err = malformed
		}
	}()
	r, err := npy.NewReader(in)
	if err != nil {
		return h, fmt.Errorf("%w: the header of the NumPy file: %v", ErrInput, err)
	}
	return r.Header, nil
}
