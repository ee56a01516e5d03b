package cluster

import (
	"fmt"
	"math"
	"math/bits"
	"sort"
	"strings"
	"time"

	"offload/device"
)

// shares divides rows among ranks. All ranks compute with the same integers, so that they agree.
type shares struct {
	fixed bool
	sums  []int64       // of the shares of the ranks before each, and of all
	busy  time.Duration // of this rank in launches that were divided, since the last exchange
}

const unit = 1 << 20 // sum of the shares that follow measured times, for each rank

func newShares(ranks int, fixed []int) (shares, error) {
	s := shares{fixed: fixed != nil, sums: make([]int64, ranks+1)}
	if s.fixed && len(fixed) != ranks {
		return s, device.Invalidf("%d shares for %d ranks", len(fixed), ranks)
	}
	for i := range ranks {
		share := unit
		if s.fixed {
			share = fixed[i]
		}
		if share < 0 || share > math.MaxInt32 {
			return s, device.Invalidf("shares of %v", fixed)
		}
		s.sums[i+1] = s.sums[i] + int64(share)
	}
	if s.sums[ranks] == 0 {
		return s, device.Invalidf("shares of %v", fixed)
	}
	return s, nil
}

// rows returns the rows of a rank among n.
func (s *shares) rows(rank, n int) device.Range {
	return device.Range{Lo: s.cut(rank, n), Hi: s.cut(rank+1, n)}
}

// cut returns n·sums[i]/total, rounded down, also where the product overflows.
func (s *shares) cut(i, n int) int {
	high, low := bits.Mul64(uint64(n), uint64(s.sums[i]))
	q, _ := bits.Div64(high, low, uint64(s.sums[len(s.sums)-1]))
	return int(q)
}

// owner returns the rank that has index i < n in its share.
func (s *shares) owner(i, n int) int {
	return sort.Search(len(s.sums)-2, func(rank int) bool { return s.cut(rank+1, n) > i })
}

// took records the time of this rank's share of a launch.
func (s *shares) took(d time.Duration) { s.busy += d }

const (
	enough = 100 * time.Millisecond // of measured time before shares change
	uneven = 8                      // they change if times differ by more than one part in so many
)

// follow changes the shares by the times that all ranks took since the last change, and reports whether it used them. The
// ranks go half of the way to equal times.
func (s *shares) follow(times []time.Duration) bool {
	var sum, least, most time.Duration
	least = math.MaxInt64
	for _, t := range times {
		sum, least, most = sum+t, min(least, t), max(most, t)
	}
	mean := sum / time.Duration(len(times))
	if s.fixed || len(times) == 1 || mean < enough {
		return false
	}
	if least <= 0 || most-least < most/uneven {
		return true
	}
	next := make([]int64, len(times))
	total := int64(0)
	for i, t := range times {
		share := s.sums[i+1] - s.sums[i]
		// By how much, in parts of 2^10: bounded, so that a rank that was late once is not left without rows.
		ratio := min(max(int64(mean)*1024/int64(t), 256), 4096)
		next[i] = max(1, share*(1024+ratio)/2048)
		total += next[i]
	}
	for i, x := range next {
		s.sums[i+1] = s.sums[i] + max(1, x*unit/total*int64(len(next)))
	}
	return true
}

func (s *shares) report() []string {
	n := len(s.sums) - 1
	var parts []string
	equal := true
	for i := range n {
		share := s.sums[i+1] - s.sums[i]
		equal = equal && share == s.sums[1]
		parts = append(parts, fmt.Sprintf("rank %d %.1f %%", i, 100*float64(share)/float64(s.sums[n])))
	}
	if equal {
		return nil
	}
	return []string{"shares: " + strings.Join(parts, ", ")}
}
