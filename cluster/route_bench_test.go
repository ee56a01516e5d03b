package cluster

import (
	"context"
	"fmt"
	"testing"

	"offload/device"
	"offload/internal/ranges"
	"offload/kernels/gravity"
	"offload/kernels/grid"
)

// BenchmarkRoute measures how long one of many ranks takes to find the messages of a launch whose rows each rank has a
// band of.
func BenchmarkRoute(b *testing.B) {
	for _, ranks := range []int{16, 64, 256, 1024, 4096} {
		b.Run(fmt.Sprintf("halo/%d", ranks), func(b *testing.B) {
			m := matrix(128*ranks, 512)
			route(b, ranks, grid.NewLaplacian(m, m, matrix(128*ranks, grid.ResidualWidth), 8, 0.25, 0.25), 0)
		})
		if ranks > 1024 {
			continue
		}
		b.Run(fmt.Sprintf("force/%d", ranks), func(b *testing.B) {
			m := matrix(1024*ranks, gravity.BodyWidth)
			route(b, ranks, gravity.NewForce(m, m, matrix(1024*ranks, 3), 0.01, 0), 1)
		})
	}
}

// matrix returns an argument without data.
func matrix(rows, width int) device.Arg {
	return device.Arg{Buffer: length(rows * width), Len: rows * width, Width: width}
}

// length is a buffer without data.
type length int

func (n length) Type() device.Type                              { return device.Float64 }
func (n length) Len() int                                       { return int(n) }
func (n length) Free() error                                    { return nil }
func (n length) Wait(context.Context) error                     { return nil }
func (n length) Read(context.Context, int, device.Slice) error  { return nil }
func (n length) Write(context.Context, int, device.Slice) error { return nil }

// route plans l on the rank in the middle, again and again. Argument in is read, and nothing else has elements.
func route(b *testing.B, ranks int, l *device.Launch, in int) {
	s, err := newShares(ranks, nil)
	if err != nil {
		b.Fatal(err)
	}
	e := &engine{size: ranks, rank: ranks / 2, shares: s, launch: l, memory: make([]*memory, len(l.Args))}
	a := l.Args[in]
	for b.Loop() {
		b.StopTimer()
		m := &memory{engine: e, typ: device.Float64, length: a.Len, fresh: make([]ranges.Set, ranks)}
		for rank := range ranks {
			rows := s.rows(rank, a.NumRows())
			m.fresh[rank].Mark(device.Range{Lo: rows.Lo * a.Width, Hi: rows.Hi * a.Width}, true)
		}
		e.memory[in] = m
		b.StartTimer()
		e.route()
	}
}
