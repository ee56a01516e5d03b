package cluster

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/gob"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"time"

	"offload/cluster/internal/transport"
	"offload/device"
)

// step does a step, and delivers what the processors have sent.
func (s *Supersteps[State, Message]) step(ctx context.Context, f func(ctx context.Context, p *Processor[State, Message]) error) error {
	number, err := s.each(ctx, f)
	ctx, cancel := outlast(ctx)
	defer cancel()
	size := s.comm.Size()
	words := make([]int, 1+size) // the number of sums, and the bytes for each rank
	outs := make([][]byte, size)
	for _, p := range s.processors {
		words[0] = max(words[0], len(p.totals))
		for rank := range outs {
			if o := &p.out[rank]; o.encoder != nil {
				outs[rank] = appendBlock(outs[rank], p.number, o.data.Bytes())
				words[1+rank] = len(outs[rank])
				o.data.Reset()
				o.encoder = nil
			}
		}
	}
	all, err := s.agree(ctx, number, err, words)
	if err != nil {
		return err
	}
	sums := 0
	for _, w := range all {
		sums = max(sums, w[0])
	}
	if err := s.sum(ctx, sums); err != nil {
		return err
	}
	in, err := s.exchange(ctx, outs, column(all, 1+s.comm.Rank()))
	if err != nil {
		return err
	}
	return s.broke(device.Guard("messages", func() error { return s.deliver(in) }))
}

// each calls f for every processor of this rank, and returns the lowest number of one that failed, with its error. The
// number is negative if the context has ended.
func (s *Supersteps[State, Message]) each(ctx context.Context, f func(ctx context.Context, p *Processor[State, Message]) error) (int, error) {
	for _, p := range s.processors {
		p.finished = false
	}
	err := s.executor.ForEach(ctx, len(s.processors), func(ctx context.Context, r device.Range) error {
		for _, p := range s.processors[r.Lo:r.Hi] {
			err := ctx.Err()
			if err == nil {
				err = f(ctx, p)
			}
			if err == nil {
				err = p.err
			}
			if err != nil {
				return err
			}
			p.finished = true
		}
		return nil
	})
	if ended := ctx.Err(); ended != nil {
		return -1, ended
	}
	if err != nil {
		for _, p := range s.processors { // those before the one that failed have finished
			if !p.finished {
				return p.number, err
			}
		}
	}
	return -1, err
}

// agree exchanges words between all ranks. If processors have failed, it returns the error of the lowest one, on all
// ranks.
func (s *Supersteps[State, Message]) agree(ctx context.Context, number int, err error, words []int) ([][]int, error) {
	var text bytes.Buffer
	if err != nil {
		if err := gob.NewEncoder(&text).Encode(newWireError(number, s.comm.Rank(), err, s.known)); err != nil {
			return nil, s.broke(err)
		}
	}
	words = append([]int{text.Len()}, words...)
	flat, err := allgatherInts(ctx, s.comm, words...)
	if err != nil {
		return nil, s.broke(err)
	}
	all := slices.Collect(slices.Chunk(flat, len(words)))
	failed := slices.IndexFunc(all, func(w []int) bool { return w[0] > 0 }) // it has the lowest processor that failed
	if failed >= 0 {
		failure := text.Bytes()
		if failed != s.comm.Rank() {
			failure = make([]byte, all[failed][0])
		}
		if err := s.comm.wait(ctx, everyone, s.comm.transport.Bcast(failed, failure)); err != nil {
			return nil, s.broke(err)
		}
		var w wireError
		if err := gob.NewDecoder(bytes.NewReader(failure)).Decode(&w); err != nil {
			return nil, s.broke(err)
		}
		if w.Item < 0 {
			return nil, fmt.Errorf("superstep %d ended by rank %d: %w", s.steps, w.Rank, w.remote(s.known))
		}
		return nil, fmt.Errorf("superstep %d: processor %d: %w", s.steps, w.Item, w.remote(s.known))
	}
	for rank := range all {
		all[rank] = all[rank][1:]
	}
	return all, nil
}

// sum makes the sums of a step: every rank adds the numbers of all processors, in their order.
func (s *Supersteps[State, Message]) sum(ctx context.Context, n int) error {
	var part []byte
	for _, p := range s.processors {
		for k := range n {
			x := 0.0
			if k < len(p.totals) {
				x = p.totals[k]
			}
			part = binary.LittleEndian.AppendUint64(part, math.Float64bits(x))
		}
		p.totals = p.totals[:0]
	}
	s.totals = make([]float64, n)
	if n == 0 {
		return nil
	}
	data, counts := make([]byte, 8*n*s.count), make([]int, len(s.parts))
	for rank, r := range s.parts {
		counts[rank] = 8 * n * r.Len()
	}
	if err := s.comm.wait(ctx, everyone, s.comm.transport.Allgather(part, data, counts)); err != nil {
		return s.broke(err)
	}
	for i := range s.count {
		for k := range s.totals {
			s.totals[k] += math.Float64frombits(binary.LittleEndian.Uint64(data[(i*n+k)*8:]))
		}
	}
	return nil
}

