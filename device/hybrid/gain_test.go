package hybrid_test

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"offload/device"
	"offload/device/devicetest"
	"offload/internal/simulated"
	"offload/kernels"
)

// model is a device on which a launch of any of the programs takes some milliseconds.
func model(name string, class device.Class, speed float64) simulated.Model {
	rates := map[string]float64{}
	for _, k := range kernels.All() {
		rates[k.Name] = 2e6 * speed
	}
	m := simulated.Model{Name: name, Class: class, Rates: rates,
		Start: 20 * time.Microsecond, Latency: 10 * time.Microsecond, Bandwidth: 10e9}
	if class == device.CPU { // whose memory the host reads itself
		m.Latency, m.Bandwidth = 0, 20e9
	}
	return m
}

// middle is the median time of the steps after a program has settled.
func middle(took []time.Duration) time.Duration {
	took = slices.Clone(took[len(took)/2:])
	slices.Sort(took)
	return took[len(took)/2]
}

// TestGain: with two devices of known speeds a split launch takes hardly longer than
// it must, and never longer than the better device alone.
func TestGain(t *testing.T) {
	const steps = 40
	ratios := []float64{1, 1.5, 2, 3, 4}
	if testing.Short() {
		ratios = []float64{4}
	}
	for _, p := range programs(192) {
		for _, ratio := range ratios {
			for _, first := range []string{"cpu", "gpu"} {
				virtually(t, fmt.Sprintf("%s/1 to %g, %s faster", p.name, ratio, first), func(t *testing.T) {
					a, b := model("cpu", device.CPU, 1), model("gpu", device.GPU, 1)
					if first == "cpu" {
						a = model("cpu", device.CPU, ratio)
					} else {
						b = model("gpu", device.GPU, ratio)
					}
					ta, want := alone(t, a, p, steps)
					tb, _ := alone(t, b, p, steps)
					got, result, report := splitOver(t, p, steps, a, b)
					ideal := 1 / (1/ta.Seconds() + 1/tb.Seconds())
					t.Logf("alone %v and %v, ideal %.4g ms, split %v = %.3f of the ideal", ta, tb, ideal*1e3, middle(got), middle(got).Seconds()/ideal)
					if middle(got).Seconds() > 1.05*ideal {
						t.Errorf("%v is more than 1.05 times the ideal %.4g ms; %v", middle(got), ideal*1e3, report)
					}
					if middle(got).Seconds() > 1.02*min(ta, tb).Seconds() {
						t.Errorf("%v is more than 1.02 times the better device alone, %v", middle(got), min(ta, tb))
					}
					if !strings.Contains(report, ": split, simulated") {
						t.Errorf("the report does not say how it is split: %s", report)
					}
					if !bytes.Equal(result.Bytes(), want.Bytes()) {
						t.Error("the split result differs from that of one device")
					}
				})
			}
		}
	}
}

// TestNoGain: where splitting does not pay, the better device computes alone, and the
// report states it.
func TestNoGain(t *testing.T) {
	slowBus := model("gpu", device.GPU, 1)
	slowBus.Bandwidth, slowBus.Latency = 3e5, time.Millisecond
	slowStart := model("gpu", device.GPU, 1)
	slowStart.Start = 50 * time.Millisecond
	for _, c := range []struct {
		name string
		gpu  simulated.Model
	}{
		{"a slow bus", slowBus},
		{"a slow start", slowStart},
		{"a device much slower", model("gpu", device.GPU, 0.05)},
		{"a device much faster", model("gpu", device.GPU, 30)},
	} {
		if testing.Short() && c.name != "a slow start" {
			continue
		}
		for _, p := range programs(192) {
			if c.name == "a slow bus" && p.name == "force" {
				continue // its data stay where they are, so that it does pay
			}
			virtually(t, c.name+"/"+p.name, func(t *testing.T) {
				cpu := model("cpu", device.CPU, 1)
				ta, want := alone(t, cpu, p, 40)
				tb, _ := alone(t, c.gpu, p, 40)
				got, result, report := splitOver(t, p, 40, cpu, c.gpu)
				t.Logf("alone %v and %v, split %v; %v", ta, tb, middle(got), report)
				if middle(got).Seconds() > 1.02*min(ta, tb).Seconds() {
					t.Errorf("%v is more than 1.02 times the better device alone, %v", middle(got), min(ta, tb))
				}
				if !strings.Contains(report, "splitting does not pay") {
					t.Errorf("the report does not say that it does not pay: %s", report)
				}
				if !bytes.Equal(result.Bytes(), want.Bytes()) {
					t.Error("the result differs from that of one device")
				}
			})
		}
	}
}

// alone is the time of a step on one device, and the result.
func alone(t *testing.T, m simulated.Model, p program, steps int) (time.Duration, device.Slice) {
	t.Helper()
	d, err := simulated.Open(m)(context.Background(), device.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	took, result, err := times(d, p, steps)
	if err != nil {
		t.Fatal(err)
	}
	return middle(took), result
}

// splitOver is the time of each step on several devices, the result and the report.
func splitOver(t *testing.T, p program, steps int, models ...simulated.Model) ([]time.Duration, device.Slice, string) {
	t.Helper()
	var parts []devicetest.Open
	for _, m := range models {
		parts = append(parts, simulated.Open(m))
	}
	d, err := join(context.Background(), device.Options{}, nil, parts...)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	took, result, err := times(d, p, steps)
	if err != nil {
		t.Fatal(err)
	}
	return took, result, strings.Join(d.(interface{ Report() []string }).Report(), "\n")
}
