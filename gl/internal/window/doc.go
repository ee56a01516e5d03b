// Package window makes OpenGL contexts by GLFW, with a window that is never shown:
// for desktops, and for systems without EGL. It needs the build tags gl and glfw.
package window
