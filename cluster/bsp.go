package cluster

import (
	"bytes"
	"context"
	"encoding/gob"
	"fmt"
	"slices"

	"offload/cpu"
	"offload/device"
)

// Supersteps is a bulk-synchronous computation: a number of processors, each with a state, that compute in steps. What a
// processor sends in a step, others find at the start of the next one. Processors are divided over the ranks in order,
// and those of a rank run on its pool. Everything that a processor sees has a fixed order, so that results are the same,
// bit for bit, on any number of ranks.
//
// Messages travel by encoding/gob, those within a rank as well. One goroutine at a time may use a Supersteps. All its
// methods but Close, Total and Local are collective.
type Supersteps[State, Message any] struct {
	comm       *Comm
	executor   cpu.Executor
	known      []error
	pool       *cpu.Pool // if it is our own
	codec      codec[Message]
	count      int
	parts      []device.Range // processors of each rank
	processors []*Processor[State, Message]
	totals     []float64
	steps      int
	failed     error
}

// Processor is one of the processors of a Supersteps. Its step may change its state; the rest of it is for that step's
// goroutine alone.
type Processor[State, Message any] struct {
	State State

	steps    *Supersteps[State, Message]
	number   int
	messages []Received[Message]
	totals   []float64
	out      []outbox // to each rank
	err      error    // of a message that cannot be sent
	finished bool     // the step
}

// Received is a message and the number of the processor that sent it.
type Received[Message any] struct {
	From    int
	Message Message
}

// outbox has what a processor sends to those of one rank: numbers of receivers and messages in turn.
type outbox struct {
	data    bytes.Buffer
	encoder *gob.Encoder
}

// NewSupersteps returns a computation of count processors, at least 1. Their states are zero, for the first step to set.
// Of the options, On and KnownErrors are used. A type of messages that would not arrive whole is an ErrEncoding.
// NewSupersteps does not communicate.
func NewSupersteps[State, Message any](c *Comm, count int, options ...TaskOption) (*Supersteps[State, Message], error) {
	if c == nil || count < 1 {
		return nil, device.Invalidf("supersteps of %d processors", count)
	}
	codec, err := newCodec[Message]()
	if err != nil {
		return nil, err
	}
	o := newOptions(options)
	s := &Supersteps[State, Message]{comm: c, executor: o.executor, known: o.known, codec: codec, count: count, parts: cpu.Distribute(count, c.Size())}
	if s.executor == nil {
		if s.pool, err = cpu.NewPool(c.Workers()); err != nil {
			return nil, err
		}
		s.executor = s.pool
	}
	for i := s.Local().Lo; i < s.Local().Hi; i++ {
		s.processors = append(s.processors, &Processor[State, Message]{steps: s, number: i, out: make([]outbox, c.Size())})
	}
	return s, nil
}

// Close ends the use of a pool of its own.
func (s *Supersteps[State, Message]) Close() error {
	if s.pool == nil {
		return nil
	}
	return s.pool.Close()
}

// Local returns the processors of this rank.
func (s *Supersteps[State, Message]) Local() device.Range { return s.parts[s.comm.Rank()] }

// Total returns sum number k of the last step: that of what processors have added to it, in the order of the processors.
func (s *Supersteps[State, Message]) Total(k int) float64 {
	if k < 0 || k >= len(s.totals) {
		return 0
	}
	return s.totals[k]
}

// Number returns the processor's number, from 0.
func (p *Processor[State, Message]) Number() int { return p.number }

// Count returns the number of processors.
func (p *Processor[State, Message]) Count() int { return p.steps.count }

// Messages returns what this processor was sent in the last step, in the order of the senders, and of each sender in the
// order of sending.
func (p *Processor[State, Message]) Messages() []Received[Message] { return p.messages }

// Total returns sum number k of the last step.
func (p *Processor[State, Message]) Total(k int) float64 { return p.steps.Total(k) }

// Put sends a message to a processor, which may be this one. The message may be changed afterwards. A number that no
// processor has is an error of the step.
func (p *Processor[State, Message]) Put(to int, m Message) {
	if to < 0 || to >= p.steps.count {
		p.fail(device.Invalidf("a message to processor %d of %d", to, p.steps.count))
		return
	}
	rank := slices.IndexFunc(p.steps.parts, func(r device.Range) bool { return to >= r.Lo && to < r.Hi })
	p.post(rank, to, func(e *gob.Encoder) error { return p.steps.codec.encode(e, m) })
}

