// Package opengl implements driver.Driver with go-gl, on a context of the first
// provider that works.
package opengl

import (
	"strings"
)

// ProviderVariable is the environment variable that restricts Open to one provider
// of contexts: “egl device”, “egl surfaceless”, “egl default display” or “glfw”.
const ProviderVariable = "OFFLOAD_GL_PROVIDER"

// isSoftware reports whether a driver computes on the host's cores, going by its
// renderer string. A driver on top of another one includes that one's name.
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
