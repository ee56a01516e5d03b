package gl

import (
	"context"
	"errors"
	"testing"

	"offload/device"
)

func TestOpenSaysWhyThereIsNone(t *testing.T) {
	for _, class := range []device.Class{device.GPU, device.Software} {
		d, err := Open(context.Background(), class, device.Options{})
		if d != nil || !errors.Is(err, device.ErrUnavailable) {
			t.Errorf("Open(%s) = %v, %v; want ErrUnavailable", class, d, err)
		}
	}
}
