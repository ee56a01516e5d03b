package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/spf13/cobra"

	"offload"
	"offload/device"
	"offload/device/check"
	"offload/device/sched"
	"offload/sims/plate"
	"offload/sims/solar"
)

// session runs the tasks of a command: on the device of --device or, for auto, where the
// scheduler places them.
type session struct {
	cmd    *cobra.Command
	device device.Device
	sched  *sched.Scheduler
}

// schedule opens a scheduler: offload.Schedule, except in tests.
type schedule func(ctx context.Context, o offload.ScheduleOptions) (*sched.Scheduler, error)

// openSession opens the device or scheduler of --device. It prints notes on stderr for
// options that have no effect.
func openSession(cmd *cobra.Command, open schedule, name string, o device.Options) (*session, error) {
	if name != offload.Auto {
		d, err := openDevice(cmd, name, o)
		return &session{cmd: cmd, device: d}, beforeRun(cmd, err)
	}
	n := &notices{cmd: cmd}
	s, err := open(cmd.Context(), offload.ScheduleOptions{Device: o, Calibrate: true, Placed: n.placed})
	if err != nil {
		return nil, beforeRun(cmd, err)
	}
	n.opened(s, o.Math)
	return &session{cmd: cmd, sched: s}, nil
}

// beforeRun adds to the error of a session that was interrupted while it opened what
// became of the results.
func beforeRun(cmd *cobra.Command, err error) error {
	if err != nil && cmd.Context().Err() != nil {
		return errors.Join(err, errors.New("nothing was written"))
	}
	return err
}

// Close closes the devices. It only prints a note if measured costs cannot be saved. With
// --verbose it first prints how a hybrid device split launches.
func (s *session) Close() error {
	if s.sched != nil {
		if err := s.sched.Save(); err != nil {
			fmt.Fprintln(s.cmd.ErrOrStderr(), "note:", oneLine(err.Error()))
		}
		return s.sched.Close()
	}
	if r, ok := s.device.(interface{ Report() []string }); ok && verbose(s.cmd) {
		for _, line := range r.Report() {
			fmt.Fprintln(s.cmd.ErrOrStderr(), "note:", line)
		}
	}
	return s.device.Close()
}

// info describes the device. With a scheduler it describes the host, on which any task
// may end up.
func (s *session) info() device.Info {
	if s.sched == nil {
		return s.device.Info()
	}
	states := s.sched.States()
	return states[len(states)-1].Info
}

// perform runs t. With auto, a result that a sound device cannot produce counts as a
// fault of the device, unless it is the CPU.
func perform[T any](ctx context.Context, s *session, t sched.Task[T]) (T, error) {
	if s.sched == nil {
		return t.Run(ctx, s.device)
	}
	run := t.Run
	t.Run = func(ctx context.Context, d device.Device) (T, error) {
		v, err := run(ctx, d)
		if impossible(err) && d.Info().Class != device.CPU {
			err = fmt.Errorf("%w: %w", sched.ErrWrong, err)
		}
		return v, err
	}
	if err := s.sched.Ready(ctx, t.Needs.Kernels...); err != nil { // worth the wait for a long task
		return *new(T), err
	}
	r, err := sched.Do(ctx, s.sched, t)
	var failed *sched.TaskError
	if errors.As(err, &failed) {
		err = failed.Err
	}
	return r.Value, err
}

// impossible reports whether an error suggests a faulty device. Only another device can
// confirm that.
func impossible(err error) bool {
	var broken *check.Broken
	return errors.Is(err, plate.ErrDiverged) || errors.Is(err, solar.ErrDiverged) ||
		errors.Is(err, check.ErrNotFinite) || errors.Is(err, check.ErrChecksum) || errors.As(err, &broken) && broken.Device
}

// notices prints notes about the scheduler on stderr, each once.
type notices struct {
	cmd *cobra.Command

	mu     sync.Mutex
	said   map[string]bool
	states map[string]device.Info
}

// opened prints which devices are unavailable, and notes on the others.
func (n *notices) opened(s *sched.Scheduler, math device.Math) {
	n.states = map[string]device.Info{}
	for _, state := range s.States() {
		n.states[state.Name] = state.Info
		if !state.Usable {
			n.say(missing(n.cmd, state.Name, state.Err))
		}
		for _, note := range state.Info.Notes {
			n.detail(note)
		}
		if math == device.Fast && state.Info.Math == device.Exact {
			n.say(fastIsExact(state.Name))
		}
	}
}