// exchange sends outs to the ranks, and returns what they send this one, of the given lengths.
func (s *Supersteps[State, Message]) exchange(ctx context.Context, outs [][]byte, lengths []int) ([][]byte, error) {
	type operation struct {
		peer int
		transport.Request
	}
	var under []operation
	in, own := make([][]byte, len(outs)), s.comm.Rank()
	in[own] = outs[own]
	for rank, n := range lengths {
		if rank != own && n > 0 {
			in[rank] = make([]byte, n)
			under = append(under, operation{rank, s.comm.transport.Recv(rank, tagExchange, in[rank])})
		}
	}
	for i := range outs {
		if rank := (own + i) % len(outs); rank != own && len(outs[rank]) > 0 { // not all send to one rank first
			under = append(under, operation{rank, s.comm.transport.Send(rank, tagExchange, outs[rank])})
		}
	}
	for _, o := range under {
		if err := s.comm.wait(ctx, o.peer, o.Request); err != nil {
			return nil, s.broke(err)
		}
	}
	return in, nil
}

// deliver gives the processors of this rank their messages.
func (s *Supersteps[State, Message]) deliver(in [][]byte) error {
	for _, p := range s.processors {
		p.messages = nil
	}
	lo := s.Local().Lo
	for _, data := range in { // ranks, and so processors, in order
		err := blocks(data, func(from int, data []byte) error {
			d := gob.NewDecoder(bytes.NewReader(data))
			for {
				var to int
				if err := d.Decode(&to); errors.Is(err, io.EOF) {
					return nil
				} else if err != nil {
					return err
				}
				if to != toAll {
					if err := s.processors[to-lo].receive(from, d); err != nil {
						return err
					}
					continue
				}
				var one []byte
				if err := d.Decode(&one); err != nil {
					return err
				}
				for _, p := range s.processors {
					if err := p.receive(from, gob.NewDecoder(bytes.NewReader(one))); err != nil {
						return err
					}
				}
			}
		})
		if err != nil {
			return fmt.Errorf("%w: %w", ErrEncoding, err)
		}
	}
	return nil
}

func (p *Processor[State, Message]) receive(from int, d *gob.Decoder) error {
	r := Received[Message]{From: from}
	err := p.steps.codec.decode(d, &r.Message)
	p.messages = append(p.messages, r)
	return err
}

// gather calls f for the blocks of every rank.
func (s *Supersteps[State, Message]) gather(ctx context.Context, part []byte, counts []int, f func(number int, data []byte) error) error {
	length := 0
	for _, n := range counts {
		length += n
	}
	data := make([]byte, length)
	if err := s.comm.wait(ctx, everyone, s.comm.transport.Allgather(part, data, counts)); err != nil {
		return s.broke(err)
	}
	return s.broke(device.Guard("values", func() error { return blocks(data, f) }))
}

// broke has the other ranks learn that this one does not go on, if err is not nil. They may not have this error.
func (s *Supersteps[State, Message]) broke(err error) error {
	if err != nil {
		s.comm.calls.leave(err)
	}
	return err
}

// appendBlock appends a block: a processor's number, the length of its data, and those.
func appendBlock(b []byte, number int, data []byte) []byte {
	b = binary.LittleEndian.AppendUint64(b, uint64(number))
	b = binary.LittleEndian.AppendUint64(b, uint64(len(data)))
	return append(b, data...)
}

// blocks calls f for each block.
func blocks(data []byte, f func(number int, data []byte) error) error {
	for len(data) > 0 {
		n := binary.LittleEndian.Uint64(data[8:])
		if err := f(int(binary.LittleEndian.Uint64(data)), data[16:16+n]); err != nil {
			return err
		}
		data = data[16+n:]
	}
	return nil
}

func column(rows [][]int, i int) []int {
	c := make([]int, len(rows))
	for r := range rows {
		c[r] = rows[r][i]
	}
	return c
}

// outlast returns a context for messages that ends a while after ctx, so that ranks can end together.
func outlast(ctx context.Context) (context.Context, context.CancelFunc) {
	later, cancel := context.WithCancel(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, func() {
		select {
		case <-time.After(patience):
			cancel()
		case <-later.Done():
		}
	})
	return later, func() { stop(); cancel() }
}
