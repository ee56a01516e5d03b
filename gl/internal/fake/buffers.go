package fake

import (
	"slices"

	"offload/device"
	"offload/gl/internal/driver"
)

func (d *Driver) NewBuffer(bytes int) (driver.Buffer, error) {
	if _, err := d.call("NewBuffer"); err != nil {
		return 0, err
	}
	if bytes < 1 {
		d.misuse("a buffer of %d bytes", bytes)
	}
	b := driver.Buffer(d.name())
	d.buffers[b] = allocate(bytes)
	return b, nil
}

func (d *Driver) NewStaging(bytes int) (driver.Buffer, []byte, error) {
	struck, err := d.call("NewStaging")
	if err != nil {
		return 0, nil, err
	}
	if !d.Limits.Staging {
		return 0, nil, driver.ErrNoMapping
	}
	m := allocate(bytes)
	b := driver.Buffer(d.name())
	d.buffers[b] = m
	if struck && d.Fault.Short {
		return b, m.bytes[:bytes/2], nil
	}
	return b, m.bytes, nil
}

func (d *Driver) FreeBuffer(b driver.Buffer) {
	d.call("FreeBuffer")
	m := d.memory("FreeBuffer", b)
	for i, bound := range d.bound {
		if bound.memory == m {
			delete(d.bound, i)
		}
	}
	delete(d.buffers, b)
}

// memory returns the memory of a buffer. If there is no such buffer it records
// misuse and returns an empty one.
func (d *Driver) memory(call string, b driver.Buffer) *memory {
	m := d.buffers[b]
	if m == nil {
		d.misuse("%s: no buffer is called %d", call, b)
		return &memory{}
	}
	return m
}

// part returns a range of a buffer's memory, or nil if that is out of bounds.
func (d *Driver) part(call string, b driver.Buffer, offset, bytes int) (*memory, []byte) {
	m := d.memory(call, b)
	if offset < 0 || bytes < 0 || offset+bytes > len(m.bytes) {
		d.misuse("%s: bytes %d to %d of a buffer of %d", call, offset, offset+bytes, len(m.bytes))
		return m, nil
	}
	if m.dirty {
		d.misuse("%s: no barrier after a dispatch that wrote the buffer", call)
	}
	return m, m.bytes[offset : offset+bytes]
}

func (d *Driver) Copy(dst driver.Buffer, dstOffset int, src driver.Buffer, srcOffset, bytes int) {
	d.report(d.call("Copy"))
	_, to := d.part("Copy to", dst, dstOffset, bytes)
	_, from := d.part("Copy from", src, srcOffset, bytes)
	d.queue(func() { copy(to, from) })
}

func (d *Driver) Upload(dst driver.Buffer, offset int, src []byte) error {
	_, err := d.call("Upload")
	_, to := d.part("Upload", dst, offset, len(src))
	d.flush()
	copy(to, src)
	return err
}

func (d *Driver) Download(dst []byte, src driver.Buffer, offset int) error {
	_, err := d.call("Download")
	_, from := d.part("Download", src, offset, len(dst))
	d.flush()
	copy(dst, from)
	return err
}

// report records an error for Status, for calls that return none.
func (d *Driver) report(struck bool, err error) {
	if struck && err != nil && d.reported == nil {
		d.reported = err
	}
}

type program struct {
	source string
	kernel *device.Kernel // nil: unknown source
	words  []uint32
}

// binaryFormat is the format of binaries. A binary is the source.
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
