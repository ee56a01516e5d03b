package simulated_test

import (
	"testing"
	"time"

	"offload/internal/simulated"
)

// TestNetwork compares the times of a network with closed forms, in µs.
func TestNetwork(t *testing.T) {
	n := simulated.Network{Latency: 10 * time.Microsecond, Bandwidth: 1e9} // 1 µs for 1 000 bytes
	free := simulated.Network{Latency: 10 * time.Microsecond}
	for _, c := range []struct {
		name string
		got  time.Duration
		want int
	}{
		{"message of nothing", n.Message(0), 10},
		{"message of 5 kB", n.Message(5e3), 15},
		{"message without limit of the bandwidth", free.Message(5e3), 10},
		{"halo of a node alone", n.Halo(0, 1, 5e3), 0},
		{"halo from one neighbour", n.Halo(1, 1, 5e3), 15},
		{"halo from two neighbours", n.Halo(2, 1, 5e3), 20},
		{"halo in three messages", n.Halo(2, 3, 5e3), 40},
		{"tree of one node", n.Tree(1, 8e3), 0},
		{"tree of two nodes", n.Tree(2, 8e3), 10 + 4},
		{"tree of five nodes", n.Tree(5, 10e3), 30 + 8},
		{"tree of eight nodes", n.Tree(8, 8e3), 30 + 7},
		{"ring of one node", n.Ring(1, 8e3), 0},
		{"ring of two nodes", n.Ring(2, 8e3), 10 + 4},
		{"ring of eight nodes", n.Ring(8, 8e3), 70 + 7},
		{"broadcast in one node", n.Broadcast(1, 8e3), 0},
		{"broadcast to eight nodes", n.Broadcast(8, 8e3), 3 * 18},
		{"broadcast to nine nodes", n.Broadcast(9, 8e3), 4 * 18},
	} {
		if want := time.Duration(c.want) * time.Microsecond; c.got != want {
			t.Errorf("%s takes %v, want %v", c.name, c.got, want)
		}
	}
}
