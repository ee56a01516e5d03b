// Package sched decides on which device a task runs, and runs it again elsewhere
// when that device fails.
//
// A Task names the kernels that it needs, how much work it will give them and how
// much data it moves. A Scheduler predicts from measured cost when each of its
// candidates would be done, hands the task to the earliest, and returns a future.
// A device that is lost, out of memory, silent or wrong costs time and no result:
// the task starts again on the next one, and at last on the host, whose pool of
// workers is never taken out. In exact arithmetic every device gives the same bits,
// so that nobody can tell from a result where it came from; its Report says it.
//
// The package stands above the backends and knows none: whoever makes a Scheduler
// hands it devices, or functions that open them.
package sched
