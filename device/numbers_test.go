package device

import (
	"context"
	"errors"
	"math"
	"runtime"
	"testing"
)

// copying is out ← in, with the given halo.
func copying(halo func(*Launch) int) *Kernel {
	return &Kernel{
		Name: "copy",
		Params: []Param{
			{Name: "in", Type: Float64, Access: ReadRows, Halo: halo},
			{Name: "out", Type: Float64, Access: WriteRows},
		},
		Contract: func(t *Tile) {
			for r := t.Rows.Lo; r < t.Rows.Hi; r++ {
				View[float64](t, 1)[r] = View[float64](t, 0)[r]
			}
		},
	}
}

// memoryOf is a stub of a buffer of n elements.
func memoryOf(id, n int) Buffer { return hostBuffer{data: Of(make([]float64, n)), id: id} }

// Invalid numbers of rows are refused by Validate, and never become a valid range by
// overflow.
func TestNumbersThatDoNotFit(t *testing.T) {
	const width = 4
	in, out := Mat(memoryOf(0, 40), width), Mat(memoryOf(1, 40), width)
	halo := func(h int) *Kernel { return copying(func(*Launch) int { return h }) }
	for _, c := range []struct {
		name   string
		kernel *Kernel
		in     Arg
		rows   Range
		valid  bool
	}{
		{"all rows", copying(nil), in, Range{0, 10}, true},
		{"no rows", copying(nil), in, Range{}, true},
		{"rows of rows", copying(nil), in.Rows(2, 9).Rows(0, 7), Range{0, 7}, true},
		{"no rows at the end", copying(nil), in.Rows(10, 10), Range{}, true},
		{"lo wraps around", copying(nil), in.Rows(math.MaxInt/2+1, math.MaxInt/2+1+10), Range{0, 10}, false},
		{"hi - lo wraps around", copying(nil), in.Rows(math.MinInt, math.MinInt+10), Range{0, 10}, false},
		{"lo of -1", copying(nil), in.Rows(-1, 9), Range{0, 10}, false},
		{"reversed", copying(nil), in.Rows(5, 4), Range{}, false},
		{"beyond the end", copying(nil), in.Rows(0, 11), Range{0, 10}, false},
		{"rows that were narrowed away", copying(nil), in.Rows(0, 5).Rows(5, 10), Range{0, 5}, false},
		{"rows of what is refused", copying(nil), in.Rows(0, 11).Rows(0, 0), Range{}, false},
		{"an offset that wraps around", copying(nil), Arg{Buffer: in.Buffer, Offset: math.MaxInt, Len: 40, Width: width}, Range{0, 10}, false},
		{"a length that wraps around", copying(nil), Arg{Buffer: in.Buffer, Offset: 4, Len: math.MaxInt - 3, Width: width}, Range{0, 10}, false},
		{"launch rows that wrap around", copying(nil), in, Range{0, math.MinInt}, false},
		{"too many launch rows", copying(nil), in, Range{0, math.MaxInt}, false},
		{"no halo", halo(0), in, Range{0, 10}, true},
		{"a huge halo", halo(math.MaxInt), in, Range{3, 5}, true},
		{"a negative halo", halo(-1), in, Range{3, 5}, false},
		{"the least halo", halo(math.MinInt), in, Range{3, 5}, false},
		{"a halo that panics", copying(func(*Launch) int { panic("halo") }), in, Range{3, 5}, false},
	} {
		err := Validate(&Launch{Kernel: c.kernel, Args: []Arg{c.in, out}, Rows: c.rows})
		if wrong := errors.Is(err, ErrInvalid) || errors.Is(err, ErrPanic); c.valid && err != nil || !c.valid && !wrong {
			t.Errorf("%s: %v, valid is %v", c.name, err, c.valid)
		}
	}
	if n := in.Rows(0, 11).NumRows(); n != 0 {
		t.Errorf("a matrix that is refused has %d rows", n)
	}
}

func TestRangesWithOddNumbers(t *testing.T) {
	r := Range{3, 9}
	for _, c := range []struct {
		name      string
		got, want Range
	}{
		{"a part of none", r.Part(0, 0), Range{3, 3}},
		{"a part of -1", r.Part(0, -1), Range{3, 3}},
		{"a part before the first", r.Part(-1, 4), Range{3, 3}},
		{"a part behind the last", r.Part(4, 4), Range{3, 3}},
		{"the last of more parts than indices", r.Part(math.MaxInt-1, math.MaxInt), Range{9, 9}},
		{"a part of a reversed range", Range{9, 3}.Part(1, 2), Range{9, 9}},
		{"a huge halo", r.Grow(math.MaxInt, 11), Range{0, 11}},
		{"a huge halo of many", r.Grow(math.MaxInt, math.MaxInt), Range{0, math.MaxInt}},
		{"a halo up to the end", r.Grow(2, 11), Range{1, 11}},
		{"a negative halo", r.Grow(-1, 11), r},
		{"the least halo", r.Grow(math.MinInt, 11), r},
		{"within none", r.Grow(1, 0), Range{0, 0}},
		{"within -1", r.Grow(1, -1), Range{0, 0}},
		{"outside", r.Grow(1, 2), Range{2, 2}},
	} {
		if c.got != c.want {
			t.Errorf("%s: %v, want %v", c.name, c.got, c.want)
		}
	}
}

