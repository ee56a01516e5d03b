package gl

import (
	"errors"
	"runtime/debug"

	"offload/device"
	"offload/gl/internal/cache"
	"offload/gl/internal/driver"
)

// program is a compiled shader, and what is known of its speed.
type program struct {
	id    driver.Program
	words []uint32 // as they were set last
	speed speed
}

// programs are the shaders that were compiled, each once; kernels with the same
// text share one.
type programs struct {
	kernels  map[*device.Kernel]compiled
	sources  map[string]*program
	store    *cache.Cache
	made     string // what the binaries depend on besides the text
	compiled func(k *device.Kernel, source string)
}

// compiled is a kernel's program, or why it has none.
type compiled struct {
	program *program
	err     error
}

func (p *programs) init(store *cache.Cache, i driver.Info) {
	p.kernels = make(map[*device.Kernel]compiled)
	p.sources = make(map[string]*program)
	p.store = store
	p.made = cache.Key(i.Vendor, i.Renderer, i.Version, ourVersion())
}

func ourVersion() string {
	if b, ok := debug.ReadBuildInfo(); ok {
		return b.Main.Version
	}
	return ""
}

// manyKernels is the number of kernels after which the programs are compiled anew,
// so that a process that makes kernels without end does not grow.
const manyKernels = 512

// program is the kernel's program, compiled at the first call. A shader that the
// driver does not take is not tried again.
func (e *engine) program(k *device.Kernel) (*program, error) {
	p := &e.programs
	if c, ok := p.kernels[k]; ok {
		return c.program, c.err
	}
	if len(p.kernels) >= manyKernels {
		p.free(e)
	}
	prog, err := e.compileKernel(k)
	if !errors.Is(err, device.ErrLost) {
		p.kernels[k] = compiled{prog, err}
	}
	return prog, err
}

func (e *engine) compileKernel(k *device.Kernel) (*program, error) {
	p := &e.programs
	source, err := e.dialect.source(k)
	if err == nil {
		err = checkLimits(k, e.info)
	}
	if err != nil {
		return nil, err
	}
	if p.compiled != nil {
		p.compiled(k, source)
	}
	if prog := p.sources[source]; prog != nil {
		return prog, nil
	}
	id, err := e.compile(source)
	if err != nil {
		return nil, notCompiled(k.Name, err)
	}
	prog := &program{id: id, words: make([]uint32, countWords(k))}
	p.sources[source] = prog
	return prog, nil
}

// compile takes the program from the cache, or compiles it and puts it there.
func (e *engine) compile(source string) (driver.Program, error) {
	p := &e.programs
	if !e.info.Binaries || p.store == nil {
		return e.driver.Compile(source)
	}
	key := cache.Key(p.made, source)
	if format, binary, ok := p.store.Load(key); ok {
		id, err := e.driver.Load(format, binary)
		if err == nil || errors.Is(err, driver.ErrReset) {
			return id, err
		}
	}
	id, err := e.driver.Compile(source)
	if err != nil {
		return 0, err
	}
	if format, binary, err := e.driver.Binary(id); err == nil {
		p.store.Store(key, format, binary)
	}
	return id, nil
}

func (p *programs) free(e *engine) {
	for _, prog := range p.sources {
		e.driver.FreeProgram(prog.id)
	}
	clear(p.sources)
	clear(p.kernels)
	e.bound.program = nil
}
