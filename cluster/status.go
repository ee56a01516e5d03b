package cluster

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"slices"
)

// Status of a rank, which ranks exchange where they meet: number of calls and hash of them all, and for devices failures
// and the time in divided launches.
const statusBytes = 32

// setStatus sets the calls of a status.
func (c *Comm) setStatus(s []byte) {
	n, hash := c.calls.state()
	clear(s)
	putInt(s, int(n))
	binary.LittleEndian.PutUint64(s[8:], hash)
}

// compare returns an error if the calls of ranks differ, of which all has the statuses.
func (c *Comm) compare(ctx context.Context, mine, all []byte) error {
	for rank := range c.Size() {
		if !bytes.Equal(all[rank*statusBytes:][:16], mine[:16]) {
			return c.parted(ctx)
		}
	}
	return nil
}

// meet returns once every rank is here, with an error if their calls differ.
func (c *Comm) meet(ctx context.Context) error {
	mine, all := make([]byte, statusBytes), make([]byte, c.Size()*statusBytes)
	c.setStatus(mine)
	if err := c.wait(ctx, everyone, c.transport.Allgather(mine, all, slices.Repeat([]int{statusBytes}, c.Size()))); err != nil {
		return err
	}
	return c.compare(ctx, mine, all)
}

// parted returns the error for ranks whose calls differ: the first call that does.
func (c *Comm) parted(ctx context.Context) error {
	type history struct {
		N    uint64
		Hash []uint64 // of the latest calls
		Text []string
	}
	var mine history
	mine.N, _ = c.calls.state()
	for n := mine.N; n > 0; n-- {
		made, hash, ok := c.calls.at(n)
		if !ok {
			break
		}
		mine.Hash, mine.Text = append(mine.Hash, hash), append(mine.Text, made.String())
	}
	all, err := allgather(ctx, c, mine)
	if err != nil {
		return err
	}
	// The error is that of the first two ranks of which a call differs, the same on all ranks.
	for rank := 1; rank < len(all); rank++ {
		a, b := all[0], all[rank]
		for n := uint64(1); n <= max(a.N, b.N); n++ {
			i, j := a.N-n, b.N-n
			switch {
			case n > a.N || n > b.N:
				return fmt.Errorf("%w: rank 0 made %d calls, and rank %d %d", ErrParted, a.N, rank, b.N)
			case i < uint64(len(a.Hash)) && j < uint64(len(b.Hash)) && a.Hash[i] != b.Hash[j]:
				return differ(n, 0, a.Text[i], rank, b.Text[j])
			}
		}
	}
	return ErrParted
}
