package device

import (
	"syscall"
	"unsafe"
)

// useHugePages asks the system to back b, which is new, with large pages where it can.
func useHugePages(b []byte) {
	page := syscall.Getpagesize()
	skip := int(-uintptr(unsafe.Pointer(&b[0])) % uintptr(page))
	syscall.Madvise(b[skip:], syscall.MADV_HUGEPAGE) // an error leaves the pages as they are
}
