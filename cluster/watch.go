package cluster

import (
	"context"
	"encoding/binary"
	"fmt"
	"sync"
	"time"

	"offload/cluster/internal/transport"
)

// Silence is the time for which a rank may leave questions of a waiting one unanswered before it counts as lost. Ranks
// answer while they compute, so that only one that has died, or whose machine has, is silent for long.
const Silence = 30 * time.Second

const (
	look    = 100 * time.Millisecond // between looks for questions and answers
	patient = time.Second            // of waiting before questions are asked, and between them
	tag     = 0                      // of questions and answers
)

// watch answers other ranks' questions about this one's calls, and asks those that this one waits for, so that ranks that
// have parted end with an error.
type watch struct {
	calls     *calls
	transport transport.Transport
	abort     func(code int, reason string)
	stop      context.CancelFunc
	done      chan struct{}

	mu     sync.Mutex
	waits  []waiting
	asked  []asked // of each rank
	reason error   // why the watch has ended the job
}

// waiting is an operation that a goroutine waits for.
type waiting struct {
	busy  bool
	peer  int
	since time.Time
}

// asked is what is open between this rank and another one.
type asked struct {
	at    time.Time // of the last question
	since time.Time // of the first question without an answer, or zero
}

func newWatch(c *calls, t transport.Transport, abort func(int, string)) *watch {
	ctx, stop := context.WithCancel(context.Background())
	w := &watch{calls: c, transport: t, abort: abort, stop: stop, done: make(chan struct{}), asked: make([]asked, t.Size())}
	go w.run(ctx)
	return w
}

// close ends the watch.
func (w *watch) close() {
	w.stop()
	<-w.done
}

// begin records the start of a wait for a rank or everyone, and returns its number for end.
func (w *watch) begin(peer int) int {
	now := time.Now()
	w.mu.Lock()
	defer w.mu.Unlock()
	for i := range w.waits {
		if !w.waits[i].busy {
			w.waits[i] = waiting{true, peer, now}
			return i
		}
	}
	w.waits = append(w.waits, waiting{true, peer, now})
	return len(w.waits) - 1
}

func (w *watch) end(n int) {
	w.mu.Lock()
	w.waits[n].busy = false
	w.mu.Unlock()
}

// failed returns why the watch has ended the job, or nil.
func (w *watch) failed() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.reason
}

func (w *watch) run(ctx context.Context) {
	defer close(w.done)
	ticker := time.NewTicker(look)
	defer ticker.Stop()
	message := make([]byte, messageBytes)
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		for {
			from, n, err := w.transport.TryRecv(tag, message)
			if err != nil {
				return // what waits learns it by itself
			}
			if from < 0 {
				break
			}
			if err := w.receive(ctx, from, message[:n]); err != nil {
				w.fail(err)
				return
			}
		}
		if err := w.ask(ctx); err != nil {
			w.fail(err)
			return
		}
	}
}

// fail ends the job.
func (w *watch) fail(reason error) {
	w.mu.Lock()
	w.reason = reason
	w.mu.Unlock()
	w.abort(1, reason.Error())
}

// ask asks the ranks that have kept this one waiting for long, and the next rank: if not all have made the same calls, two
// neighbours have not, and a rank that has died is found once the one before it waits for any rank.
func (w *watch) ask(ctx context.Context) error {
	now := time.Now()
	w.mu.Lock()
	defer w.mu.Unlock()
	next := (w.transport.Rank() + 1) % w.transport.Size()
	for _, x := range w.waits {
		if !x.busy || now.Sub(x.since) < patient {
			continue
		}
		for _, peer := range [...]int{x.peer, next} {
			if peer == everyone || peer == w.transport.Rank() {
				continue
			}
			if err := w.askRank(ctx, peer, now); err != nil {
				return err
			}
		}
	}
	return nil
}

// askRank asks a rank, unless it was asked a moment ago. One that has left questions unanswered for Silence is lost.
func (w *watch) askRank(ctx context.Context, peer int, now time.Time) error {
	a := &w.asked[peer]
	if !a.since.IsZero() && now.Sub(a.since) >= Silence {
		return fmt.Errorf("%w: %w: rank %d has not answered for %v; rank %d waits in: %v",
			ErrTransport, ErrLost, peer, Silence, w.transport.Rank(), w.calls.last())
	}
	if now.Sub(a.at) < patient {
		return nil
	}
	a.at = now
	if a.since.IsZero() {
		a.since = now
	}
	w.send(ctx, peer, question)
	return nil
}

// Messages have a kind, the number of the sender's last call and the hash of all up to it, and its text.
const (
	question byte = iota + 1
	answer
	abandoned // an answer: the sender waits no more, because of the text

	messageHead  = 17
	messageBytes = messageHead + 240
)

// send sends this rank's last call. It does not wait: a rank that is gone would not take the message.
func (w *watch) send(ctx context.Context, to int, kind byte) {
	n, hash := w.calls.state()
	text := w.calls.last().String()
	if why := w.calls.abandoned(); why != nil && kind == answer {
		kind, text = abandoned, text+": "+why.Error()
	}
	message := binary.LittleEndian.AppendUint64([]byte{kind}, n)
	message = binary.LittleEndian.AppendUint64(message, hash)
	message = append(message, text[:min(len(text), messageBytes-messageHead)]...)
	r := w.transport.Send(to, tag, message)
	go r.Wait(ctx)
}

// receive answers a question, and compares the calls of both ranks. The rank that has made more calls finds whether they
// differ.
func (w *watch) receive(ctx context.Context, from int, message []byte) error {
	if len(message) < messageHead {
		return nil
	}
	kind, n, hash, text := message[0], binary.LittleEndian.Uint64(message[1:]), binary.LittleEndian.Uint64(message[9:]), message[messageHead:]
	if kind == question {
		w.send(ctx, from, answer)
	} else {
		w.mu.Lock()
		w.asked[from].since = time.Time{}
		w.mu.Unlock()
	}
	if kind == abandoned {
		return fmt.Errorf("%w: %w: rank %d has left %s", ErrTransport, ErrLost, from, text)
	}
	if mine, ours, known := w.calls.at(n); known && ours != hash {
		return differ(n, from, string(text), w.transport.Rank(), mine.String())
	}
	return nil
}

// differ returns the error for call number n, which two ranks made differently.
func differ(n uint64, rank int, text string, other int, its string) error {
	if text == its {
		return fmt.Errorf("%w: call %d, “%s”, had other data or arguments on rank %d than on rank %d", ErrParted, n, text, rank, other)
	}
	return fmt.Errorf("%w: call %d was “%s” on rank %d, and “%s” on rank %d", ErrParted, n, text, rank, its, other)
}
