package scaling

import (
	"math"
	"testing"
	"time"

	"offload/device"
	"offload/internal/simulated"
	"offload/kernels/multigrid"
)

var networks = []simulated.Network{InfiniBand, TCP}

// A node alone does nothing but its work, and is as fast as it can be.
func TestOneNode(t *testing.T) {
	for _, r := range Runs() {
		s := r.Step(On(TCP, 1))
		if s != (Times{Work: s.Work}) || s.Work <= 0 || Efficiency(r, On(TCP, 1)) != 1 {
			t.Errorf("%s: %+v", r.Name, s)
		}
	}
}

// Each node's work is the same, whatever the number of nodes, but for multigrid's coarse grids, which become more.
func TestWork(t *testing.T) {
	for _, r := range Runs() {
		one := r.Step(On(TCP, 1)).Work
		for nodes := 2; nodes <= Most; nodes *= 2 {
			got := r.Step(On(TCP, nodes)).Work
			if d := float64(got-one) / float64(one); math.Abs(d) > 1e-3 && (r.Run != Multigrid{4096} || math.Abs(d) > 0.06) {
				t.Errorf("%s: %v on %d nodes, %v on one", r.Name, got, nodes, one)
			}
		}
	}
}

// The efficiency falls with the number of nodes and with the latency of the network, and grows with its bandwidth. It is
// 1 where the network takes no time and nothing is computed twice.
func TestEfficiency(t *testing.T) {
	for _, r := range Runs() {
		for _, n := range networks {
			last := 1.
			for nodes := 4; nodes <= Most; nodes *= 4 {
				e := Efficiency(r, On(n, nodes))
				slow, wide := n, n
				slow.Latency *= 2
				wide.Bandwidth *= 2
				if !(e > 0 && e < last) {
					t.Errorf("%s, %s: %g on %d nodes after %g", r.Name, n.Name, e, nodes, last)
				}
				if s := Efficiency(r, On(slow, nodes)); !(s < e) {
					t.Errorf("%s, %s: %g on %d nodes, with twice the latency %g", r.Name, n.Name, e, nodes, s)
				}
				if w := Efficiency(r, On(wide, nodes)); !(w > e) {
					t.Errorf("%s, %s: %g on %d nodes, with twice the bandwidth %g", r.Name, n.Name, e, nodes, w)
				}
				last = e
			}
		}
	}
	if e := Efficiency(Jacobi{Side: 8192, Sweeps: 1}, On(simulated.Network{}, Most)); math.Abs(e-1) > 1e-5 {
		t.Errorf("one sweep on a network without cost has the efficiency %g", e)
	}
}

