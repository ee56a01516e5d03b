package fake

import (
	"slices"

	"offload/device"
	"offload/gl/internal/driver"
)

type program struct {
	source string
	kernel *device.Kernel // nil: one that computes nothing
	words  []uint32
}

// binaryFormat is that of the binaries, which are the sources.
const binaryFormat = 0xfa4e

func (d *Driver) Compile(source string) (driver.Program, error) {
	if _, err := d.call("Compile"); err != nil {
		return 0, err
	}
	return d.program(source), nil
}

func (d *Driver) program(source string) driver.Program {
	p := driver.Program(d.name())
	d.programs[p] = &program{source: source, kernel: d.kernels[source]}
	return p
}

func (d *Driver) Binary(p driver.Program) (uint32, []byte, error) {
	if _, err := d.call("Binary"); err != nil {
		return 0, nil, err
	}
	return binaryFormat, []byte(d.programs[p].source), nil
}

func (d *Driver) Load(format uint32, binary []byte) (driver.Program, error) {
	if _, err := d.call("Load"); err != nil {
		return 0, err
	}
	if format != binaryFormat || d.Refuses {
		return 0, driver.ErrNotLoaded
	}
	return d.program(string(binary)), nil
}

func (d *Driver) FreeProgram(p driver.Program) {
	d.call("FreeProgram")
	if d.programs[p] == nil {
		d.misuse("FreeProgram: no program is called %d", p)
	}
	delete(d.programs, p)
}

func (d *Driver) Use(p driver.Program) {
	d.report(d.call("Use"))
	if d.programs[p] == nil {
		d.misuse("Use: no program is called %d", p)
	}
	d.use = p
}

func (d *Driver) SetWords(words []uint32) {
	d.report(d.call("SetWords"))
	if p := d.programs[d.use]; p != nil {
		p.words = slices.Clone(words)
	}
}
