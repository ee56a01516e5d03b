package cluster

import (
	"context"
	"fmt"
	"testing"
	"time"

	"offload/cpu"
	"offload/device"
	"offload/device/queue"
	"offload/internal/ranges"
	"offload/kernels/gravity"
	"offload/kernels/grid"
)

func TestZZ(t *testing.T) {
	d, _ := cpu.Open(context.Background(), device.Options{})
	defer d.Close()
	for _, p := range []int{16, 64, 256, 1024} {
		e := &engine{size: p, rank: p / 2, local: d}
		e.shares, _ = newShares(p, nil)
		mk := func(n int) *memory {
			m := &memory{engine: e, typ: device.Float64, fresh: make([]ranges.Set, p)}
			m.local, _ = d.Alloc(device.Float64, n)
			return m
		}
		const w = 4
		rows := 128 * p
		u, out, res := mk(rows*w), mk(rows*w), mk(rows*2)
		l := grid.NewLaplacian(device.Mat(u.local, w), device.Mat(out.local, w), device.Mat(res.local, 2), 8, 0.25, 0.25)
		e.launch, e.memory = l, []*memory{u, out, res, nil, nil, nil}
		best := time.Hour
		for range 3 {
			for r := range p {
				u.fresh[r] = u.fresh[r][:0]
				rr := e.rows(r)
				u.fresh[r].Mark(device.Range{Lo: rr.Lo * w, Hi: rr.Hi * w}, true)
			}
			s := time.Now()
			e.route()
			best = min(best, time.Since(s))
		}
		fmt.Println("jacobi", p, best, len(e.sends), len(e.recvs))
		if p <= 256 {
			n := 256 * p / 4
			b, a := mk(n*4), mk(n*4)
			l := gravity.NewForce(device.Mat(b.local, 4), device.Mat(b.local, 4), device.Mat(a.local, 4), 0.1, 0)
			e.launch, e.memory = l, []*memory{b, b, a, nil, nil}
			for r := range p {
				rr := e.rows(r)
				b.fresh[r].Mark(device.Range{Lo: rr.Lo * 4, Hi: rr.Hi * 4}, true)
			}
			s := time.Now()
			e.route()
			fmt.Println("force", p, time.Since(s), len(e.sends), len(e.recvs))
		}
	}
	_ = queue.Memory(nil)
}