// Closed forms of small cases. A core does a million updates, points or interactions in about as many ns.
func TestClosedForms(t *testing.T) {
	us := func(x float64) time.Duration { return time.Duration(x * 1e3) }
	slow := simulated.Network{Latency: time.Second, Bandwidth: 1e6} // a µs for a byte
	node := Node{Cores: 1, Memory: 1e18}
	sweep := 1 / 5.05e3 // µs of an update
	for _, c := range []struct {
		name  string
		run   Run
		nodes int
		want  Times
	}{
		{"Jacobi: two tall bands, one sweep", Jacobi{Side: 100, Sweeps: 1, Tall: true}, 2, Times{
			Work:   us(1e4 * sweep),
			Halo:   us(1e6 + 800 - 9900*sweep), // while 99 rows are computed
			Gather: us(1e6 + 1600 + 1e6 + 32),
		}},
		{"Jacobi: four bands of 50 rows of 200 points, two sweeps", Jacobi{Side: 100, Sweeps: 2, Total: true}, 4, Times{
			Work:   us(2e4 * sweep),
			Again:  us(3 * 2 * 200 * sweep), // in each of three pieces a row at both ends
			Halo:   us(1e6 + 2*2*1600 - (46*2+2)*200*sweep),
			Gather: us(4*(1e6+16) + 2e6 + 96),
		}},
		{"Jacobi: four bands of 4 rows, in one piece", Jacobi{Side: 8, Sweeps: 2}, 4, Times{
			Work:   us(128 * sweep),
			Again:  us(2 * 16 * sweep),
			Halo:   us(1e6 + 2*2*128),
			Gather: us(2e6 + 3*4*16 + 2e6 + 96),
		}},
		{"Jacobi: four bands of 2 rows, whose halo is in three of them", Jacobi{Side: 4, Sweeps: 5}, 4, Times{
			Work:   us(80 * sweep),
			Again:  us(20 * 8 * sweep),
			Halo:   us(3e6 + 2*5*64),
			Gather: us(2e6 + 3*2*16 + 2e6 + 96),
		}},
		{"force: 200 bodies on four nodes", Force{Bodies: 100}, 4, Times{
			Work:   us(1e4 / 1795.),
			Again:  us(1e4 / 1795. * 47 / 53),
			Gather: us(3e6 + 150*32),
		}},
		{"force: 200 bodies on four nodes, by a tree", Force{Bodies: 100, Tree: true}, 4, Times{
			Work:   us(1e4 / 1795.),
			Again:  us(1e4 / 1795. * 47 / 53),
			Gather: us(2e6 + 150*32),
		}},
		{"multigrid: 512² on four nodes, 128² on each", Multigrid{256}, 4, Times{
			Work:   us((512.*512/4 + 256*256/4 + 129*129*4/3.) / 960),
			Again:  us((3*3*2*512 + 3*2*2*256*4/6. + 3*1*2*256*2/6.) / 960),
			Halo:   us(1e6 + 2*42*512 - 2*512*(64-10+3)/960. + 1e6 + 2*40*256 - 2*256*(32-10+2)/960.*4/6 + 1e6 + 2*14*256 - 2*256*(32-6+1)/960.*2/6),
			Gather: us(2e6 + 256*12 + 2e6 + 96 + 2e6 + 129*129*3 + 2e6 + 96),
		}},
	} {
		got := c.run.Step(Cluster{node, slow, c.nodes})
		for _, part := range []struct {
			name      string
			got, want time.Duration
		}{{"work", got.Work, c.want.Work}, {"again", got.Again, c.want.Again}, {"halo", got.Halo, c.want.Halo}, {"gather", got.Gather, c.want.Gather}} {
			if d := part.got - part.want; max(d, -d) > 50 {
				t.Errorf("%s: %s takes %v, want %v", c.name, part.name, part.got, part.want)
			}
		}
	}
}

// The halos are those of the kernels' launches as package poisson makes them: what a launch on rows in the middle reads
// of matrices without padding, beside these rows, once for each matrix.
func TestHalos(t *testing.T) {
	const n = 1024
	of := func(bytes, width int) device.Arg { return device.Arg{Len: n * width / bytes, Width: width / bytes} }
	in, side, edges, norms := of(8, 8*n), of(4, 8*n), device.Arg{Width: 1}, of(4, 8)
	state, correction := of(4, 4*n), of(4, 2*n)
	for _, c := range []struct {
		name   string
		launch *device.Launch
		sent   float64
	}{
		{"cycle", multigrid.NewCycle(multigrid.Grid[float64]{}, in, correction, in, edges, in, state, norms), cycle.sent},
		{"start", multigrid.NewStart(multigrid.Grid[float32]{}, side, side, edges, state, state, norms), start.sent},
		{"finish", multigrid.NewFinish(multigrid.Grid[float32]{}, state, correction, side, edges, side, norms), finish.sent + 2*8}, // 2 rows of the right side, which have come for start
	} {
		c.launch.Rows = device.Range{Lo: n / 4, Hi: n / 2}
		most := map[device.Arg]int{} // bytes of the halo on one side of each matrix
		for i, p := range c.launch.Kernel.Params {
			if a := c.launch.Args[i]; p.Access == device.ReadRows {
				most[a] = max(most[a], (c.launch.Rows.Lo*a.Width-c.launch.ReadRange(i).Lo)*p.Type.Size())
			}
		}
		got := 0
		for _, bytes := range most {
			got += bytes
		}
		if float64(got) != c.sent*n {
			t.Errorf("%s: the halo on one side is %d bytes, want %g", c.name, got, c.sent*n)
		}
	}
}

// Many sweeps in a launch save passes through memory until the cores are busy.
func TestMemory(t *testing.T) {
	one := On(InfiniBand, 1)
	for _, c := range []struct {
		sweeps int
		want   float64 // G updates a second
	}{{1, 330. / 24}, {8, 330. / 3}, {32, 64 * 5.05}} {
		if got := (Jacobi{Side: 8192, Sweeps: c.sweeps}).Rate(one) / 1e9; math.Abs(got/c.want-1) > 1e-5 {
			t.Errorf("%d sweeps: %g G/s, want %g", c.sweeps, got, c.want)
		}
	}
}
