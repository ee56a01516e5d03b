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
			Name:    "avx512",
			steps:   func(b *Block, n int) (int, int) { return stepsAVX512(b.bytes(), n) },
			drift:   func(b *Block) int { return driftAVX512(b.bytes()) },
			own:     func(b, before *Block) bool { return ownAVX512(b.bytes(), before.bytes()) != 0 },
			pairs:   func(b *Block) bool { return pairsAVX512(b.bytes()) != 0 },
			across:  func(b, other *Block) bool { return acrossAVX512(b.bytes(), other.bytes()) != 0 },
			outward: func(b, after *Block) { outwardAVX512(b.bytes(), after.bytes()) },
			finish:  func(b, before *Block) { finishAVX512(b.bytes(), before.bytes()) },
			light:   func(b *Block, m []float64, n int) { lightAVX512(b.bytes(), tableBytes(m), n) },
			driftAndLight: func(b, other *Block, m []float64, n int) int {
				return driftAndLightAVX512(b.bytes(), other.bytes(), tableBytes(m), n)
			},
		})
	}
	return append(forms, &Form{
		Name:    "avx2",
		steps:   func(b *Block, n int) (int, int) { return stepsAVX2(b.bytes(), n) },
		drift:   func(b *Block) int { return driftAVX2(b.bytes()) },
		own:     func(b, before *Block) bool { return ownAVX2(b.bytes(), before.bytes()) != 0 },
		pairs:   func(b *Block) bool { return pairsAVX2(b.bytes()) != 0 },
		across:  func(b, other *Block) bool { return acrossAVX2(b.bytes(), other.bytes()) != 0 },
		outward: func(b, after *Block) { outwardAVX2(b.bytes(), after.bytes()) },
		finish:  func(b, before *Block) { finishAVX2(b.bytes(), before.bytes()) },
		light:   func(b *Block, m []float64, n int) { lightAVX2(b.bytes(), tableBytes(m), n) },
		driftAndLight: func(b, other *Block, m []float64, n int) int {
			return driftAndLightAVX2(b.bytes(), other.bytes(), tableBytes(m), n)
		},
	})
}

func (b *Block) bytes() *byte { return (*byte)(unsafe.Pointer(b)) }

func tableBytes(m []float64) *byte { return (*byte)(unsafe.Pointer(unsafe.SliceData(m))) }
