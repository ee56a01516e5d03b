//go:build !amd64 || purego

package wh

// vectors returns no form: this build has none with vectors.
func vectors() []*Form { return nil }
