// Package egl makes OpenGL contexts without a window, by EGL. The library is
// opened at run time, so that a program built with it starts on a machine that has
// none; it is never closed again, because drivers leave threads and destructors in
// it.
package egl
