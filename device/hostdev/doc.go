// Package hostdev is what devices that compute in the host's memory have in
// common, on top of package queue. What is left to such a device is to execute
// one launch; see Engine.
package hostdev
