package docs_test

import (
	"bytes"
	"os"
	"testing"

	"offload/internal/scaling"
)

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
