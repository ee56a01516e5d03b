// Package host is what devices that compute in the host's memory have in
// common: buffers, the in-order queue, and the rules for errors. What is left to
// such a device is to execute one launch; see Executor.
package host
