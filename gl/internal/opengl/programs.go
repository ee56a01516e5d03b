//go:build gl && cgo

package opengl

import (
	"fmt"
	"strings"
	"unsafe"

	"github.com/go-gl/gl/v4.3-core/gl"

	"offload/gl/internal/driver"
)

// Compile compiles and links a compute shader.
func (d *Context) Compile(source string) (driver.Program, error) {
	shader := gl.CreateShader(gl.COMPUTE_SHADER)
	if shader == 0 {
		return 0, d.nameless("a shader")
	}
	defer gl.DeleteShader(shader)
	text, free := gl.Strs(source)
	length := int32(len(source))
	gl.ShaderSource(shader, 1, text, &length)
	free()
	gl.CompileShader(shader)
	if !succeeded(gl.GetShaderiv, shader, gl.COMPILE_STATUS) {
		return 0, d.refused("compile", infoLog(gl.GetShaderiv, gl.GetShaderInfoLog, shader))
	}
	p, err := d.newProgram()
	if err != nil {
		return 0, err
	}
	gl.ProgramParameteri(uint32(p), gl.PROGRAM_BINARY_RETRIEVABLE_HINT, gl.TRUE)
	gl.AttachShader(uint32(p), shader)
	gl.LinkProgram(uint32(p))
	gl.DetachShader(uint32(p), shader)
	if !succeeded(gl.GetProgramiv, uint32(p), gl.LINK_STATUS) {
		log := infoLog(gl.GetProgramiv, gl.GetProgramInfoLog, uint32(p))
		d.FreeProgram(p)
		return 0, d.refused("link", log)
	}
	return d.ready(p)
}

// refused returns the error for a rejected shader, or ErrReset if the context was
// reset.
func (d *Context) refused(stage, log string) error {
	if err := d.reset(); err != nil {
		return err
	}
	d.recorded()
	if d.lost {
		return driver.ErrReset
	}
	return &driver.ShaderError{Stage: stage, Log: log}
}

// Binary returns a linked program in the driver's own format.
func (d *Context) Binary(p driver.Program) (format uint32, binary []byte, err error) {
	if !d.info.Binaries {
		return 0, nil, driver.ErrNotLoaded
	}
	var length int32
	gl.GetProgramiv(uint32(p), gl.PROGRAM_BINARY_LENGTH, &length)
	if length > 0 {
		binary = make([]byte, length)
		gl.GetProgramBinary(uint32(p), length, &length, &format, unsafe.Pointer(&binary[0]))
	}
	if err := d.Status(); err != nil {
		return 0, nil, fmt.Errorf("the program's binary: %w", err)
	}
	if length <= 0 {
		return 0, nil, fmt.Errorf("the program has no binary: %w", driver.ErrNotLoaded)
	}
	return format, binary[:length], nil
}

// Load makes a program of a binary.
func (d *Context) Load(format uint32, binary []byte) (driver.Program, error) {
	if !d.info.Binaries || len(binary) == 0 {
		return 0, driver.ErrNotLoaded
	}
	p, err := d.newProgram()
	if err != nil {
		return 0, err
	}
	gl.ProgramBinary(uint32(p), format, unsafe.Pointer(&binary[0]), int32(len(binary)))
	err = d.Status() // GL_INVALID_ENUM for an unknown format
	if err == nil && succeeded(gl.GetProgramiv, uint32(p), gl.LINK_STATUS) {
		return d.ready(p)
	}
	d.FreeProgram(p)
	if d.lost {
		return 0, driver.ErrReset
	}
	return 0, driver.ErrNotLoaded
}

func (d *Context) newProgram() (driver.Program, error) {
	p := gl.CreateProgram()
	if p == 0 {
		return 0, d.nameless("a program")
	}
	d.made()
	return driver.Program(p), nil
}

// ready records the location of the program's words.
func (d *Context) ready(p driver.Program) (driver.Program, error) {
	location := gl.GetUniformLocation(uint32(p), gl.Str("words\x00"))
	if err := d.Status(); err != nil {
		d.FreeProgram(p)
		return 0, fmt.Errorf("a program: %w", err)
	}
	d.words[p] = location
	return p, nil
}

// FreeProgram frees p.
func (d *Context) FreeProgram(p driver.Program) {
	if p == 0 {
		return
	}
	delete(d.words, p)
	gl.DeleteProgram(uint32(p))
	d.freed()
}

// get is glGetShaderiv or glGetProgramiv.
type get func(object, name uint32, value *int32)

func succeeded(ask get, object, status uint32) bool {
	var v int32
	ask(object, status, &v)
	return v == gl.TRUE
}

// infoLog returns the log of the compiler or the linker.
func infoLog(ask get, read func(object uint32, size int32, length *int32, text *uint8), object uint32) string {
	var length int32
	ask(object, gl.INFO_LOG_LENGTH, &length)
	if length <= 0 {
		return "the driver gives no reason"
	}
	text := make([]byte, length)
	read(object, length, &length, &text[0])
	return strings.TrimSpace(string(text[:min(max(0, int(length)), len(text))]))
}

// Use makes p the program of the dispatches that follow.
func (d *Context) Use(p driver.Program) {
	gl.UseProgram(uint32(p))
	location, ok := d.words[p]
	if !ok {
		location = -1 // OpenGL ignores uniforms set there
	}
	d.location = location
}

// SetWords sets the words of the program in use.
func (d *Context) SetWords(words []uint32) {
	if len(words) > 0 {
		gl.Uniform1uiv(d.location, int32(len(words)), &words[0])
	}
}

// Bind binds bytes of a buffer to a storage block.
func (d *Context) Bind(index int, b driver.Buffer, offset, bytes int) {
	gl.BindBufferRange(gl.SHADER_STORAGE_BUFFER, uint32(index), uint32(b), offset, bytes)
}

// Dispatch queues work-groups in a row.
func (d *Context) Dispatch(groups int) {
	gl.DispatchCompute(uint32(groups), 1, 1)
}

// Barrier makes what earlier dispatches wrote visible to dispatches, to copies and in
// mapped memory.
func (d *Context) Barrier() {
	bits := uint32(gl.SHADER_STORAGE_BARRIER_BIT | gl.BUFFER_UPDATE_BARRIER_BIT)
	if d.features.storage {
		bits |= gl.CLIENT_MAPPED_BUFFER_BARRIER_BIT
	}
	gl.MemoryBarrier(bits)
}
