package check

import (
	"math"

	"offload/device"
)

var (
	rowSums32 = newRowSums[float32]()
	rowSums64 = newRowSums[float64]()
)

// rowSums is the kernel that sums the rows of a grid with weights.
func rowSums(t device.Type) *device.Kernel {
	if t == device.Float32 {
		return rowSums32
	}
	return rowSums64
}

func newRowSums[T device.Float]() *device.Kernel {
	t := device.TypeOf[T]()
	return &device.Kernel{
		Name: "rowsums." + t.String(),
		Params: []device.Param{
			{Name: "u", Type: t, Access: device.ReadRows},
			{Name: "weights", Type: device.Float64, Access: device.ReadAll},
			{Name: "sums", Type: device.Float64, Access: device.WriteRows},
		},
		Contract: func(tile *device.Tile) {
			u, w, sums := device.View[T](tile, 0), device.View[float64](tile, 1), device.View[float64](tile, 2)
			cols := tile.Width(0)
			for r := tile.Rows.Lo; r < tile.Rows.Hi; r++ {
				sums[r] = weighted(u[r*cols:][:cols], w)
			}
		},
		Cost: func(l *device.Launch) device.Cost {
			points := float64(l.Rows.Len()) * float64(l.Args[0].Width)
			return device.Cost{Items: points, Ops: 2 * points, Bytes: points * float64(t.Size())}
		},
		Unit: "points",
	}
}

// sumLanes is the number of partial sums of a row, column c in lane c mod 8.
const sumLanes = 8

// weighted is Σ w[c]·row[c].
func weighted[T device.Float](row []T, w []float64) float64 {
	var a, b, c, d, e, f, g, h float64
	w = w[:len(row)]
	for len(row) >= sumLanes {
		r, v := row[:sumLanes:sumLanes], w[:sumLanes:sumLanes]
		a += float64(float64(r[0]) * v[0])
		b += float64(float64(r[1]) * v[1])
		c += float64(float64(r[2]) * v[2])
		d += float64(float64(r[3]) * v[3])
		e += float64(float64(r[4]) * v[4])
		f += float64(float64(r[5]) * v[5])
		g += float64(float64(r[6]) * v[6])
		h += float64(float64(r[7]) * v[7])
		row, w = row[sumLanes:], w[sumLanes:]
	}
	for i := range row {
		a += float64(float64(row[i]) * w[i])
	}
	return ((a + e) + (b + f)) + ((c + g) + (d + h))
}

// sines are the weights of a row: sin(π·c/(cols − 1)), 0 at the edges.
func sines(cols int) []float64 {
	w := make([]float64, cols)
	for c := 1; c < cols-1; c++ {
		w[c] = math.Sin(math.Pi * float64(c) / float64(cols-1))
	}
	return w
}
