package cluster

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/gob"
	"fmt"
	"sync"
	"time"

	"offload/cluster/internal/transport"
	"offload/cpu"
	"offload/device"
)

// TaskOption is an option of Map and NewSupersteps. All ranks pass the same ones, but for On.
type TaskOption func(*taskOptions)

type taskOptions struct {
	executor cpu.Executor
	atRoot   bool
	chunk    int
	known    []error
}

func newOptions(options []TaskOption) taskOptions {
	o := taskOptions{known: []error{context.Canceled, context.DeadlineExceeded, ErrTransport, ErrLost, ErrParted, ErrEncoding,
		device.ErrUnavailable, device.ErrUnsupported, device.ErrInvalid, device.ErrOutOfMemory, device.ErrLost, device.ErrClosed,
		device.ErrShader, device.ErrPanic}}
	for _, set := range options {
		set(&o)
	}
	return o
}

// On has this rank's items computed by ex, so that tasks can have subtasks there. Without it, there is a pool of its
// own with Comm.Workers workers.
func On(ex cpu.Executor) TaskOption { return func(o *taskOptions) { o.executor = ex } }

// AtRoot leaves the results on rank 0 alone. The others get none.
func AtRoot() TaskOption { return func(o *taskOptions) { o.atRoot = true } }

// Chunk sets how many items are given out at a time. Without it, chunks become smaller towards the end.
func Chunk(items int) TaskOption { return func(o *taskOptions) { o.chunk = items } }

// KnownErrors names errors of tasks that errors.Is finds on every rank. The errors of this package, of package device and
// of contexts always are.
func KnownErrors(errs ...error) TaskOption {
	return func(o *taskOptions) { o.known = append(o.known, errs...) }
}

// ItemError is the error of a map: that of the first item that failed. It is the same on every rank.
type ItemError struct {
	Item  int
	Rank  int // that computed the item
	Err   error
	Stack []byte // of a panic
}

func (e *ItemError) Error() string {
	return fmt.Sprintf("item %d on rank %d: %v", e.Item, e.Rank, e.Err)
}

func (e *ItemError) Unwrap() error { return e.Err }

