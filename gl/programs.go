package gl

import (
	"errors"
	"fmt"
	"regexp"
	"runtime/debug"
	"slices"
	"strings"

	"offload/device"
	"offload/gl/internal/cache"
	"offload/gl/internal/driver"
	"offload/shaders"
)

// program is a compiled shader with its measured speed.
type program struct {
	id    driver.Program
	words []uint32 // last sent to the driver
	speed speed
}

// programs holds the compiled shaders. Kernels with the same source share one.
type programs struct {
	kernels  map[*device.Kernel]compiled
	sources  map[string]*program
	store    *cache.Cache
	made     string // key of what binaries depend on besides the source
	compiled func(k *device.Kernel, source string)
}

// compiled is a kernel's program, or the error of compiling it.
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

// manyKernels is the number of kernels after which all programs are freed and
// compiled again on use, which bounds the memory of a process that keeps making
// kernels.
const manyKernels = 512

// program returns the kernel's program, compiled at the first call. A shader that
// the driver rejected is not tried again.
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

// compile loads the program from the cache, or compiles and caches it.
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

// capabilities are the operations of a driver that have proved exact, by the names of
// the shaders' macros.
type capabilities []string

// dialect is what the sources of all shaders of a driver have in common.
type dialect struct {
	doubles bool
	fast    bool
	exact   capabilities
}

// source returns the whole text of a kernel's shader; device.Shader documents what it
// declares.
func (d dialect) source(k *device.Kernel) (string, error) {
	if err := checkShader(k); err != nil {
		return "", err
	}
	var b strings.Builder
	d.head(&b, k.Shader.Local)
	at, block := headWords, 0
	fmt.Fprintf(&b, "uniform uint words[%d];\n", countWords(k))
	b.WriteString("#define row_lo int(words[0])\n#define row_hi int(words[1])\n#define pass_index int(words[2])\n" +
		"#define group_index int(words[3] + gl_WorkGroupID.x)\n#define pass_word(i) int(words[4 + (i)])\n")
	for i := range k.Params {
		p := &k.Params[i]
		if p.Access == device.Value {
			fmt.Fprintf(&b, "#define %s_value %s\n", p.Name, scalar(p.Type, at))
		} else {
			declare(&b, p, block, at)
			block++
		}
		at += wordsOf(p)
	}
	if t := k.Shader.Scratch; t != 0 {
		fmt.Fprintf(&b, "layout(std430, binding = %d) buffer scratch_block { %s scratch_elements[]; };\n"+
			"#define scratch_at(i) scratch_elements[i]\n", block, typeName(t))
	}
	b.WriteString(shaders.Arithmetic())
	b.WriteString("\n#line 1\n")
	b.WriteString(k.Shader.Source)
	return b.String(), nil
}

// head writes the beginning of every shader.
func (d dialect) head(b *strings.Builder, local int) {
	b.WriteString("#version 430 core\n")
	if d.doubles {
		b.WriteString("#define DOUBLES 1\n")
	}
	if d.fast {
		b.WriteString("#define MATH_FAST 1\n")
	}
	for _, name := range d.exact {
		fmt.Fprintf(b, "#define %s 1\n", name)
	}
	fmt.Fprintf(b, "#define LOCAL %d\nlayout(local_size_x = LOCAL) in;\n", local)
}

// declare writes a buffer's block and macros. Outputs can be read, because a later
// pass may use what an earlier pass of the same launch has written.
func declare(b *strings.Builder, p *device.Param, block, at int) {
	qualifier := " readonly"
	if p.Access.Writes() {
		qualifier = ""
	}
	fmt.Fprintf(b, "layout(std430, binding = %d) restrict%s buffer %s_block { %s %s_elements[]; };\n",
		block, qualifier, p.Name, typeName(p.Type), p.Name)
	fmt.Fprintf(b, "#define %s_at(i) %s_elements[int(words[%d]) + (i)]\n", p.Name, p.Name, at)
	fmt.Fprintf(b, "#define %s_rows int(words[%d])\n#define %s_width int(words[%d])\n", p.Name, at+1, p.Name, at+2)
}

func typeName(t device.Type) string {
	switch t {
	case device.Float32:
		return "float"
	case device.Float64:
		return "double"
	case device.Int32:
		return "int"
	}
	return "uint"
}

// scalar returns the expression for a scalar whose bits begin at word at.
func scalar(t device.Type, at int) string {
	switch t {
	case device.Float32:
		return fmt.Sprintf("uintBitsToFloat(words[%d])", at)
	case device.Float64:
		return fmt.Sprintf("packDouble2x32(uvec2(words[%d], words[%d]))", at, at+1)
	case device.Int32:
		return fmt.Sprintf("int(words[%d])", at)
	}
	return fmt.Sprintf("words[%d]", at)
}

// identifier matches names that GLSL allows.
var identifier = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_]*$`)

// checkShader returns an error if the kernel's declaration is impossible in GLSL.
func checkShader(k *device.Kernel) error {
	if k.Shader == nil {
		return fmt.Errorf("kernel %s: %w: it has no shader", k.Name, device.ErrUnsupported)
	}
	if k.Shader.Local < 1 {
		return device.Invalidf("kernel %s: work-groups of %d invocations", k.Name, k.Shader.Local)
	}
	for _, p := range k.Params {
		n := p.Name
		reserved := strings.HasPrefix(n, "gl_") || strings.Contains(n, "__") || strings.HasSuffix(n, "_") ||
			slices.Contains([]string{"scratch", "pass", "row", "group"}, n)
		if reserved || !identifier.MatchString(n) {
			return fmt.Errorf("kernel %s: %w: a parameter called %q", k.Name, device.ErrUnsupported, n)
		}
	}
	return nil
}

// checkLimits returns an error if the shader exceeds the driver's limits.
func checkLimits(k *device.Kernel, i driver.Info) error {
	blocks := 0
	for _, p := range k.Params {
		if p.Type == device.Float64 && !i.Doubles {
			return fmt.Errorf("kernel %s: %w: it computes in f64", k.Name, device.ErrUnsupported)
		}
		if p.Access != device.Value {
			blocks++
		}
	}
	if k.Shader.Scratch != 0 {
		blocks++
	}
	if blocks > i.StorageBlocks {
		return fmt.Errorf("kernel %s: %w: %d storage blocks; the driver has %d", k.Name, device.ErrUnsupported, blocks, i.StorageBlocks)
	}
	if k.Shader.Local > i.GroupSize {
		return fmt.Errorf("kernel %s: %w: work-groups of %d invocations; the driver allows %d",
			k.Name, device.ErrUnsupported, k.Shader.Local, i.GroupSize)
	}
	return nil
}
