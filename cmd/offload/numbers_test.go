package main

import (
	"math"
	"testing"
)

// A number on the command line is used unchanged or refused.
func TestNumbers(t *testing.T) {
	for _, c := range []struct {
		text string
		want int // 0: refused
	}{
		{"1", 1}, {"4096", 4096}, {"1e6", 1000000}, {"2147483647", math.MaxInt32}, {"2.5e1", 25},
		{"0", 0}, {"-1", 0}, {"", 0}, {"1.5", 0}, {"1e19", 0}, {"1e300", 0}, {"Inf", 0}, {"NaN", 0}, {"1e-3", 0},
		{"9223372036854775808", 0}, {"18446744073709551617", 0},
	} {
		if n, err := positive(c.text); (err == nil) != (c.want > 0) || n != c.want {
			t.Errorf("%q became %d, %v; want %d", c.text, n, err, c.want)
		}
		if c.want == 0 || c.text == "1e6" || c.text == "2.5e1" {
			continue
		}
		var n number
		if err := n.Set(c.text); err != nil || int(n) != c.want {
			t.Errorf("a flag with %q became %d, %v", c.text, n, err)
		}
	}
	n := number(7)
	for _, text := range []string{"9223372036854775808", "-9223372036854775809", "1e3", "", "many"} {
		if err := n.Set(text); err == nil || n != 7 {
			t.Errorf("a flag with %q became %d, %v", text, n, err)
		}
	}
}

func TestTotalBytes(t *testing.T) {
	for _, c := range []struct {
		transfers   int
		bytes, want int64
	}{
		{0, 100, 0}, {100, 0, 0}, {3, 7, 21},
		{math.MaxInt, math.MaxInt64, math.MaxInt64 / 2}, {math.MaxInt32, 1 << 40, math.MaxInt64 / 2}, {1 << 20, 1 << 41, 1 << 61},
	} {
		if got := totalBytes(c.transfers, c.bytes); got != c.want {
			t.Errorf("%d times %d bytes are %d, want %d", c.transfers, c.bytes, got, c.want)
		}
	}
}
