// Package opengl is the driver on a real OpenGL: it makes a context by whichever
// provider works, and does what package driver asks with go-gl.
package opengl

// ProviderVariable is the environment variable that restricts Open to one way of
// making a context: “egl device”, “egl surfaceless”, “egl default display” or
// “glfw”.
const ProviderVariable = "OFFLOAD_GL_PROVIDER"
