// Package simulated has devices that compute by contract on the host and take
// the time of a model: start-up, latency, bandwidth, a rate for each kernel. They
// sleep for that time, so that in a bubble of testing/synctest, where time is
// virtual, tests of choices and of splitting are deterministic and take no time.
// Only tests import it.
package simulated
