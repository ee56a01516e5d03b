package devicetest

import (
	"testing"

	"offload/device"
)

// testCustom: kernels built outside the module run like its own, also those with
// host code in phases.
func (s suite) testCustom(t *testing.T) {
	d := s.device(t)
	for _, n := range sizes() {
		x := ramp[float32](n)
		calls := []*device.Call{
			axpyCall[float32](axpy[float32](), device.Range{Hi: n}),
			axpyCall[float32](heavy(axpy[float32](), 1e5), device.Range{Lo: n / 4, Hi: n}),
			{Kernel: smooth(), Rows: device.Range{Hi: n}, Args: []device.HostArg{
				device.HostVec(x), device.HostVec(make([]float32, n))}},
			{Kernel: heavy(smooth(), 1e5), Rows: device.Range{Lo: n / 2, Hi: n}, Args: []device.HostArg{
				device.HostVec(x), device.HostVec(make([]float32, n))}},
			{Kernel: count[uint32](), Rows: device.Range{Hi: n}, Args: []device.HostArg{
				device.HostVal(uint32(3)), device.HostMat(make([]uint32, 5*n), 5)}},
			{Kernel: prefix(), Rows: device.Range{Hi: n}, Args: []device.HostArg{
				device.HostVec(ramp[int32](n)), device.HostVec(make([]int32, n))}},
		}
		if has(d.Info().Precisions, device.Float64) {
			calls = append(calls, axpyCall[float64](axpy[float64](), device.Range{Lo: n / 4, Hi: n}))
		}
		for _, c := range calls {
			if err := compareGuarded(d, c); err != nil {
				t.Fatalf("n = %d: %v", n, err)
			}
		}
	}
}

func axpyCall[T device.Float](k *device.Kernel, r device.Range) *device.Call {
	return &device.Call{Kernel: k, Rows: r, Args: []device.HostArg{
		device.HostVal(T(0.1)), device.HostVec(ramp[T](r.Hi)), device.HostVec(ramp[T](r.Hi))}}
}

// prefix writes to each row the sum of all rows up to it. Its host code has two
// phases: the sums of blocks, in shared scratch, then the rows of each block.
func prefix() *device.Kernel {
	const block = 16
	blocks := func(l *device.Launch) int { return (l.Rows.Len() + block - 1) / block }
	sum := func(x []int32, r device.Range) (s int32) {
		for i := r.Lo; i < r.Hi; i++ {
			s += x[i]
		}
		return s
	}
	return &device.Kernel{
		Name: "prefix",
		Params: []device.Param{
			{Name: "x", Type: device.Int32, Access: device.ReadAll},
			{Name: "y", Type: device.Int32, Access: device.WriteRows},
		},
		Contract: func(t *device.Tile) {
			x, y := device.View[int32](t, 0), device.View[int32](t, 1)
			s := sum(x, device.Range{Hi: t.Rows.Lo})
			for i := t.Rows.Lo; i < t.Rows.Hi; i++ {
				s += x[i]
				y[i] = s
			}
		},
		Shader: prefixShader(),
		Host: []device.HostCode{{
			Name: "go",
			Plan: func(l *device.Launch, workers int, p *device.Plan) {
				p.Tasks = append(p.Tasks, blocks(l), blocks(l))
				p.Shared = 4 * blocks(l)
				p.Local = 4 * block
			},
			Run: func(t *device.Tile) {
				x, y, sums := device.View[int32](t, 0), device.View[int32](t, 1), device.Shared[int32](t)
				lo := t.Launch.Rows.Lo + t.Task*block
				r := device.Range{Lo: lo, Hi: min(lo+block, t.Launch.Rows.Hi)}
				if t.Phase == 0 {
					sums[t.Task] = sum(x, r)
					return
				}
				s := sum(x, device.Range{Hi: t.Launch.Rows.Lo}) + sum(sums, device.Range{Hi: t.Task})
				rows := device.Local[int32](t)[:r.Len()]
				for i := range rows {
					s += x[r.Lo+i]
					rows[i] = s
				}
				copy(y[r.Lo:r.Hi], rows)
			},
		}},
	}
}
