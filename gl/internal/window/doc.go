// Package window creates OpenGL contexts with GLFW, in a window that is never shown:
// for desktops, and for systems without EGL. It needs the build tags gl and glfw.
package window
