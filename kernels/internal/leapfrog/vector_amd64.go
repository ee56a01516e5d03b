//go:build !purego

package leapfrog

//go:generate sh -c "cd _asm && go run . -out ../leapfrog_amd64.s -stubs ../leapfrog_amd64.go -pkg leapfrog"
//go:generate sh -c "cd _asm && go run . -avx512 -out ../avx512_amd64.s -stubs ../avx512_amd64.go -pkg leapfrog"

import "golang.org/x/sys/cpu"

// Forms returns the forms with vectors, the best first.
func Forms() []Form {
	return []Form{
		{
			Name:    "avx512",
			Ready:   func() bool { return cpu.X86.HasAVX512F && cpu.X86.HasAVX512DQ },
			Advance: form(16, advanceAVX512),
		},
		{
			Name:    "avx2",
			Ready:   func() bool { return cpu.X86.HasAVX2 && cpu.X86.HasFMA },
			Advance: form(8, advanceAVX2),
		},
	}
}

// form returns Advance by a routine for groups of particles of the given size.
func form(group int, advance func(block *float64, groups int, bodies *float64, count, times int, h, half float64, scratch *byte)) func(*Block, int, []float64, int, int, float64) {
	return func(b *Block, n int, bodies []float64, count, times int, h float64) {
		bodies = bodies[:count*times*bodyWidth]
		if count > maxCount {
			advanceRows(b, n, bodies, count, h)
			return
		}
		advance(&b.columns[0][0], max(2, (n+group-1)/group), &bodies[0], count, times, h, h/2, &b.scratch[0])
	}
}
