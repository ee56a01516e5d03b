package cluster

import (
	"bytes"
	"encoding/gob"
	"errors"
	"math"
	"math/big"
	"reflect"
	"testing"
	"time"
)

type tree struct {
	Value       float64
	Left, Right *tree
}

type hidden struct {
	Shown int
	_     [0]int
	*tree // a field of a type that is not exported
}

// What cannot arrive whole is refused.
func TestCodecRefuses(t *testing.T) {
	for name, err := range map[string]error{
		"channel":                  codecError[chan int](),
		"function":                 codecError[func()](),
		"field that is a function": codecError[struct{ F func() }](),
		"hidden field":             codecError[hidden](),
		"deep":                     codecError[map[string][]*[2]hidden](),
		"key":                      codecError[map[hidden]int](),
		"no fields, deep":          codecError[[]struct{}](),
	} {
		if !errors.Is(err, ErrEncoding) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, err := range map[string]error{
		"number":    codecError[complex128](),
		"recursive": codecError[tree](),
		"time":      codecError[time.Time](),
		"big":       codecError[map[string]*big.Int](),
		"nothing":   codecError[struct{}](),
		"error":     codecError[any](),
	} {
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func codecError[T any]() error {
	_, err := newCodec[T]()
	return err
}

func TestCodecKeepsValues(t *testing.T) {
	keeps(t, 0, 1, math.MinInt)
	keeps(t, "", "a")
	keeps(t, []float64{1, math.Inf(1), math.Copysign(0, -1)}, []float64{math.SmallestNonzeroFloat64})
	keeps(t, math.Copysign(0, -1), 1)
	keeps(t, tree{}, tree{1, &tree{Value: 2}, nil})
	keeps(t, nil, &tree{Value: 3}, nil)
	keeps(t, struct{}{}, struct{}{})
	keeps[any](t, nil, 5, "x")
	keeps(t, [][]byte{{1}, {2, 3}})
}

func keeps[T any](t *testing.T, values ...T) {
	t.Helper()
	c, err := newCodec[T]()
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	e := gob.NewEncoder(&b)
	for _, v := range values {
		if err := c.encode(e, v); err != nil {
			t.Fatal(err)
		}
	}
	d := gob.NewDecoder(&b)
	for _, v := range values {
		var got T
		if err := c.decode(d, &got); err != nil || !reflect.DeepEqual(got, v) {
			t.Errorf("%#v: got %#v, %v", v, got, err)
		}
		if x, ok := any(got).(float64); ok && math.Signbit(x) != math.Signbit(any(v).(float64)) {
			t.Errorf("%v: got %v", v, got)
		}
	}
}
