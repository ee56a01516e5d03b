package device

import (
	"context"
	"errors"
	"io"
	"math"
	"slices"
	"strings"
	"testing"
)

func TestRange(t *testing.T) {
	r := Range{3, 9}
	if r.Len() != 6 || r.Part(1, 4) != (Range{5, 7}) || r.Grow(5, 11) != (Range{0, 11}) {
		t.Errorf("Len %d, Part %v, Grow %v", r.Len(), r.Part(1, 4), r.Grow(5, 11))
	}
	for _, c := range []struct {
		a, b       Range
		intersects bool
	}{
		{Range{0, 5}, Range{4, 6}, true},
		{Range{0, 5}, Range{5, 6}, false},
		{Range{0, 5}, Range{1, 5}, true},
		{Range{0, 5}, Range{2, 2}, false},
		{Range{3, 3}, Range{0, 9}, false},
	} {
		if c.a.Intersects(c.b) != c.intersects || c.b.Intersects(c.a) != c.intersects {
			t.Errorf("%v and %v: intersects %v", c.a, c.b, c.a.Intersects(c.b))
		}
	}
}

func TestScalarsKeepTheirBits(t *testing.T) {
	l := &Launch{Args: []Arg{Val(float32(math.Copysign(0, -1))), Val(math.Float64frombits(0x7ff8000000000123)), Val(int32(-5)), Val(uint32(4e9))}}
	if math.Float32bits(Scalar[float32](l, 0)) != 1<<31 || math.Float64bits(Scalar[float64](l, 1)) != 0x7ff8000000000123 ||
		Scalar[int32](l, 2) != -5 || Scalar[uint32](l, 3) != 4e9 {
		t.Errorf("scalars came back as %v, %v, %v, %v", Scalar[float32](l, 0), Scalar[float64](l, 1), Scalar[int32](l, 2), Scalar[uint32](l, 3))
	}
}

// An int is passed as an int32, and refused if it overflows.
func TestInt(t *testing.T) {
	k := &Kernel{Name: "count", Params: []Param{{Name: "n", Type: Int32}}, Contract: func(*Tile) {}}
	for _, c := range []struct {
		n     int
		value int32
		valid bool
	}{
		{0, 0, true}, {-1, -1, true}, {math.MaxInt32, math.MaxInt32, true}, {math.MinInt32, math.MinInt32, true},
		{math.MaxInt, math.MaxInt32, math.MaxInt == math.MaxInt32}, {math.MinInt, math.MinInt32, math.MinInt == math.MinInt32},
	} {
		l := &Launch{Kernel: k, Args: []Arg{Int(c.n)}}
		if v := Scalar[int32](l, 0); v != c.value {
			t.Errorf("%d became %d", c.n, v)
		}
		if err := Validate(l); c.valid != (err == nil) || err != nil && !errors.Is(err, ErrInvalid) {
			t.Errorf("a launch with %d: %v", c.n, err)
		}
	}
}

func TestSliceOfAnotherTypePanics(t *testing.T) {
	for name, f := range map[string]func(){
		"As":     func() { As[float64](Of([]float32{1})) },
		"Sub":    func() { Of([]float32{1}).Sub(0, 2) },
		"Copy":   func() { Of([]float32{1}).Copy(Of([]float32{1, 2})) },
		"Scalar": func() { Scalar[int32](&Launch{Args: []Arg{Val(1.0)}}, 0) },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s did not panic", name)
				}
			}()
			f()
		}()
	}
}

func TestErrorsAreOneLine(t *testing.T) {
	errs := []error{ErrUnavailable, ErrUnsupported, ErrInvalid, ErrOutOfMemory, ErrLost, ErrClosed, ErrPanic,
		Invalidf("n = %d", 3), &PanicError{Where: "kernel axpy", Value: io.EOF, Stack: []byte("a\nb")}}
	for i, err := range errs {
		if err.Error() == "" || strings.Contains(err.Error(), "\n") {
			t.Errorf("error %d is %q", i, err)
		}
	}
	last := errs[len(errs)-1]
	if !errors.Is(last, io.EOF) || !errors.Is(last, ErrPanic) || !errors.Is(errs[len(errs)-2], ErrInvalid) {
		t.Error("an error does not wrap its documented value")
	}
}

// double is y ← 2x, in the form of a Call.
func double() *Kernel {
	return &Kernel{
		Name:   "double",
		Params: []Param{{Name: "x", Type: Float64, Access: ReadRows}, {Name: "y", Type: Float64, Access: WriteRows}},
		Contract: func(t *Tile) {
			x, y := View[float64](t, 0), View[float64](t, 1)
			for i := t.Rows.Lo; i < t.Rows.Hi; i++ {
				y[i] = 2 * x[i]
			}
		},
	}
}

func TestCallByContract(t *testing.T) {
	y := []float64{9, 9, 9}
	c := &Call{Label: "example", Kernel: double(), Rows: Range{1, 3}, Args: []HostArg{HostVec([]float64{1, 2, 3}), HostVec(y)}}
	other := c.Clone()
	if err := c.Contract(); err != nil || !slices.Equal(y, []float64{9, 4, 6}) {
		t.Fatalf("y = %v, %v", y, err)
	}
	diff := Diff(c, other)
	if diff == nil || diff.Param != "y" || diff.Index != 1 || !strings.Contains(diff.Error(), "0x4010000000000000 (4)") {
		t.Errorf("Diff = %v", diff)
	}
	c.Args = c.Args[:1]
	if err := c.Contract(); !errors.Is(err, ErrInvalid) {
		t.Errorf("one argument too few: %v, want ErrInvalid", err)
	}
	if err := c.Run(context.Background(), nil); !errors.Is(err, ErrInvalid) {
		t.Errorf("one argument too few: %v, want ErrInvalid", err)
	}
}

func TestReadAndWriteRanges(t *testing.T) {
	k := double()
	k.Params[0].Halo = func(*Launch) int { return 2 }
	c := &Call{Kernel: k, Rows: Range{3, 5}, Args: []HostArg{HostVec(make([]float64, 6)), HostVec(make([]float64, 6))}}
	l, err := c.launch()
	if err != nil {
		t.Fatal(err)
	}
	for i, a := range c.Args {
		l.Args[i] = Arg{Buffer: hostBuffer{data: a.Data, id: i}, Offset: 0, Len: 6, Width: 1}
	}
	if l.ReadRange(0) != (Range{1, 6}) || l.WriteRange(0).Len() != 0 || l.ReadRange(1).Len() != 0 || l.WriteRange(1) != (Range{3, 5}) {
		t.Errorf("reads %v and %v, writes %v and %v", l.ReadRange(0), l.ReadRange(1), l.WriteRange(0), l.WriteRange(1))
	}
}
