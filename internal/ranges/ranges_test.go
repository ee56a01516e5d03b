package ranges

import (
	"math/rand/v2"
	"testing"

	"offload/device"
)

// TestSet: a set of ranges equals a list of booleans, for any ranges added and
// removed, and stays in order without ranges that touch.
func TestSet(t *testing.T) {
	const n = 40
	random := rand.New(rand.NewPCG(1, 2))
	for round := range 500 {
		var s Set
		var want [n]bool
		for range 20 {
			lo := random.IntN(n + 1)
			r := device.Range{Lo: lo, Hi: lo + random.IntN(n+1-lo)}
			in := random.IntN(2) == 0
			s.Mark(r, in)
			for i := r.Lo; i < r.Hi; i++ {
				want[i] = in
			}
			for i, x := range s {
				if len(s)%2 != 0 || i > 0 && x <= s[i-1] {
					t.Fatalf("round %d: %v is not in order", round, s)
				}
			}
			for i := 0; i < n; {
				part, in := s.First(device.Range{Lo: i, Hi: n})
				if part.Lo != i || part.Len() <= 0 {
					t.Fatalf("round %d: the part of %v from %d on is %v", round, s, i, part)
				}
				for ; i < part.Hi; i++ {
					if want[i] != in {
						t.Fatalf("round %d: %v has %d: %v, want %v", round, s, i, in, want[i])
					}
				}
			}
		}
	}
}
