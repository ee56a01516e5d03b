package sched_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"offload/device"
	"offload/device/devicetest"
	"offload/device/hybrid"
	"offload/device/sched"
	"offload/internal/simulated"
	"offload/kernels/gravity"
)

// evenly are the shares of two parts that get half of each launch, however small.
var evenly = []float64{1, 1}

// cores are more of the host's, which a composite has for its home.
var cores = simulated.Model{Name: "cores", Class: device.CPU, Rate: 1e12}

// openSplit opens a device that splits launches over cores and a GPU, by fixed shares or,
// if these are nil, by measured ones.
func openSplit(cores simulated.Model, gpu opener, shares []float64) opener {
	return func(ctx context.Context, o device.Options) (device.Device, error) {
		home, err := simulated.Open(cores)(ctx, o)
		if err != nil {
			return nil, err
		}
		part, err := gpu(ctx, o)
		if err != nil {
			home.Close()
			return nil, err
		}
		d, err := hybrid.Open(ctx, []device.Device{home, part}, hybrid.Options{Kernels: o.Kernels, Shares: shares})
		if err != nil {
			return nil, err
		}
		return d, nil
	}
}

// openLate is openSplit with a GPU whose lives begin once the whole is open: what it does
// while it is probed does not count.
func openLate(lives [][]devicetest.Fault, shares []float64) opener {
	armed := new(atomic.Bool)
	for i, life := range lives {
		lives[i] = slices.Clone(life)
		for j := range life {
			lives[i][j].Armed = armed
		}
	}
	open := openSplit(cores, devicetest.FaultyOpen(simulated.Open(fastGPU), lives...), shares)
	return func(ctx context.Context, o device.Options) (device.Device, error) {
		armed.Store(false)
		defer armed.Store(true)
		return open(ctx, o)
	}
}

// TestMatrixOfAComposite is TestMatrix where a fault is in one part of the device that is
// preferred: it continues without the part, or the task runs again on the host.
func TestMatrixOfAComposite(t *testing.T) {
	folder := t.TempDir()
	all := works(t)
	t.Run("measure", func(t *testing.T) { synctest.Test(t, func(t *testing.T) { measureAll(t, folder, all) }) })
	tasks, retried := 0, 0
	for kind, w := range all {
		for i, fault := range matrixFaults() {
			if i%3 == 1 || kind%2 == 1 && i%3 != 0 || testing.Short() && i%12 != 0 {
				continue
			}
			for name, lives := range map[string][][]devicetest.Fault{
				"for good":               {{fault}},
				"again when opened anew": {{fault}, {fault}, {fault}},
			} {
				t.Run(fmt.Sprintf("%s/%v in %v %d/%s", w.name, fault.Kind, fault.On, fault.At, name), func(t *testing.T) {
					synctest.Test(t, func(t *testing.T) {
						n, r := matrixCell(t, folder, w, "hybrid", openLate(lives, evenly), false)
						tasks, retried = tasks+n, retried+r
					})
				})
			}
		}
	}
	t.Logf("%d tasks, all complete; %d of them ran again elsewhere", tasks, retried)
	if retried == 0 {
		t.Error("no task met a fault that the parts could not make good: the matrix tests nothing")
	}
}

// TestWrongPart: a part that computes wrongly is found even where small launches, such as
// those with known answers, are not split.
func TestWrongPart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		folder := t.TempDir()
		measureAll(t, folder, []work{forceWork[float64](t)})
		wrong := devicetest.Fault{Kind: devicetest.BitFlip, On: devicetest.LaunchCall, At: 1}
		for name, shares := range map[string][]float64{"fixed shares": evenly, "measured shares": nil} {
			open := openLate([][]devicetest.Fault{{wrong}}, shares)
			s, err := sched.New(t.Context(), sched.Options{
				Devices: []sched.Candidate{candidate("hybrid", open), candidate("cpu", simulated.Open(slowHost))},
				Pool:    new(goPool), Folder: folder, Recheck: 1,
			})
			if err != nil {
				t.Fatal(err)
			}
			bodies := gravity.Plummer[float64](300, 1)
			got, report, err := force(t.Context(), s, bodies)
			if err != nil || !slices.Equal(got, forceByContract(t, bodies)) {
				t.Errorf("%s: the result is wrong, or %v", name, err)
			}
			if a := report.Attempts[0]; a.Device != "hybrid" || !errors.Is(a.Err, sched.ErrWrong) {
				t.Errorf("%s: the first attempt is %+v, want hybrid left as wrong; %v", name, a, report.Choice)
			}
			if err := s.Close(); err != nil {
				t.Error(err)
			}
		}
	})
}
