// Package trace records what devices do and writes it as Chrome trace events, a
// JSON file that https://ui.perfetto.dev and chrome://tracing open.
//
// A Recorder in device.Options.Recorder gets the events of the devices opened with
// it. In the file every device is a process: its queue is one track, with uploads,
// launches and read-backs, and each worker another one, with its tiles. Decisions
// of a scheduler are instants on a track of their own.
//
// A launch on a device with memory of its own ends when its commands are handed
// over; the hardware's time shows in the wait or read-back that follows.
package trace
