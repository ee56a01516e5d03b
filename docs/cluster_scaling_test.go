package docs_test

import (
	"bytes"
	"fmt"
	"os"
	"strings"
	"testing"

	"offload/internal/scaling"
	"offload/internal/simulated"
)

// The tables and figures in cluster_scaling.md are what the model predicts.
func TestScalingFigures(t *testing.T) {
	text, err := os.ReadFile("cluster_scaling.md")
	if err != nil {
		t.Fatal(err)
	}
	runs := scaling.Runs()
	for _, want := range []string{
		scaling.Efficiencies(scaling.InfiniBand, runs), scaling.Parts(scaling.InfiniBand, runs),
		scaling.Efficiencies(scaling.TCP, runs), scaling.Parts(scaling.TCP, runs), scaling.Best(),
	} {
		if !strings.Contains(string(text), "\n\n"+want+"\n") {
			t.Errorf("the document has not this table:\n%s", want)
		}
	}
	network := func(n simulated.Network) string {
		return fmt.Sprintf("| %.1f µs | %.4v GB/s |", n.Latency.Seconds()*1e6, n.Bandwidth/1e9)
	}
	one := scaling.On(scaling.InfiniBand, 1)
	fast, slow := scaling.On(scaling.InfiniBand, scaling.Most), scaling.On(scaling.TCP, scaling.Most)
	square, tall := scaling.Jacobi{Side: 8192, Sweeps: 32}, scaling.Jacobi{Side: 8192, Sweeps: 32, Tall: true}
	total := tall
	total.Total = true
	again := square.Step(fast)
	edges := 2. * 8 * 8192 * 64 // bytes of the halo of a sweep
	ms := func(n simulated.Network, bytes float64) float64 { return 1e3 * bytes / n.Bandwidth }
	bodies := 65536. * 64 * 32
	messages := func(n simulated.Network) float64 { return 4095 * n.Latency.Seconds() * 1e3 }
	words := strings.Join(strings.Fields(string(text)), " ")
	for _, want := range []string{
		network(scaling.InfiniBand), network(scaling.TCP),
		fmt.Sprintf("has %d cores", scaling.Large.Cores), fmt.Sprintf("moves %.0f GB/s", scaling.Large.Memory/1e9),
		fmt.Sprintf("A sweep needs %.1f MB of halo", edges/1e6),
		fmt.Sprintf("%.0f %% of the work is done again", 100*float64(again.Again)/float64(again.Work)),
		fmt.Sprintf("each %.2f ms (InfiniBand) or %.1f ms (TCP), where the cores need %.2f ms",
			ms(scaling.InfiniBand, edges), ms(scaling.TCP, edges), square.Step(one).Work.Seconds()*1e3/32),
		fmt.Sprintf("%.0f MB on 4096 nodes, %.1f ms on InfiniBand and %.0f ms on TCP", 8192.*4096*16/1e6,
			tall.Step(fast).Gather.Seconds()*1e3, tall.Step(slow).Gather.Seconds()*1e3),
		fmt.Sprintf("%.0f %% would remain on InfiniBand and %.0f %% on TCP", 100*scaling.Efficiency(total, fast), 100*scaling.Efficiency(total, slow)),
		fmt.Sprintf("has %.2f ms of work in a cycle", scaling.Multigrid{Side: 4096}.Step(one).Work.Seconds()*1e3),
		fmt.Sprintf("the finest level is %.0f MB, which take %.2f ms", 2.*42*4096*64/1e6, ms(scaling.InfiniBand, 2*42*4096*64)),
		fmt.Sprintf("bodies are %.0f MB. The bytes take %.1f ms, and 4095 messages one after the other %.1f ms more; on TCP %.0f ms and %.0f ms",
			bodies/1e6, ms(scaling.InfiniBand, bodies), messages(scaling.InfiniBand), ms(scaling.TCP, bodies), messages(scaling.TCP)),
	} {
		if !strings.Contains(words, want) {
			t.Errorf("the document does not say: %s", want)
		}
	}
}

// The picture in cluster_scaling.md shows what the model predicts. OFFLOAD_UPDATE=1 draws it anew.
func TestScalingPicture(t *testing.T) {
	const path = "cluster_scaling.svg"
	var drawn bytes.Buffer
	if err := scaling.Draw(&drawn, scaling.InfiniBand, scaling.TCP); err != nil {
		t.Fatal(err)
	}
	if os.Getenv("OFFLOAD_UPDATE") != "" {
		if err := os.WriteFile(path, drawn.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	kept, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(drawn.Bytes(), kept) {
		t.Errorf("%s is not what the model predicts", path)
	}
}
