//go:build !gl || !glfw || !cgo || darwin

package window

import "testing"

func TestOpenSaysThatThereAreNoWindows(t *testing.T) {
	if c, err := Open(); c != nil || err == nil {
		t.Errorf("Open = %v, %v; want an error", c, err)
	}
}
