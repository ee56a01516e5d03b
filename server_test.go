package offload_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"offload"
	"offload/cpu"
	"offload/device"
	"offload/device/devicetest"
	"offload/device/sched"
	"offload/kernels/gravity"
)

// TestServer simulates a server whose requests have deadlines: goroutines solve force
// problems of 10 to 3 000 bodies with one scheduler, each within 20 ms to 1 s. Every
// request ends with the right bits or its own deadline, and no goroutine is left.
//
// OFFLOAD_SERVER=1000 sets the number of requests of each of 50 goroutines; then none may
// be more than 10 ms late, which needs an otherwise idle machine. OFFLOAD_SERVER_DEVICES
// names candidates besides the host, such as software.
func TestServer(t *testing.T) {
	devicetest.NoLeak(t)
	requests, strict := 10, false
	if s := os.Getenv("OFFLOAD_SERVER"); s != "" {
		var err error
		if requests, err = strconv.Atoi(s); err != nil {
			t.Fatal(err)
		}
		strict = true
	}
	o := offload.ScheduleOptions{Names: []string{"reference"}, Calibrate: true, Costs: t.TempDir()}
	if names := os.Getenv("OFFLOAD_SERVER_DEVICES"); names != "" {
		o.Names = strings.Split(names, ",")
	} else if strict {
		o.Names = []string{}
	}
	s, err := offload.Schedule(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	problems := serverProblems(t)
	var mu sync.Mutex
	var latencies, lateness []time.Duration
	missed := 0
	devices := map[string]int{}
	var all sync.WaitGroup
	for g := range 50 {
		all.Go(func() {
			r := rand.New(rand.NewPCG(uint64(g), 3))
			for range requests {
				p := problems[r.IntN(len(problems))]
				allowed := 20*time.Millisecond + time.Duration(r.Int64N(int64(980*time.Millisecond)))
				start := time.Now()
				ctx, cancel := context.WithTimeout(t.Context(), allowed)
				got := make([]float64, len(p.want))
				var report sched.Report
				call, err := gravity.ForceCall(p.bodies, got, 0.01)
				if err == nil {
					report, err = sched.Run(ctx, s, call)
				}
				took := time.Since(start)
				cancel()
				mu.Lock()
				latencies = append(latencies, took)
				lateness = append(lateness, max(0, took-allowed))
				devices[report.Device()]++
				switch {
				case errors.Is(err, context.DeadlineExceeded) && took >= allowed:
					missed++
				case err != nil:
					t.Errorf("%v after %v of %v", err, took, allowed)
				case !slices.Equal(got, p.want):
					t.Errorf("wrong bits from %s", report.Device())
				}
				mu.Unlock()
			}
		})
	}
	start := time.Now()
	all.Wait()
	took := time.Since(start)
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	slices.Sort(latencies)
	slices.Sort(lateness)
	p99 := func(d []time.Duration) time.Duration { return d[len(d)*99/100] }
	t.Logf("%d requests in %v on %v: latency median %v, p99 %v, most %v; %d missed their deadlines, by p99 %v, most %v",
		len(latencies), took, devices, latencies[len(latencies)/2], p99(latencies), latencies[len(latencies)-1],
		missed, p99(lateness), lateness[len(lateness)-1])
	if latest := lateness[len(lateness)-1]; strict && latest > 10*time.Millisecond || latest > 5*time.Second {
		t.Errorf("a request was %v late", latest)
	}
}

type serverProblem struct{ bodies, want []float64 }

// serverProblems are force problems and their results.
func serverProblems(t *testing.T) (problems []serverProblem) {
	d, err := cpu.Open(t.Context(), device.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	for _, n := range []int{10, 33, 100, 250, 500, 777, 1000, 1500, 2000, 2500, 3000} {
		p := serverProblem{bodies: gravity.Plummer[float64](n, uint64(n)), want: make([]float64, n*gravity.AccelWidth)}
		call, err := gravity.ForceCall(p.bodies, p.want, 0.01)
		if err == nil {
			err = call.Run(t.Context(), d)
		}
		if err != nil {
			t.Fatal(err)
		}
		problems = append(problems, p)
	}
	return problems
}
