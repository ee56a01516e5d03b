package bench

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"time"

	"gonum.org/v1/gonum/stat"

	"offload/device"
)

// Result is the measurement of a case. Times are in seconds.
type Result struct {
	Kernel           string  `json:"kernel"`
	Device           string  `json:"device"`
	DeviceName       string  `json:"device_name"`
	Class            string  `json:"class"`
	Variant          string  `json:"variant,omitempty"`
	Precision        string  `json:"precision"`
	Math             string  `json:"math"`
	Exact            bool    `json:"exact"` // the kernel is exact on the device
	N                int     `json:"n"`
	Sweeps           int     `json:"sweeps"` // 0 for kernels without sweeps
	Seed             uint64  `json:"seed"`
	Workers          int     `json:"workers"`
	Count            int     `json:"count"`
	SecondsMedian    float64 `json:"seconds_median"`
	SecondsMin       float64 `json:"seconds_min"`
	SecondsFirst     float64 `json:"seconds_first"`               // the cold launch, which does not count
	SecondsPredicted float64 `json:"seconds_predicted,omitempty"` // of a launch, if a scheduler chose the device
	SecondsKernel    float64 `json:"seconds_kernel,omitempty"`    // mean by the device's timers, if it has any
	SecondsUpload    float64 `json:"seconds_upload"`
	SecondsDownload  float64 `json:"seconds_download"`
	BytesUpload      int64   `json:"bytes_upload"`
	BytesDownload    int64   `json:"bytes_download"`
	Rate             float64 `json:"rate"` // at the median
	RateUnit         string  `json:"rate_unit"`
	GFlops           float64 `json:"gflops"`
	OpsPerByte       float64 `json:"ops_per_byte"`              // of the least that a launch must read and write
	CeilingRate      float64 `json:"ceiling_rate,omitempty"`    // in RateUnit; absent if not measured: see Ceilings
	CeilingKind      string  `json:"ceiling_kind,omitempty"`    // loop, and its instruction set
	CeilingPercent   float64 `json:"ceiling_percent,omitempty"` // Rate as a percentage of it
	Digest           string  `json:"digest"`                    // SHA-256 of the output, little-endian

	Samples []float64 `json:"-"` // seconds of each counted launch

	opsPerItem float64
	roof       float64 // limit of the cores in RateUnit, without that of memory; 0 if not measured
}

// Run measures c on d with count launches after a cold one. It calls step after each
// launch.
func Run(ctx context.Context, d device.Device, c Case, count int, step func()) (Result, error) {
	info := d.Info()
	if !onPlate(c.Kernel) {
		c.Sweeps = 0
	}
	if err := c.check(info); err != nil {
		return Result{}, err
	}
	call := c.call()
	r := Result{
		Kernel: c.Kernel, Precision: c.Precision.String(), N: c.N, Sweeps: c.Sweeps, Seed: c.Seed,
		Device: info.Backend, DeviceName: info.Name, Class: string(info.Class), Variant: info.Variant,
		Math: string(info.Math), Exact: info.IsExact(call.Kernel.Name), Workers: info.Workers, Count: count,
		RateUnit: call.Kernel.Unit + "/s",
	}
	l, free, err := r.upload(ctx, d, call)
	defer free()
	if err != nil {
		return r, err
	}
	if err := r.launches(ctx, d, l, count, step); err != nil {
		return r, err
	}
	return r, r.download(ctx, l, call)
}

// upload binds the call to new buffers and times the transfer of its inputs.
func (r *Result) upload(ctx context.Context, d device.Device, c *device.Call) (l *device.Launch, free func(), err error) {
	l = &device.Launch{Kernel: c.Kernel, Rows: c.Rows, Args: make([]device.Arg, len(c.Args))}
	var buffers []device.Buffer
	free = func() {
		for _, b := range buffers {
			b.Free()
		}
	}
	for i, a := range c.Args {
		if l.Args[i] = a.Value; a.Width == 0 {
			continue
		}
		if j := sameData(c.Args[:i], a); j >= 0 {
			l.Args[i] = l.Args[j]
			continue
		}
		b, err := d.Alloc(a.Data.Type(), a.Data.Len())
		if err != nil {
			return nil, free, err
		}
		buffers = append(buffers, b)
		l.Args[i] = device.Mat(b, a.Width)
		if c.Kernel.Params[i].Access == device.WriteRows {
			continue
		}
		start := time.Now()
		if err := b.Write(ctx, 0, a.Data); err != nil {
			return nil, free, err
		}
		if err := d.Sync(ctx); err != nil {
			return nil, free, err
		}
		r.SecondsUpload += time.Since(start).Seconds()
		r.BytesUpload += int64(len(a.Data.Bytes()))
	}
	return l, free, nil
}

// sameData returns the index of an earlier argument with the same slice, or -1.
func sameData(earlier []device.HostArg, a device.HostArg) int {
	return slices.IndexFunc(earlier, func(e device.HostArg) bool { return e.Width > 0 && e.Data == a.Data })
}

// launches times a cold launch and count warm ones.
func (r *Result) launches(ctx context.Context, d device.Device, l *device.Launch, count int, step func()) error {
	var before device.Counters
	for i := -1; i < count; i++ {
		if i == 0 {
			before = d.Counters()
		}
		start := time.Now()
		if err := d.Launch(ctx, l); err != nil {
			return err
		}
		if err := l.Wait(ctx); err != nil {
			return err
		}
		seconds := time.Since(start).Seconds()
		if i < 0 {
			r.SecondsFirst = seconds
		} else {
			r.Samples = append(r.Samples, seconds)
		}
		step()
	}
	r.SecondsKernel = (d.Counters().KernelTime - before.KernelTime).Seconds() / float64(count)
	r.SecondsMin, r.SecondsMedian = slices.Min(r.Samples), median(r.Samples)
	cost := device.CostOf(l)
	r.Rate = cost.Items / r.SecondsMedian
	r.GFlops = cost.Ops / r.SecondsMedian / 1e9
	r.OpsPerByte, r.opsPerItem = cost.Ops/cost.Bytes, cost.Ops/cost.Items
	return nil
}

// median returns the middle sample, or the mean of the two in the middle.
func median(samples []float64) float64 {
	sorted := slices.Sorted(slices.Values(samples))
	n := len(sorted)
	return stat.Mean(sorted[(n-1)/2:n/2+1], nil)
}

// download times the transfer of the first output, the kernel's result, and computes
// its digest.
func (r *Result) download(ctx context.Context, l *device.Launch, c *device.Call) error {
	i := slices.IndexFunc(c.Kernel.Params, func(p device.Param) bool { return p.Access.Writes() })
	data := c.Args[i].Data
	start := time.Now()
	if err := l.Args[i].Buffer.Read(ctx, 0, data); err != nil {
		return err
	}
	r.SecondsDownload = time.Since(start).Seconds()
	r.BytesDownload = int64(len(data.Bytes()))
	r.Digest = Digest(data)
	return nil
}

// Digest returns the SHA-256 of the elements as little-endian bytes.
func Digest(s device.Slice) string {
	h := sha256.New()
	size := s.Type().Size()
	for b := s.Bytes(); len(b) > 0; b = b[min(len(b), 1<<16):] {
		h.Write(device.LittleEndian(b[:min(len(b), 1<<16)], size))
	}
	return hex.EncodeToString(h.Sum(nil))
}