// Map returns f of every item, in the same order. The items are the same on every rank, and any rank may compute any of
// them: rank 0 gives them out in chunks, to itself too, as fast as they are done. Results travel by encoding/gob, those of
// one rank as well, so that they do not depend on the number of ranks or on which did what. A type that would not arrive
// whole is an ErrEncoding before any work begins.
//
// After an error no later item begins, and the contexts of later ones that run are cancelled, while earlier items are
// completed. So Map returns the error of the first item that failed, as a plain loop would, as an *ItemError. A panic or
// runtime.Goexit is an error, too. If the context of one rank ends, the map ends on all. A rank that is lost is an
// ErrLost.
//
// Map is collective. Messages of c with tags from 32760 up are its own.
func Map[T, R any](ctx context.Context, c *Comm, items []T, f func(ctx context.Context, item T) (R, error), options ...TaskOption) ([]R, error) {
	o := newOptions(options)
	if c == nil || f == nil || o.chunk < 0 {
		return nil, device.Invalidf("a map without ranks or function, or with chunks of %d", o.chunk)
	}
	codec, err := newCodec[R]()
	if err != nil {
		return nil, err
	}
	if o.executor == nil {
		pool, err := cpu.NewPool(c.Workers())
		if err != nil {
			return nil, err
		}
		defer pool.Close()
		o.executor = pool
	}
	m := &farm{comm: c, taskOptions: o, caller: ctx, items: len(items), running: map[int]context.CancelFunc{}}
	m.do = func(ctx context.Context, item int, e *gob.Encoder) error {
		r, err := f(ctx, items[item])
		if err != nil {
			return err
		}
		if err := codec.encode(e, r); err != nil {
			return fmt.Errorf("%w: %w", ErrEncoding, err)
		}
		return nil
	}
	lent := device.Lend(ctx, o.executor)
	chunks, err := m.run()
	lent.Return(ctx)
	if err != nil || o.atRoot && c.Rank() != 0 {
		return nil, err
	}
	results := make([]R, len(items))
	err = device.Guard("results of a map", func() error {
		for _, x := range chunks {
			d := gob.NewDecoder(bytes.NewReader(x.Data))
			for i := x.Lo; i < x.Hi; i++ {
				if err := codec.decode(d, &results[i]); err != nil {
					return fmt.Errorf("%w: result %d: %w", ErrEncoding, i, err)
				}
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return results, nil
}

// Tags of messages in a map and in supersteps.
const (
	tagOrders  = transport.MaxTag - iota // from rank 0
	tagReports                           // to rank 0
	tagExchange
)

// patience is how long a rank whose context has ended waits for the others to end with it.
const patience = 10 * time.Second

// farm is a rank's part of a map.
type farm struct {
	comm   *Comm
	caller context.Context
	taskOptions
	items int
	do    func(ctx context.Context, item int, e *gob.Encoder) error // computes an item and encodes the result
	list  *list                                                     // on rank 0

	ctx    context.Context // of messages, which outlives that of the caller: ranks end together
	cancel context.CancelFunc
	sends  sync.WaitGroup
	work   sync.WaitGroup // chunks

	mu      sync.Mutex
	running map[int]context.CancelFunc // by the first item of a chunk
	silent  bool                       // this rank has sent its last report
	broken  error                      // messages fail
}

// An order of rank 0 is a kind and two numbers.
const (
	orderChunk = iota // compute items lo to hi
	orderStop         // drop the items after lo
	orderEnd

	orderBytes = 24
)

// report is what rank 0 is sent.
type report struct {
	Lo, Hi  int
	Data    []byte // the results, if none failed
	Failure *wireError
	Last    bool // this is the rank's last one
}

// chunk has the results of items.
type chunk struct {
	Lo, Hi int
	Data   []byte
}

// outcome is how a map has ended.
type outcome struct {
	Chunks  []chunk
	Failure *wireError
}

// run does the rank's part and returns all results.
func (m *farm) run() ([]chunk, error) {
	m.comm.calls.begin(call{what: "map", hi: m.items, extra: uint64(m.chunk)})
	m.ctx, m.cancel = context.WithCancel(context.WithoutCancel(m.caller))
	defer m.cancel()
	if m.comm.Rank() == 0 {
		m.list = &list{farm: m, size: m.comm.Size(), done: make(chan struct{})}
	}
	var late *time.Timer
	left := make(chan struct{})
	stop := context.AfterFunc(m.caller, func() {
		defer close(left)
		late = time.AfterFunc(patience, func() { m.fail(m.caller.Err()) })
		m.report(report{Failure: newWireError(-1, m.comm.Rank(), m.caller.Err(), m.known)})
	})
	switch workers, err := allgatherInts(m.ctx, m.comm, m.executor.Workers()); {
	case err != nil:
		m.fail(err)
	case m.list != nil:
		m.list.start(workers)
		m.list.serve()
	default:
		m.obey()
	}
	m.mu.Lock()
	broken := m.broken
	m.mu.Unlock()
	var out outcome
	if broken == nil {
		out, broken = m.conclude()
	}
	if !stop() {
		<-left
		late.Stop()
	}
	if broken != nil {
		broken = m.fail(broken)
	}
	m.work.Wait()
	m.sends.Wait()
	switch {
	case broken != nil:
		return nil, broken
	case out.Failure != nil:
		err := out.Failure.remote(m.known)
		if out.Failure.Item < 0 {
			return nil, fmt.Errorf("map ended by rank %d: %w", out.Failure.Rank, err)
		}
		return nil, &ItemError{Item: out.Failure.Item, Rank: out.Failure.Rank, Err: err, Stack: out.Failure.Stack}
	}
	return out.Chunks, nil
}

// conclude has rank 0 tell the others how the map has ended.
func (m *farm) conclude() (out outcome, err error) {
	var data bytes.Buffer
	length := make([]byte, 8)
	root := m.comm.Rank() == 0
	if root {
		out = m.list.outcome()
		told := out
		if m.atRoot {
			told.Chunks = nil
		}
		if err := gob.NewEncoder(&data).Encode(told); err != nil {
			return out, err
		}
		binary.LittleEndian.PutUint64(length, uint64(data.Len()))
	}
	if err := m.comm.wait(m.ctx, everyone, m.comm.transport.Bcast(0, length)); err != nil {
		return out, err
	}
	all := data.Bytes()
	if !root {
		all = make([]byte, binary.LittleEndian.Uint64(length))
	}
	if err := m.comm.wait(m.ctx, everyone, m.comm.transport.Bcast(0, all)); err != nil || root {
		return out, err
	}
	return out, gob.NewDecoder(bytes.NewReader(all)).Decode(&out)
}

// obey does what rank 0 orders, until the end.
func (m *farm) obey() {
	order := make([]byte, orderBytes)
	for {
		if err := m.comm.wait(m.ctx, 0, m.comm.transport.Recv(0, tagOrders, order)); err != nil {
			m.fail(err)
			return
		}
		kind := binary.LittleEndian.Uint64(order)
		m.order(int(kind), int(binary.LittleEndian.Uint64(order[8:])), int(binary.LittleEndian.Uint64(order[16:])))
		if kind == orderEnd {
			m.report(report{Last: true})
			return
		}
	}
}

// order does an order, and does not wait for it to be done.
func (m *farm) order(kind, lo, hi int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	switch kind {
	case orderChunk:
		ctx, cancel := context.WithCancel(m.caller)
		m.running[lo] = cancel
		if m.broken != nil {
			cancel()
		}
		m.work.Go(func() {
			r := m.compute(ctx, lo, hi)
			m.mu.Lock()
			delete(m.running, lo)
			m.mu.Unlock()
			cancel()
			m.report(r)
		})
	case orderStop:
		for first, cancel := range m.running {
			if first > lo {
				cancel()
			}
		}
	}
}

// compute computes a chunk.
func (m *farm) compute(ctx context.Context, lo, hi int) report {
	at := lo
	var data bytes.Buffer
	err := cpu.Submit(ctx, m.executor, func(ctx context.Context) (struct{}, error) {
		e := gob.NewEncoder(&data)
		for ; at < hi; at++ {
			err := ctx.Err()
			if err == nil {
				err = m.do(ctx, at, e)
			}
			if err != nil {
				return struct{}{}, err
			}
		}
		return struct{}{}, nil
	}).Wait(context.WithoutCancel(ctx))
	r := report{Lo: lo, Hi: hi, Data: data.Bytes()}
	if ended := m.caller.Err(); err != nil && ended != nil {
		r.Failure = newWireError(-1, m.comm.Rank(), ended, m.known)
	} else if err != nil {
		r.Failure = newWireError(at, m.comm.Rank(), err, m.known)
	}
	return r
}

// report sends rank 0 a report, unless this rank has sent its last one.
func (m *farm) report(r report) {
	if m.list != nil {
		m.list.receive(0, r)
		return
	}
	var data bytes.Buffer
	if err := gob.NewEncoder(&data).Encode(r); err != nil {
		m.fail(err)
		return
	}
	length := binary.LittleEndian.AppendUint64(nil, uint64(data.Len()))
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.silent || m.broken != nil {
		return
	}
	m.silent = r.Last
	m.send(0, tagReports, length)
	m.send(0, tagReports, data.Bytes())
}

// send starts a send, whose failure is that of the map.
func (m *farm) send(to, tag int, data []byte) {
	r := m.comm.transport.Send(to, tag, data)
	m.sends.Go(func() {
		if err := m.comm.wait(m.ctx, to, r); err != nil {
			m.fail(err)
		}
	})
}

// fail ends this rank's part of the map because messages fail, and returns the first reason. The other ranks learn of it
// from the watch.
func (m *farm) fail(err error) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.broken != nil {
		return m.broken // that err is a consequence of
	}
	m.broken = err
	m.comm.calls.leave(err)
	for _, cancel := range m.running {
		cancel()
	}
	m.cancel()
	return err
}
