// Package cpu computes on the host's cores: a Pool of workers for Go functions,
// with futures, a parallel map and loops, its Serial twin for debugging, and a
// device.Device that runs kernels on the pool.
//
// A pool has one worker for each CPU that the process may use, unless told
// otherwise; since Go 1.25 that respects CPU affinity and the quota of a control
// group.
//
// What runs at the same time on a pool, tasks, maps, loops and launches together,
// takes up one of its places, of which there are as many as workers. Work that waits
// lends its place: for a future, a map, a loop, a launch, or room on the to-do list.
// So tasks may wait for tasks to any depth, with one worker too, without deadlock.
// Two rules follow for tasks:
//
//   - They pass the context that they were given, since that is how a wait finds the
//     place to lend. A wait of the task's own goroutine with another context lends it
//     too, but takes longer. Goroutines that a task starts are not counted.
//   - A wait that its context ends goes on at once, even if other work has the place
//     by then. Nothing new begins until there is a place for it.
package cpu
