// Package opengl is the driver on a real OpenGL: it makes a context by whichever
// provider works, and does what package driver asks with go-gl.
package opengl

import (
	"strings"
)

// ProviderVariable is the environment variable that restricts Open to one way of
// making a context: “egl device”, “egl surfaceless”, “egl default display” or
// “glfw”.
const ProviderVariable = "OFFLOAD_GL_PROVIDER"

// isSoftware tells by its renderer string whether a driver computes on the host's
// cores. A driver that passes commands on to another one names that one too.
func isSoftware(renderer string) bool {
	name := strings.ToLower(renderer)
	for _, known := range []string{
		"llvmpipe", "softpipe", "lavapipe", // Mesa; the last is for Vulkan, and zink on top of it
		"swr",                                      // OpenSWR
		"software rasterizer", "software renderer", // older Mesa, Apple
		"swiftshader",
		"microsoft basic render", // WARP, below Mesa's d3d12
		"gdi generic",            // Windows without a driver
	} {
		if strings.Contains(name, known) {
			return true
		}
	}
	return false
}
