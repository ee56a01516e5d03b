package hybrid_test

import (
	"context"
	"math/rand/v2"
	"slices"
	"testing"

	"offload/cpu"
	"offload/device"
	"offload/device/devicetest"
	"offload/device/reference"
)

// wide writes to y the sum of the rows of x within a halo of as many rows as its
// scalar says.
var wide = &device.Kernel{
	Name: "wide",
	Params: []device.Param{
		{Name: "h", Type: device.Int32, Access: device.Value},
		{Name: "x", Type: device.Int32, Access: device.ReadRows, Halo: func(l *device.Launch) int { return int(device.Scalar[int32](l, 0)) }},
		{Name: "y", Type: device.Int32, Access: device.WriteRows},
	},
	Contract: func(t *device.Tile) {
		h, x, y, w := int(device.Scalar[int32](t.Launch, 0)), device.View[int32](t, 1), device.View[int32](t, 2), t.Width(1)
		for i := t.Rows.Lo; i < t.Rows.Hi; i++ {
			near := device.Range{Lo: i, Hi: i + 1}.Grow(h, len(x)/w)
			for j := range w {
				y[i*w+j] = 1
				for r := near.Lo; r < near.Hi; r++ {
					y[i*w+j] += x[r*w+j]
				}
			}
		}
	},
}

// gathering adds to each element of y an element of x that may be anywhere.
var gathering = &device.Kernel{
	Name: "gathering",
	Params: []device.Param{
		{Name: "x", Type: device.Int32, Access: device.ReadAll},
		{Name: "y", Type: device.Int32, Access: device.UpdateRows},
	},
	Contract: func(t *device.Tile) {
		x, y, w := device.View[int32](t, 0), device.View[int32](t, 1), t.Width(1)
		for i := t.Rows.Lo * w; i < t.Rows.Hi*w; i++ {
			y[i] = 3*y[i] + x[(7*i+int(uint32(y[i])%5))%len(x)]
		}
	},
}

// TestRandomPrograms: whatever is launched, written and read, in whatever order, and
// however launches are split, every read gives what a single device gives.
func TestRandomPrograms(t *testing.T) {
	ctx := context.Background()
	steps, seeds := 60, uint64(60)
	if testing.Short() {
		seeds = 10
	}
	for seed := range seeds {
		random := rand.New(rand.NewPCG(seed, 1))
		parts := []devicetest.Open{cpu.Open, gpu, reference.Open}[:2+random.IntN(2)]
		random.Shuffle(len(parts), func(i, j int) { parts[i], parts[j] = parts[j], parts[i] })
		shares := make([]float64, len(parts))
		for i := range shares {
			shares[i] = float64(random.IntN(4))
		}
		d, err := join(ctx, device.Options{Workers: 1}, shares, parts...)
		if err != nil {
			t.Fatal(err)
		}
		want, err := reference.Open(ctx, device.Options{})
		if err != nil {
			t.Fatal(err)
		}
		rows, width := 1+random.IntN(40), 1+random.IntN(3)
		var both [2][3]device.Buffer
		for i, d := range []device.Device{want, d} {
			for j := range both[i] {
				if both[i][j], err = d.Alloc(device.Int32, rows*width); err != nil {
					t.Fatal(err)
				}
			}
		}
		for step := range steps {
			a, b := random.IntN(3), random.IntN(3)
			lo := random.IntN(rows + 1)
			r := device.Range{Lo: lo, Hi: lo + random.IntN(rows+1-lo)}
			h, what, x := int32(random.IntN(4)), random.IntN(4), random.Int32()
			var read [2][]int32
			for i, d := range []device.Device{want, d} {
				from, to := device.Mat(both[i][a], width), device.Mat(both[i][b], width)
				switch {
				case what == 0:
					s := make([]int32, r.Len()*width)
					for i := range s {
						s[i] = x + int32(i)
					}
					err = both[i][a].Write(ctx, r.Lo*width, device.Of(s))
				case what == 1:
					read[i] = make([]int32, r.Len()*width)
					err = both[i][a].Read(ctx, r.Lo*width, device.Of(read[i]))
				case a == b:
				case what == 2:
					err = d.Launch(ctx, &device.Launch{Kernel: wide, Rows: r, Args: []device.Arg{device.Val(h), from, to}})
				default:
					err = d.Launch(ctx, &device.Launch{Kernel: gathering, Rows: r, Args: []device.Arg{from, to}})
				}
				if err != nil {
					t.Fatalf("seed %d, step %d: %v", seed, step, err)
				}
			}
			if !slices.Equal(read[0], read[1]) {
				t.Fatalf("seed %d, step %d, shares %v: rows %v of buffer %d are %v, want %v", seed, step, shares, r, a, read[1], read[0])
			}
		}
		for j := range both[0] {
			if w, g := download(t, both[0][j]), download(t, both[1][j]); !slices.Equal(w, g) {
				t.Fatalf("seed %d, shares %v: at the end buffer %d is %v, want %v", seed, shares, j, g, w)
			}
		}
		want.Close()
		d.Close()
	}
}

func download(t *testing.T, b device.Buffer) []int32 {
	t.Helper()
	s, err := device.Download[int32](context.Background(), b)
	if err != nil {
		t.Fatal(err)
	}
	return s
}
