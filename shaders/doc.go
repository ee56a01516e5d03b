// Package shaders is the place of the kernels' GLSL twins: one compute shader a
// kernel, with the name and the argument order of its host code, embedded in the
// program. It holds none yet; the OpenGL backend brings them.
package shaders
