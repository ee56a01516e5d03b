package sweep

import (
	"os"
	"syscall"
	"testing"
	"unsafe"
)

// guarded is memory of n elements between pages that cannot be touched: it begins
// after one, or ends before one.
func guarded[T Float](t testing.TB, n int, atEnd bool) []T {
	t.Helper()
	var zero T
	page := os.Getpagesize()
	bytes := n * int(unsafe.Sizeof(zero))
	inner := (bytes + page - 1) / page * page
	all, err := syscall.Mmap(-1, 0, inner+2*page, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_ANON|syscall.MAP_PRIVATE)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { syscall.Munmap(all) })
	for _, guard := range [][]byte{all[:page], all[page+inner:]} {
		if err := syscall.Mprotect(guard, syscall.PROT_NONE); err != nil {
			t.Fatal(err)
		}
	}
	first := page
	if atEnd {
		first += inner - bytes
	}
	if n == 0 {
		return nil
	}
	return unsafe.Slice((*T)(unsafe.Pointer(&all[first])), n)
}
