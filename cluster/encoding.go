package cluster

import (
	"encoding"
	"encoding/gob"
	"errors"
	"fmt"
	"reflect"
)

// ErrEncoding is wrapped by the error for a type whose values encoding/gob cannot carry as they are: a channel, a
// function, or a struct with such a field or one that is not exported.
var ErrEncoding = errors.New("values of this type cannot travel between ranks")

// codec encodes values of a type, one after the other, in the form of encoding/gob. That loses the difference between an
// empty slice or map and none, and the sign of a zero that is a struct's field, on one rank as on many.
type codec[T any] struct {
	empty   bool // there is nothing to encode
	wrapped bool // a pointer or interface, which may be nil
}

// field has a value that may be nil.
type field[T any] struct{ Value T }

// newCodec returns the codec of T, or an error that wraps ErrEncoding.
func newCodec[T any]() (codec[T], error) {
	t := reflect.TypeFor[T]()
	if t.Size() == 0 && t.Kind() != reflect.Interface {
		return codec[T]{empty: true}, nil
	}
	if why := refused(t, map[reflect.Type]bool{}); why != "" {
		return codec[T]{}, fmt.Errorf("%w: %v: %s", ErrEncoding, t, why)
	}
	return codec[T]{wrapped: t.Kind() == reflect.Pointer || t.Kind() == reflect.Interface}, nil
}

func (c codec[T]) encode(e *gob.Encoder, v T) error {
	switch {
	case c.empty:
		return nil
	case c.wrapped:
		return e.Encode(field[T]{v})
	}
	return e.EncodeValue(reflect.ValueOf(&v).Elem())
}

func (c codec[T]) decode(d *gob.Decoder, v *T) error {
	switch {
	case c.empty:
		return nil
	case c.wrapped:
		var f field[T]
		err := d.Decode(&f)
		*v = f.Value
		return err
	}
	return d.DecodeValue(reflect.ValueOf(v))
}

// refused returns why values of a type cannot be encoded whole, or nothing. Values of interfaces are only seen when they
// are encoded.
func refused(t reflect.Type, seen map[reflect.Type]bool) string {
	if seen[t] || encodesItself(t) {
		return ""
	}
	seen[t] = true
	switch t.Kind() {
	case reflect.Chan, reflect.Func, reflect.UnsafePointer:
		return fmt.Sprintf("%v is a %v", t, t.Kind())
	case reflect.Pointer, reflect.Slice, reflect.Array:
		return refused(t.Elem(), seen)
	case reflect.Map:
		if why := refused(t.Key(), seen); why != "" {
			return why
		}
		return refused(t.Elem(), seen)
	case reflect.Struct:
		exported := 0
		for i := range t.NumField() {
			f := t.Field(i)
			if f.Name == "_" {
				continue
			}
			if !f.IsExported() {
				return fmt.Sprintf("field %s of %v is not exported", f.Name, t)
			}
			if why := refused(f.Type, seen); why != "" {
				return why
			}
			exported++
		}
		if exported == 0 {
			return fmt.Sprintf("%v has no fields", t)
		}
	}
	return ""
}

// encodesItself reports whether a type has methods for its encoding that encoding/gob uses.
func encodesItself(t reflect.Type) bool {
	p := reflect.PointerTo(t)
	return p.Implements(reflect.TypeFor[gob.GobEncoder]()) && p.Implements(reflect.TypeFor[gob.GobDecoder]()) ||
		p.Implements(reflect.TypeFor[encoding.BinaryMarshaler]()) && p.Implements(reflect.TypeFor[encoding.BinaryUnmarshaler]())
}
