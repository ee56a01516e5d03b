package fake

import "syscall"

// threadID is the calling thread.
func threadID() int { return syscall.Gettid() }