// Broadcast sends a message to every processor, this one too.
func (p *Processor[State, Message]) Broadcast(m Message) {
	var b bytes.Buffer
	if err := p.steps.codec.encode(gob.NewEncoder(&b), m); err != nil {
		p.fail(fmt.Errorf("%w: %w", ErrEncoding, err))
		return
	}
	for rank, r := range p.steps.parts {
		if r.Len() > 0 {
			p.post(rank, toAll, func(e *gob.Encoder) error { return e.Encode(b.Bytes()) })
		}
	}
}

// toAll stands for every processor of a rank. Its messages are encoded by themselves, since each receiver gets its own.
const toAll = -1

// post adds a message to what a rank is sent.
func (p *Processor[State, Message]) post(rank, to int, encode func(*gob.Encoder) error) {
	o := &p.out[rank]
	if o.encoder == nil {
		o.encoder = gob.NewEncoder(&o.data)
	}
	err := o.encoder.Encode(to)
	if err == nil {
		err = encode(o.encoder)
	}
	if err != nil {
		p.fail(fmt.Errorf("%w: %w", ErrEncoding, err))
	}
}

func (p *Processor[State, Message]) fail(err error) {
	if p.err == nil {
		p.err = err
	}
}

// Add adds x to sum number k of this step, for all to see in the next one: see Total. Each processor's own sum is made
// in the order of its calls.
func (p *Processor[State, Message]) Add(k int, x float64) {
	if k < 0 || k >= maxTotals {
		p.fail(device.Invalidf("sum number %d", k))
		return
	}
	for len(p.totals) <= k {
		p.totals = append(p.totals, 0)
	}
	p.totals[k] += x
}

const maxTotals = 1 << 16

// Step has every processor do a step, and delivers what it sends. The error is that of the lowest processor that failed,
// with its number, the same on every rank; a panic or runtime.Goexit is one. If the context of a rank has ended, the step
// fails on all. After an error, later steps fail with it too: their processors would not be in the same step.
func (s *Supersteps[State, Message]) Step(ctx context.Context, f func(ctx context.Context, p *Processor[State, Message]) error) error {
	if f == nil {
		return device.Invalidf("a step without a function")
	}
	if s.failed == nil {
		s.steps++
		s.comm.calls.begin(call{what: "superstep", lo: s.steps, hi: s.count})
		lent := device.Lend(ctx, s.executor)
		s.failed = s.step(ctx, f)
		lent.Return(ctx)
	}
	return s.failed
}

// Collect returns f of every processor, in their order, on every rank. It is no step: processors keep their messages. The
// errors are as those of Step.
func Collect[State, Message, T any](ctx context.Context, s *Supersteps[State, Message], f func(p *Processor[State, Message]) T) ([]T, error) {
	codec, err := newCodec[T]()
	if err != nil {
		return nil, err
	}
	if s.failed != nil {
		return nil, s.failed
	}
	s.comm.calls.begin(call{what: "collection from processors", lo: s.steps, hi: s.count})
	defer device.Lend(ctx, s.executor).Return(ctx)
	data := make([]bytes.Buffer, len(s.processors))
	number, err := s.each(ctx, func(_ context.Context, p *Processor[State, Message]) error {
		if err := codec.encode(gob.NewEncoder(&data[p.number-s.Local().Lo]), f(p)); err != nil {
			return fmt.Errorf("%w: %w", ErrEncoding, err)
		}
		return nil
	})
	var part []byte
	for i := range data {
		part = appendBlock(part, s.processors[i].number, data[i].Bytes())
	}
	ctx, cancel := outlast(ctx)
	defer cancel()
	all, err := s.agree(ctx, number, err, []int{len(part)})
	if err == nil {
		results := make([]T, s.count)
		err = s.gather(ctx, part, column(all, 0), func(number int, data []byte) error {
			return codec.decode(gob.NewDecoder(bytes.NewReader(data)), &results[number])
		})
		if err == nil {
			return results, nil
		}
	}
	s.failed = err
	return nil, err
}
