//go:build !linux

package fake

// threadID does not tell threads apart here.
func threadID() int { return 0 }
