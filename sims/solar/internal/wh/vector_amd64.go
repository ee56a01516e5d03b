//go:build !purego

package wh

//go:generate sh -c "cd _asm && go run -tags purego . -out ../wh_amd64.s -stubs ../wh_amd64.go -pkg wh"
//go:generate sh -c "cd _asm && go run -tags purego . -avx512 -out ../avx512_amd64.s -stubs ../avx512_amd64.go -pkg wh"

import (
	"unsafe"

	"golang.org/x/sys/cpu"
)

// vectors returns the forms with vectors that this processor can run, the best first.
func vectors() (forms []*Form) {
	if !cpu.X86.HasAVX2 || !cpu.X86.HasFMA {
		return nil
	}
	if cpu.X86.HasAVX512F {
		forms = append(forms, &Form{
			Name:  "avx512",
			steps: func(b *Block, n int) (int, int) { return stepsAVX512((*byte)(unsafe.Pointer(b)), n) },
			drift: func(b *Block) bool { return driftAVX512((*byte)(unsafe.Pointer(b))) == 0 },
		})
	}
	return append(forms, &Form{
		Name:  "avx2",
		steps: func(b *Block, n int) (int, int) { return stepsAVX2((*byte)(unsafe.Pointer(b)), n) },
		drift: func(b *Block) bool { return driftAVX2((*byte)(unsafe.Pointer(b))) == 0 },
	})
}
