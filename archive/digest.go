package archive

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"hash"
	"math"

	"offload/device"
)

// digest computes the SHA-256 of a frame or a run. Texts and fields are preceded by their lengths in bytes, as 64-bit
// integers, and all numbers are little-endian.
type digest struct{ hash.Hash }

// frameDigest begins the digest of a frame.
func frameDigest(h *Header) digest {
	d := digest{sha256.New()}
	d.number(uint64(h.Number))
	d.number(math.Float64bits(h.Time))
	d.number(math.Float64bits(h.TimeLow))
	d.number(uint64(h.Step))
	d.text(string(h.State))
	return d
}

// runDigest begins the digest of a run.
func runDigest(r *Run, inputs json.RawMessage) digest {
	d := digest{sha256.New()}
	for _, text := range []string{r.Kind, r.Unit, r.Version, string(r.Options), string(inputs)} {
		d.text(text)
	}
	return d
}

func (d digest) number(n uint64) {
	var b [8]byte
	binary.LittleEndian.PutUint64(b[:], n)
	d.Write(b[:])
}

func (d digest) text(s string) {
	d.number(uint64(len(s)))
	d.Write([]byte(s))
}

// field begins a field of so many bytes.
func (d digest) field(name, typ, shape string, bytes int) {
	d.text(name)
	d.text(typ)
	d.text(shape)
	d.number(uint64(bytes))
}

// fields adds whole fields. It ends early with the error of ctx.
func (d digest) fields(ctx context.Context, fields []Field) error {
	for _, f := range fields {
		d.field(f.Name, f.Data.Type().String(), shapeText(f.Shape), len(f.Data.Bytes()))
		for band := range bands(f.Data, 1<<20) {
			if ctx.Err() != nil {
				return context.Cause(ctx)
			}
			d.Write(band)
		}
	}
	return nil
}

func (d digest) String() string { return hex.EncodeToString(d.Sum(nil)) }

// bands iterates over the bytes of a slice in little-endian order, in bands of at most size bytes. An empty slice has one
// empty band.
func bands(s device.Slice, size int) func(yield func([]byte) bool) {
	return func(yield func([]byte) bool) {
		b := s.Bytes()
		for {
			n := min(len(b), size)
			if !yield(device.LittleEndian(b[:n], s.Type().Size())) || n == len(b) {
				return
			}
			b = b[n:]
		}
	}
}
