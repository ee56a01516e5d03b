package reference_test

import (
	"testing"

	"offload/device/devicetest"
	"offload/device/reference"
)

func TestCompliance(t *testing.T) { devicetest.Run(t, reference.Open) }

func BenchmarkDevice(b *testing.B) { devicetest.Bench(b, reference.Open) }
