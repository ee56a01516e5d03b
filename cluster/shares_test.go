package cluster

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"
)

// TestShares: the ranks' rows follow each other without a gap, also of more rows than a product of shares can hold.
func TestShares(t *testing.T) {
	for _, c := range []struct {
		ranks int
		fixed []int
	}{
		{1, nil}, {2, nil}, {3, nil}, {64, nil}, {4096, nil}, {2, []int{0, 1}}, {3, []int{5, 0, 1}}, {2, []int{1<<31 - 1, 1<<31 - 1}},
	} {
		s, err := newShares(c.ranks, c.fixed)
		if err != nil {
			t.Fatal(err)
		}
		for _, n := range []int{0, 1, 2, 7, 4097, math.MaxInt} {
			at := 0
			for rank := range c.ranks {
				r := s.rows(rank, n)
				if r.Lo != at || r.Hi < r.Lo {
					t.Fatalf("%d ranks, %v: rank %d of %d rows has %v, after %d", c.ranks, c.fixed, rank, n, r, at)
				}
				if at = r.Hi; c.fixed != nil && c.fixed[rank] == 0 && r.Len() > 0 {
					t.Fatalf("a share of 0 has %v", r)
				}
			}
			for _, i := range []int{0, n / 3, n - 1} {
				if i < 0 || i >= n {
					continue
				}
				if owner := s.owner(i, n); i < s.rows(owner, n).Lo || i >= s.rows(owner, n).Hi {
					t.Fatalf("%d ranks, %v: rank %d owns row %d of %d", c.ranks, c.fixed, owner, i, n)
				}
			}
			if at != n {
				t.Fatalf("%d ranks have %d rows of %d", c.ranks, at, n)
			}
		}
	}
	for _, fixed := range [][]int{{}, {1}, {0, 0}, {-1, 2}, {1, 1, 1}} {
		if _, err := newShares(2, fixed); err == nil {
			t.Errorf("shares of %v are accepted", fixed)
		}
	}
}

// TestSharesFollow: ranks of different speed come to equal times, and ranks of equal speed keep equal shares whatever the
// noise.
func TestSharesFollow(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	for _, c := range []struct {
		name  string
		speed []float64
	}{
		{"alike", []float64{1, 1, 1, 1}},
		{"one of half the speed", []float64{1, 0.5, 1}},
		{"one ten times faster", []float64{1, 10}},
		{"all different", []float64{1, 2, 3, 4, 5}},
	} {
		s, err := newShares(len(c.speed), nil)
		if err != nil {
			t.Fatal(err)
		}
		times := make([]time.Duration, len(c.speed))
		for range 30 {
			for rank := range times {
				r := s.rows(rank, 1_000_000)
				noise := 1 + 0.04*random.Float64()
				times[rank] = time.Duration(10_000 * float64(r.Len()) / c.speed[rank] * noise)
			}
			if !s.follow(times) {
				t.Fatal("the times were not used")
			}
		}
		total := 0.0
		for _, v := range c.speed {
			total += v
		}
		for rank, v := range c.speed {
			got, want := float64(s.rows(rank, 1_000_000).Len())/1e6, v/total
			if got < 0.85*want || got > 1.15*want {
				t.Errorf("%s: rank %d has %.3f of the rows, want about %.3f", c.name, rank, got, want)
			}
		}
	}
}
