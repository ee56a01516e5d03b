//go:build !amd64 || purego

package leapfrog

// Forms returns no form: this build has none with vectors.
func Forms() []Form { return nil }
