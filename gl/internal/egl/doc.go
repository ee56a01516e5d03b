// Package egl creates OpenGL contexts without a window. It loads libEGL at run time,
// so that programs start on machines without it, and never unloads it, because
// drivers leave threads and destructors behind.
package egl
