package archive

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strconv"

	"offload/device"
)

// Difference is the first place where two archives differ.
type Difference struct {
	Time   float64 // of the frame
	FrameA int
	FrameB int
	What   string // "step", "state", "fields", or the name of a field with an index, such as "velocity[3,1]"
	A, B   string // the values
}

// Comparison is the result of Compare.
type Comparison struct {
	Frames     int         // with equal times that were compared
	OnlyA      int         // frames of one archive alone, of which times are not in the other one
	OnlyB      int         //
	Difference *Difference // nil if all were equal
}

// Compare compares the frames of two archives that have the same time, in the order of a, until the first difference. The
// versions and options of the runs may differ. Of several frames with one time, the first belongs to the first.
func Compare(ctx context.Context, a, b *Archive) (Comparison, error) {
	var c Comparison
	numbers, inB := map[[2]float64][]int{}, 0
	for h, err := range b.Headers(ctx) {
		if err != nil {
			return c, err
		}
		time := [2]float64{h.Time, h.TimeLow}
		numbers[time] = append(numbers[time], h.Number)
		inB++
	}
	for h, err := range a.Headers(ctx) {
		if err != nil {
			return c, err
		}
		time := [2]float64{h.Time, h.TimeLow}
		if len(numbers[time]) == 0 {
			c.OnlyA++
			continue
		}
		n := numbers[time][0]
		numbers[time] = numbers[time][1:]
		fa, err := a.Frame(ctx, h.Number)
		if err != nil {
			return c, err
		}
		fb, err := b.Frame(ctx, n)
		if err != nil {
			return c, err
		}
		c.Frames++
		if c.Difference = compareFrames(fa, fb); c.Difference != nil {
			c.Difference.Time, c.Difference.FrameA, c.Difference.FrameB = h.Time, h.Number, n
			return c, nil
		}
	}
	c.OnlyB = inB - c.Frames
	return c, nil
}

func compareFrames(a, b *Frame) *Difference {
	switch {
	case a.Step != b.Step:
		return &Difference{What: "step", A: strconv.FormatInt(a.Step, 10), B: strconv.FormatInt(b.Step, 10)}
	case !bytes.Equal(a.State, b.State):
		return &Difference{What: "state", A: string(a.State), B: string(b.State)}
	}
	for i := range max(len(a.Fields), len(b.Fields)) {
		if i >= len(a.Fields) || i >= len(b.Fields) {
			return &Difference{What: "fields", A: strconv.Itoa(len(a.Fields)), B: strconv.Itoa(len(b.Fields))}
		}
		if d := compareFields(&a.Fields[i], &b.Fields[i]); d != nil {
			return d
		}
	}
	return nil
}

func compareFields(a, b *Field) *Difference {
	if a.Name != b.Name || a.Data.Type() != b.Data.Type() || !slices.Equal(a.Shape, b.Shape) {
		describe := func(f *Field) string { return fmt.Sprintf("%s %v [%s]", f.Name, f.Data.Type(), shapeText(f.Shape)) }
		return &Difference{What: "fields", A: describe(a), B: describe(b)}
	}
	x, y, size := a.Data.Bytes(), b.Data.Bytes(), a.Data.Type().Size()
	if bytes.Equal(x, y) {
		return nil
	}
	i := 0
	for bytes.Equal(x[i*size:(i+1)*size], y[i*size:(i+1)*size]) {
		i++
	}
	return &Difference{What: a.Name + index(a.Shape, i), A: element(a.Data, i), B: element(b.Data, i)}
}

// index returns the indices of element i of a shape, as in "[3,1]".
func index(shape []int, i int) string {
	at := make([]int, len(shape))
	for k := len(shape) - 1; k >= 0; k-- {
		at[k] = i % shape[k]
		i /= shape[k]
	}
	return "[" + shapeText(at) + "]"
}

// element formats element i with all its digits.
func element(s device.Slice, i int) string {
	switch s = s.Sub(i, i+1); s.Type() {
	case device.Float32:
		return strconv.FormatFloat(float64(device.As[float32](s)[0]), 'g', -1, 32)
	case device.Float64:
		return strconv.FormatFloat(device.As[float64](s)[0], 'g', -1, 64)
	case device.Int32:
		return strconv.Itoa(int(device.As[int32](s)[0]))
	}
	return strconv.FormatUint(uint64(device.As[uint32](s)[0]), 10)
}
