package scaling

import (
	"fmt"
	"math"
	"strings"
	"time"

	"offload/internal/simulated"
)

// Most is the largest number of nodes of the document.
const Most = 4096

// Named is a run with its name in tables and pictures.
type Named struct {
	Name string
	Run
}

// Runs returns those of the document: Jacobi's method on square and tall plates, multigrid and force.
func Runs() []Named {
	var list []Named
	for _, tall := range []bool{false, true} {
		for _, k := range []int{1, 8, 32} {
			shape := "square"
			if tall {
				shape = "tall"
			}
			list = append(list, Named{fmt.Sprintf("%s, k = %d", shape, k), Jacobi{Side: 8192, Sweeps: k, Tall: tall}})
		}
	}
	return append(list,
		Named{"tall, k = 32, added up", Jacobi{Side: 8192, Sweeps: 32, Tall: true, Total: true}},
		Named{"multigrid", Multigrid{Side: 4096}},
		Named{"force", Force{Bodies: 65536}},
		Named{"force, tree", Force{Bodies: 65536, Tree: true}})
}

// On returns so many large nodes on a network.
func On(n simulated.Network, nodes int) Cluster { return Cluster{Large, n, nodes} }

// Efficiencies returns a table of the efficiency of runs on 1 to Most nodes of n, in percent.
func Efficiencies(n simulated.Network, runs []Named) string {
	head := "| " + n.Name + " | one node |"
	line := "| --- | ---: |"
	for nodes := 4; nodes <= Most; nodes *= 4 {
		head, line = head+fmt.Sprintf(" %d |", nodes), line+" ---: |"
	}
	return table(head, line, len(runs), func(b *strings.Builder, i int) {
		fmt.Fprintf(b, "| %s | %s ms |", runs[i].Name, digits(runs[i].Step(On(n, 1)).Total().Seconds()*1e3))
		for nodes := 4; nodes <= Most; nodes *= 4 {
			fmt.Fprintf(b, " %.0f |", 100*Efficiency(runs[i], On(n, nodes)))
		}
	})
}

// Parts returns a table of the parts of a step on Most nodes of n, in ms.
func Parts(n simulated.Network, runs []Named) string {
	head := fmt.Sprintf("| %s, %d nodes | work | computed again | halo | all-gathers |", n.Name, Most)
	return table(head, "| --- | ---: | ---: | ---: | ---: |", len(runs), func(b *strings.Builder, i int) {
		t := runs[i].Step(On(n, Most))
		fmt.Fprintf(b, "| %s |", runs[i].Name)
		for _, d := range []time.Duration{t.Work, t.Again, t.Halo, t.Gather} {
			fmt.Fprintf(b, " %s |", digits(d.Seconds()*1e3))
		}
	})
}

// Best returns a table of the numbers of sweeps with which Jacobi's method is fastest, and the updates per second of a
// node with them.
func Best() string {
	head, line := "| G updates/s a node, best k |", "| --- |"
	for nodes := 1; nodes <= Most; nodes *= 16 {
		head, line = head+fmt.Sprintf(" %d |", nodes), line+" ---: |"
	}
	cases := []struct {
		tall, total bool
		simulated.Network
	}{
		{false, false, InfiniBand}, {false, true, InfiniBand}, {true, false, InfiniBand}, {true, true, InfiniBand},
		{false, false, TCP}, {false, true, TCP}, {true, false, TCP}, {true, true, TCP},
	}
	return table(head, line, len(cases), func(b *strings.Builder, i int) {
		shape, residual := "square", "by rows"
		if cases[i].tall {
			shape = "tall"
		}
		if cases[i].total {
			residual = "added up"
		}
		fmt.Fprintf(b, "| %s, %s, residuals %s |", cases[i].Name, shape, residual)
		for nodes := 1; nodes <= Most; nodes *= 16 {
			j := Jacobi{Side: 8192, Tall: cases[i].tall, Total: cases[i].total}.best(On(cases[i].Network, nodes))
			fmt.Fprintf(b, " %s (%d) |", digits(j.Rate(On(cases[i].Network, nodes))/1e9), j.Sweeps)
		}
	})
}

// best returns j with the power of two up to 256 as its number of sweeps that has the highest rate, the smallest of those.
func (j Jacobi) best(c Cluster) Jacobi {
	best := j
	best.Sweeps = 1
	for j.Sweeps = 2; j.Sweeps <= 256; j.Sweeps *= 2 {
		if j.Rate(c) > best.Rate(c) {
			best = j
		}
	}
	return best
}

func table(head, line string, rows int, row func(b *strings.Builder, i int)) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n%s\n", head, line)
	for i := range rows {
		row(&b, i)
		b.WriteByte('\n')
	}
	return b.String()
}

// digits writes x with about three digits.
func digits(x float64) string {
	switch {
	case math.Abs(x) < 0.005: // no matter how it was rounded
		return "0"
	case x >= 100:
		return fmt.Sprintf("%.0f", x)
	case x >= 10:
		return fmt.Sprintf("%.1f", x)
	}
	return fmt.Sprintf("%.2f", x)
}
