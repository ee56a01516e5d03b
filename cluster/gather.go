package cluster

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/gob"
	"fmt"
	"slices"
)

// allgather returns the values of all ranks, by their numbers.
func allgather[T any](ctx context.Context, c *Comm, mine T) ([]T, error) {
	var text bytes.Buffer
	if err := gob.NewEncoder(&text).Encode(mine); err != nil {
		return nil, err
	}
	parts, err := allgatherBytes(ctx, c, text.Bytes())
	if err != nil {
		return nil, err
	}
	all := make([]T, len(parts))
	for i, part := range parts {
		if err := gob.NewDecoder(bytes.NewReader(part)).Decode(&all[i]); err != nil {
			return nil, fmt.Errorf("%w: what rank %d sent: %w", ErrTransport, i, err)
		}
	}
	return all, nil
}

// allgatherBytes returns the bytes of all ranks, by their numbers; lengths may differ.
func allgatherBytes(ctx context.Context, c *Comm, mine []byte) ([][]byte, error) {
	c.calls.begin(call{what: "allgather"})
	counts, err := allgatherInts(ctx, c, len(mine))
	if err != nil {
		return nil, err
	}
	total := 0
	for _, n := range counts {
		total += n
	}
	all := make([]byte, total)
	if err := c.wait(ctx, everyone, c.transport.Allgather(mine, all, counts)); err != nil {
		return nil, err
	}
	parts := make([][]byte, len(counts))
	for i, n := range counts {
		parts[i], all = all[:n:n], all[n:]
	}
	return parts, nil
}

// allgatherInts returns the numbers of all ranks, one rank after the other. Each has as many.
func allgatherInts(ctx context.Context, c *Comm, mine ...int) ([]int, error) {
	part := make([]byte, 8*len(mine))
	for i, n := range mine {
		putInt(part[8*i:], n)
	}
	data := make([]byte, c.Size()*len(part))
	if err := c.wait(ctx, everyone, c.transport.Allgather(part, data, slices.Repeat([]int{len(part)}, c.Size()))); err != nil {
		return nil, err
	}
	all := make([]int, c.Size()*len(mine))
	for i := range all {
		all[i] = getInt(data[8*i:])
	}
	return all, nil
}

func putInt(b []byte, n int) { binary.LittleEndian.PutUint64(b, uint64(n)) }
func getInt(b []byte) int    { return int(binary.LittleEndian.Uint64(b)) }