// missing returns the note on a device that is unavailable; with -v it has the reasons.
func missing(cmd *cobra.Command, name string, err error) string {
	if verbose(cmd) {
		return "not on " + oneLine(strings.ReplaceAll(err.Error(), "\n", "; "))
	}
	return "no " + name + " device; run 'offload devices' for the reason"
}

// placed prints where a task runs, and why it failed elsewhere.
func (n *notices) placed(task string, c sched.Choice, failed []sched.Attempt) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if len(failed) > 0 {
		last := failed[len(failed)-1]
		n.say(fmt.Sprintf("auto: %s failed after %.3g s; %s starts again on %s: %s",
			last.Device, last.Took.Seconds(), task, c.Device, oneLine(last.Err.Error())))
		return
	}
	text := "auto: running on " + c.Device
	if info, ok := n.states[c.Device]; ok {
		text += fmt.Sprintf(" (%s, %d workers)", info.Name, info.Workers)
	}
	if r := reasons(c); len(r) > 1 {
		text += ", " + task + ": " + oneLine(strings.Join(r, "; "))
	}
	n.detail(text)
}

// reasons returns the predictions, without those of unavailable devices.
func reasons(c sched.Choice) (parts []string) {
	for _, e := range c.Estimates {
		if !strings.HasPrefix(e.Reason, "out: ") {
			parts = append(parts, e.String())
		}
	}
	return parts
}

// detail prints a note if --verbose is set.
func (n *notices) detail(text string) {
	if verbose(n.cmd) {
		n.say(text)
	}
}

func (n *notices) say(text string) {
	if n.said == nil {
		n.said = map[string]bool{}
	}
	if !n.said[text] {
		n.said[text] = true
		fmt.Fprintln(n.cmd.ErrOrStderr(), "note:", text)
	}
}

func oneLine(text string) string { return strings.Join(strings.Fields(text), " ") }

// deviceFlag adds --device to cmd.
func deviceFlag(cmd *cobra.Command, name *string) {
	cmd.Flags().StringVar(name, "device", offload.Auto, "device: "+strings.Join(offload.Names(), ", ")+"; gpu:1 is the second GPU, hybrid:cpu+software splits launches over the two; mpi, or mpi:cpu, over the ranks of an MPI job")
}

// openDevice opens a device and prints notes about it on stderr.
func openDevice(cmd *cobra.Command, name string, o device.Options) (device.Device, error) {
	open := offload.Open
	if local, ok := ofRanks(name); ok {
		name, open = local, ranksOf(cmd).open
	} else if err := offload.CheckName(name); err != nil {
		return nil, usagef("--device=%s: %w", name, err)
	}
	d, err := open(cmd.Context(), name, o)
	if err != nil {
		return nil, err
	}
	info := d.Info()
	if verbose(cmd) {
		for _, note := range info.Notes {
			fmt.Fprintln(cmd.ErrOrStderr(), "note:", note)
		}
		if name == offload.Auto {
			fmt.Fprintf(cmd.ErrOrStderr(), "note: auto: running on %s (%s, %d workers)\n", info.Backend, info.Name, info.Workers)
		}
	}
	if o.Math == device.Fast && info.Math == device.Exact {
		fmt.Fprintln(cmd.ErrOrStderr(), "note:", fastIsExact(info.Backend))
	}
	return d, nil
}

// fastIsExact returns the note on --math=fast for a device without fast arithmetic.
func fastIsExact(name string) string {
	return name + " has only exact arithmetic; --math=fast has no effect"
}

// precisionOf parses f32 or f64.
func precisionOf(name string) (device.Type, error) {
	for _, t := range []device.Type{device.Float32, device.Float64} {
		if t.String() == name {
			return t, nil
		}
	}
	return 0, usagef("--precision=%s: must be f32 or f64", name)
}

// oneOf returns a usage error if a flag's value is not among the choices.
func oneOf(flag, value string, choices []string) error {
	if slices.Contains(choices, value) {
		return nil
	}
	return usagef("--%s=%s: must be one of %s", flag, value, strings.Join(choices, ", "))
}

// foldersExist returns an error if the folder of a path does not exist, so that commands
// fail before long work.
func foldersExist(paths ...string) error {
	for _, path := range paths {
		if path == "" {
			continue
		}
		if _, err := os.Stat(filepath.Dir(path)); err != nil {
			return err
		}
	}
	return nil
}

// terminal returns the file on which progress is shown.
func terminal() *os.File { return os.Stderr }
