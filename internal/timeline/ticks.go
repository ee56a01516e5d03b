package timeline

import (
	"math"
	"strconv"

	"gonum.org/v1/plot"
)

// ticks are about eight round numbers: multiples of 1, 2 or 5 times a power of ten.
type ticks struct{}

// Ticks implements plot.Ticker.
func (ticks) Ticks(low, high float64) []plot.Tick {
	power := math.Pow(10, math.Floor(math.Log10((high-low)/8)))
	step := power
	for _, m := range []float64{2, 5, 10} {
		if (high-low)/step > 10 {
			step = m * power
		}
	}
	if !(step > 0) {
		return []plot.Tick{{Value: low, Label: "0"}} // a moment
	}
	var list []plot.Tick
	for i := math.Ceil(low / step); i*step <= high; i++ {
		list = append(list, plot.Tick{Value: i * step, Label: strconv.FormatFloat(i*step, 'g', 6, 64)})
	}
	return list
}
