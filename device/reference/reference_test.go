package reference_test

import (
	"testing"

	"offload/device/devicetest"
	"offload/device/reference"
	"offload/kernels"
)

func TestCompliance(t *testing.T) { devicetest.Run(t, reference.Open, kernels.All()...) }

func BenchmarkDevice(b *testing.B) { devicetest.Bench(b, reference.Open, kernels.All()...) }
