//go:build !linux

package device

// useHugePages does nothing on this system.
func useHugePages([]byte) {}