// With a huge halo all rows are read, by every method.
func TestHugeHaloIsAllRows(t *testing.T) {
	k := copying(func(*Launch) int { return math.MaxInt })
	l := &Launch{Kernel: k, Args: []Arg{Mat(memoryOf(0, 40), 4), Mat(memoryOf(1, 40), 4)}, Rows: Range{3, 5}}
	if r := l.ReadRange(0); r != (Range{0, 40}) {
		t.Errorf("reads elements %v", r)
	}
}

// Functions return errors for nil arguments.
func TestNothingIsRefused(t *testing.T) {
	ctx := context.Background()
	k := copying(nil)
	call := &Call{Kernel: k, Args: []HostArg{HostVec([]float64{1}), HostVec(make([]float64, 1))}}
	none := &Call{}
	goexit := copying(nil)
	goexit.Examples = func(int) []*Call { runtime.Goexit(); return nil }
	holes := copying(nil)
	holes.Examples = func(int) []*Call { return []*Call{nil} }
	var missing *Call
	for name, err := range map[string]error{
		"Upload to no device":                    second(Upload(ctx, nil, []float64{1})),
		"Download of no buffer":                  second(Download[float64](ctx, nil)),
		"Wait for no buffer":                     Wait(ctx, nil),
		"Wait of no launch":                      (*Launch)(nil).Wait(ctx),
		"Wait of an empty launch":                (&Launch{}).Wait(ctx),
		"Wait of a launch without arguments":     (&Launch{Kernel: k}).Wait(ctx),
		"Wait of a launch without buffers":       (&Launch{Kernel: k, Args: make([]Arg, 2)}).Wait(ctx),
		"Validate of no launch":                  Validate(nil),
		"Run on no device":                       call.Run(ctx, nil),
		"Run of no call":                         missing.Run(ctx, deviceStub{}),
		"Run of no kernel":                       none.Run(ctx, deviceStub{}),
		"Contract of no call":                    missing.Contract(),
		"Contract of no kernel":                  none.Contract(),
		"Contract of a kernel without contract":  (&Call{Kernel: &Kernel{Name: "empty"}}).Contract(),
		"Contract of the clone of no data":       (&Call{Kernel: k, Args: make([]HostArg, 2)}).Clone().Contract(),
		"Shape of no call":                       second(missing.Shape()),
		"Shape of no kernel":                     second(none.Shape()),
		"Verify of no kernel":                    Verify(ctx, deviceStub{}, nil, 1),
		"Verify without examples":                Verify(ctx, deviceStub{}, k, 1),
		"Verify of an example that is not there": Verify(ctx, deviceStub{}, holes, 1),
		"Probe of no kernel":                     second(Probe(ctx, deviceStub{}, []*Kernel{nil})),
	} {
		if !errors.Is(err, ErrInvalid) {
			t.Errorf("%s: %v, want ErrInvalid", name, err)
		}
	}
	if err := Verify(ctx, deviceStub{}, goexit, 1); !errors.Is(err, ErrPanic) {
		t.Errorf("examples that call Goexit: %v, want ErrPanic", err)
	}
	if names, err := Probe(ctx, deviceStub{}, []*Kernel{k}); len(names) > 0 || err != nil {
		t.Errorf("Probe of a kernel without examples: %v, %v", names, err)
	}
	if missing.Clone() != nil {
		t.Error("the clone of no call is one")
	}
	for _, l := range []*Launch{nil, {}, {Kernel: k}} {
		if c := CostOf(l); c != (Cost{}) {
			t.Errorf("what is no launch costs %+v", c)
		}
	}
}

// Calls of different kernels or sizes differ.
func TestDiffOfOtherCalls(t *testing.T) {
	k := copying(nil)
	of := func(n int) *Call {
		return &Call{Kernel: k, Args: []HostArg{HostVec(make([]float64, n)), HostVec(make([]float64, n))}}
	}
	if d := Diff(of(3), of(3)); d != nil {
		t.Errorf("equal calls: %v", d)
	}
	for name, d := range map[string]*Difference{
		"no call":           Diff(nil, of(1)),
		"no other":          Diff(of(1), nil),
		"no kernels":        Diff(&Call{}, &Call{}),
		"another kernel":    Diff(of(1), &Call{Kernel: copying(nil), Args: of(1).Args}),
		"another size":      Diff(of(3), of(4)),
		"without arguments": Diff(of(1), &Call{Kernel: k}),
	} {
		if d == nil || d.Index != -1 || d.Error() == "" {
			t.Errorf("%s: %v", name, d)
		}
	}
}

// deviceStub must not be called.
type deviceStub struct{ Device }

func second[T any](_ T, err error) error { return err }
