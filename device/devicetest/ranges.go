package devicetest

import (
	"context"
	"testing"

	"offload/device"
)

// testRanges: a launch writes the rows that it was given and nothing else,
// whatever their number, with views that begin anywhere.
func (s suite) testRanges(t *testing.T) {
	d := s.device(t)
	for _, k := range []*device.Kernel{count[int32](), heavy(count[int32](), 1e6)} {
		for _, width := range []int{1, 3} {
			for _, n := range []int{0, 1, 2, 13, 127, 1000} {
				for _, r := range []device.Range{{Hi: n}, {Lo: n / 2, Hi: n / 2}, {Lo: n / 3, Hi: n - n/5}, {Lo: n, Hi: n}} {
					testRange(t, d, k, width, n, r)
				}
			}
		}
	}
}

func testRange(t *testing.T, d device.Device, k *device.Kernel, width, n int, rows device.Range) {
	t.Helper()
	const guard, start = 5, 1_000_000
	whole := make([]int32, guard+n*width+guard)
	for i := range whole {
		whole[i] = int32(-i)
	}
	b := upload(t, d, whole)
	defer b.Free()
	view := device.Arg{Buffer: b, Offset: guard, Len: n * width, Width: width}
	l := &device.Launch{Kernel: k, Rows: rows, Args: []device.Arg{device.Val(int32(start)), view}}
	if err := d.Launch(context.Background(), l); err != nil {
		t.Fatalf("%d rows, range %v: %v", n, rows, err)
	}
	for i, got := range download[int32](t, b) {
		want := int32(-i)
		if e := i - guard; e >= rows.Lo*width && e < rows.Hi*width {
			want = int32(start + e)
		}
		if got != want {
			t.Fatalf("%d rows of %d, range %v: element %d is %d, want %d", n, width, rows, i, got, want)
		}
	}
}
