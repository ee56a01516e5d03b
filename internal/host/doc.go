// Package host is what devices that compute in the host's memory have in
// common, on top of package inorder. What is left to such a device is to execute
// one launch; see Executor.
package host
