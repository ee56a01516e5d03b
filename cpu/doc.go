// Package cpu computes on the host's cores: a Pool of workers for Go functions,
// with futures, a parallel map and loops, its Serial twin for debugging, and a
// device.Device that runs kernels on the pool.
//
// A pool has one worker for each CPU that the process may use, unless told
// otherwise; since Go 1.25 that respects CPU affinity and the quota of a control
// group. Whoever waits lends its own goroutine: a loop's caller works on it with
// at most Workers−1 others, and a goroutine that waits for a future that nobody
// has begun computes it. So tasks may wait for tasks to any depth, with one
// worker too, without deadlock.
package cpu
