package main

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"hash"
	"io"

	"github.com/spf13/cobra"

	"offload/internal/atomicfile"
	"offload/sims/solar"
)

// statesOut writes the sampled states of an integration to the file of --out, which appears
// when it is complete, or to stdout. The zero value writes nothing.
type statesOut struct {
	path string
	file *atomicfile.File // nil for stdout
	to   *repeatable
	csv  *solar.StateWriter
}

// openStates opens the file of --out; "" is none.
func openStates(cmd *cobra.Command, path string) (*statesOut, error) {
	s := &statesOut{path: path}
	if path == "" {
		return s, nil
	}
	var w io.Writer = cmd.OutOrStdout()
	if path != toStdout {
		file, err := atomicfile.Create(path)
		if err != nil {
			return nil, err
		}
		s.file, w = file, file
	}
	s.to = newRepeatable(w)
	s.csv = solar.NewStateWriter(s.to)
	return s, nil
}

// restart prepares for the same states again, from the first one.
func (s *statesOut) restart() error {
	if s.to == nil {
		return nil
	}
	if s.file == nil || s.file.Reset() != nil {
		s.to.restart()
	} else {
		s.to = newRepeatable(s.file)
	}
	s.csv = solar.NewStateWriter(s.to)
	return nil
}

// write adds a snapshot. Readers of stdout get it at once.
func (s *statesOut) write(snap solar.Snapshot) error {
	if s.csv == nil {
		return nil
	}
	if err := s.csv.Write(snap); err != nil || s.file != nil {
		return err
	}
	return s.csv.Flush()
}

// commit completes the file.
func (s *statesOut) commit() error {
	if s.csv == nil {
		return nil
	}
	if err := s.csv.Flush(); err != nil || s.file == nil {
		return err
	}
	return s.file.Commit()
}

// close removes an incomplete file.
func (s *statesOut) close() {
	if s.file != nil {
		s.file.Close()
	}
}

// repeatable is a writer for data that may come again from the start, as from a computation
// that is repeated on another device. What has been written is compared instead.
type repeatable struct {
	w       io.Writer
	written int       // bytes
	sum     hash.Hash // of what was written
	pending int       // bytes to compare
	again   hash.Hash // of what came again
}

// errChanged is the error for data that came again and were different.
var errChanged = errors.New("what was already written has changed: the device that failed had computed it wrongly")

func newRepeatable(w io.Writer) *repeatable { return &repeatable{w: w, sum: sha256.New()} }

func (r *repeatable) restart() { r.pending, r.again = r.written, sha256.New() }

// Write implements io.Writer.
func (r *repeatable) Write(p []byte) (int, error) {
	n := len(p)
	if r.pending > 0 {
		known := min(n, r.pending)
		r.again.Write(p[:known])
		p, r.pending = p[known:], r.pending-known
		if r.pending == 0 && !bytes.Equal(r.again.Sum(nil), r.sum.Sum(nil)) {
			return 0, errChanged
		}
	}
	if len(p) == 0 {
		return n, nil
	}
	done, err := r.w.Write(p)
	r.sum.Write(p[:done])
	r.written += done
	return n - len(p) + done, err
}
